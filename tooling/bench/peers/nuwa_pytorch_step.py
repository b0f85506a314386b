"""nuwa-pytorch's own text-to-video model at the size of ours, for timing training steps against it.

Usage: python nuwa_pytorch_step.py job.json
It is another function than ours: its windows end at the query on every axis, it shifts features between tokens, and its
feed-forward is gated. Only the codes reach its decoder, so a stand-in for the tokenizer is enough.
What it prints: see training.py.
"""

import json
import sys
from importlib.metadata import version

import torch
from nuwa_pytorch import NUWA

from training import train


class Tokenizer:
    """What NUWA asks of a tokenizer when it is given codes."""

    def __init__(self, size, codes):
        self.image_size, self.num_layers, self.codebook_size = size, 0, codes

    def copy_for_eval(self):
        return self


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    torch.set_num_threads(job["threads"])
    config = job["config"]
    grid, heads = config["targetGrid"], config["heads"]
    model = NUWA(
        vae=Tokenizer(grid["height"], config["codebookSize"]),
        dim=config["dim"],
        max_video_frames=grid["frames"],
        text_num_tokens=config["textVocabulary"] + 1,
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
    texts = torch.tensor(job["texts"]) + 1  # 0 is its padding
    codes = torch.tensor(job["targets"]).view(job["batch"], grid["frames"], -1)
    loss_of = lambda: model(text=texts, video=codes, return_loss=True)
    train(list(model.parameters()), loss_of, job["optimizer"], f"nuwa-pytorch {version('nuwa-pytorch')}")


if __name__ == "__main__":
    main()
