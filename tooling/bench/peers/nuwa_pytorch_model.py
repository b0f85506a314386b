"""nuwa-pytorch's own text-to-video model at the size of ours."""

from nuwa_pytorch import NUWA


class Tokenizer:
    """What NUWA asks of a tokenizer when it is given codes."""

    def __init__(self, size, codes):
        self.image_size, self.num_layers, self.codebook_size = size, 0, codes

    def copy_for_eval(self):
        return self


def create(config):
    """Only codes reach its decoder, so a stand-in for the tokenizer is enough. Its text encoder runs only when reversible."""
    grid, heads = config["targetGrid"], config["heads"]
    return NUWA(
        vae=Tokenizer(grid["height"], config["codebookSize"]),
        dim=config["dim"],
        max_video_frames=grid["frames"],
        text_num_tokens=config["textVocabulary"] + 1,  # 0 is its padding
        text_max_seq_len=config["textLength"],
        text_enc_depth=config["encoderLayers"],
        text_enc_heads=heads,
        text_enc_dim_head=config["dim"] // heads,
        dec_depth=config["decoderLayers"],
        dec_heads=heads,
        dec_dim_head=config["dim"] // heads,
        sparse_3dna_kernel_size=tuple(config["decoderPattern"]["extent"]),
        enc_reversible=True,
    )
