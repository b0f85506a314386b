"""Writes packages/vqgan/src/fixtures/taming.safetensors: what taming-transformers' VQGAN computes with given weights.

The weights themselves are not stored: each is `shift + scale * u`, with u uniform in [-1, 1) from a hash of the seed,
the place of its name in the sorted names, and the place of the number in the tensor. Names, shapes, shifts and scales
are in the metadata.

Run with PyTorch, numpy, safetensors, einops and taming-transformers-rom1504 0.0.6 (installed with --no-deps: only two
of its modules are used): python tooling/oracle/taming_vqgan.py
"""

import importlib.metadata
import json
from pathlib import Path

import numpy
import safetensors
import torch
from safetensors.torch import save_file
from taming.modules.diffusionmodules.model import Decoder, Encoder
from taming.modules.vqvae.quantize import VectorQuantizer2

SEED = 20
BETA = 0.25
# Channels last, as in TypeScript. `codes`: the largest value in the codebook.
CASES = {
    "f2": {
        "config": {
            "resolution": 32,
            "channels": 32,
            "multipliers": [1, 2],
            "blocks": 2,
            "attentionResolutions": [16],
            "latentDim": 6,
            "embeddingDim": 4,
            "codebookSize": 24,
        },
        "pixels": [1, 32, 32, 3],
        "codes": 2.0,
        "gradients": [1, 8, 16, 3],  # pixels of the step whose gradients are taken
    },
    "f16": {
        "config": {
            "resolution": 64,
            "inChannels": 2,
            "outChannels": 5,
            "channels": 32,
            "multipliers": [1, 1, 2, 2, 3],
            "blocks": 1,
            "attentionResolutions": [16, 4],
            "latentDim": 8,
            "embeddingDim": 8,
            "codebookSize": 64,
        },
        "pixels": [2, 32, 64, 2],
        "codes": 1.0,
    },
}


def uniform(stream, count):
    """float32 in [-1, 1): 24 bits of a hash of 32 bits (the finalizer of MurmurHash3) of a counter."""
    word = numpy.arange(count, dtype=numpy.uint32) + numpy.uint32((SEED * 1000 + stream) * 0x9E3779B9 % 2**32)
    word = (word ^ (word >> 16)) * numpy.uint32(0x85EBCA6B)
    word = (word ^ (word >> 13)) * numpy.uint32(0xC2B2AE35)
    word = word ^ (word >> 16)
    return (word >> 8).astype(numpy.float32) / numpy.float32(2**23) - numpy.float32(1)


class Model(torch.nn.Module):
    """The parts of taming.models.vqgan.VQModel that make its keys, without its trainer and its losses."""

    def __init__(self, config):
        super().__init__()
        channels = config.get("inChannels", 3)
        networks = {
            "ch": config["channels"],
            "out_ch": config.get("outChannels", channels),
            "ch_mult": config["multipliers"],
            "num_res_blocks": config["blocks"],
            "attn_resolutions": config["attentionResolutions"],
            "in_channels": channels,
            "resolution": config["resolution"],
            "z_channels": config["latentDim"],
            "double_z": False,
        }
        self.encoder, self.decoder = Encoder(**networks), Decoder(**networks)
        self.quantize = VectorQuantizer2(
            config["codebookSize"], config["embeddingDim"], beta=BETA, sane_index_shape=True
        )
        self.quant_conv = torch.nn.Conv2d(config["latentDim"], config["embeddingDim"], 1)
        self.post_quant_conv = torch.nn.Conv2d(config["embeddingDim"], config["latentDim"], 1)

    def encode(self, pixels):
        return self.quant_conv(self.encoder(pixels))

    def decode(self, latents):
        return self.decoder(self.post_quant_conv(latents))


def spread(name, shape, codes):
    """Shift and scale of a weight: sizes as after training, so that norms, biases and attention all matter."""
    if name == "quantize.embedding.weight":
        return 0.0, codes
    if name.endswith("bias"):
        return 0.0, 0.3
    if len(shape) == 1:
        return 1.0, 0.5  # gains
    fan_in = numpy.prod(shape[1:])
    sharper = 1.5 if name.split(".")[-2] in ("q", "k") else 1.0
    return 0.0, float(numpy.float32(sharper * (3 / fan_in) ** 0.5))


def set_weights(model, codes):
    weights = {}
    state = model.state_dict()
    for stream, name in enumerate(sorted(state)):
        shape = list(state[name].shape)
        shift, scale = (numpy.float32(x) for x in spread(name, shape, codes))
        values = shift + scale * uniform(stream + 1, state[name].numel())
        state[name].copy_(torch.from_numpy(values.reshape(shape)))
        weights[name] = {"shape": shape, "shift": float(shift), "scale": float(scale)}
    return weights


def last(x):
    return x.permute(0, 2, 3, 1)


def margin(latents, codebook):
    """Smallest difference between the second nearest and the nearest code's squared distance."""
    nearest = torch.cdist(last(latents).reshape(-1, codebook.shape[1]), codebook).square().sort(1).values
    return (nearest[:, 1] - nearest[:, 0]).min().item()


def draw_pixels(shape):
    return torch.from_numpy(uniform(0, int(numpy.prod(shape))).reshape(shape)).permute(0, 3, 1, 2)


def check_margin(name, model, latents):
    gap = margin(latents, model.quantize.embedding.weight)
    assert gap > 1e-3, f"{name}: two codes are nearly as near ({gap})"
    return gap


def run(name, case):
    model = Model(case["config"])
    with torch.no_grad():
        weights = set_weights(model, case["codes"])
        latents = model.encode(draw_pixels(case["pixels"]))
        quantized, _, (_, _, codes) = model.quantize(latents)
        decoded = model.decode(quantized)
    gap, used = check_margin(name, model, latents), len(codes.unique())
    print(f"{name}: latents' std {latents.std():.3f}, pixels' std {decoded.std():.3f}, {used} codes, margin {gap:.1e}")
    tensors = {f"{name}.latents": last(latents), f"{name}.codes": codes.int(), f"{name}.decoded": last(decoded)}
    about = {"config": case["config"], "pixels": case["pixels"], "weights": weights}
    if "gradients" in case:
        tensors |= gradients(name, model, draw_pixels(case["gradients"]))
        about["gradients"] = case["gradients"]
    return tensors, about


def gradients(name, model, pixels):
    """The loss, and for each weight of the networks its gradient's norm and product with the uniform numbers."""
    latents = model.encode(pixels)
    check_margin(f"{name}, gradients", model, latents)
    quantized, _, _ = model.quantize(latents)
    nearest = quantized.detach()
    loss = (model.decode(quantized) - pixels).square().mean() + BETA * (latents - nearest).square().mean()
    loss.backward()
    tensors = {f"{name}.loss": loss}
    for stream, (key, weight) in enumerate(sorted(model.named_parameters())):
        if key == "quantize.embedding.weight":
            continue
        direction = torch.from_numpy(uniform(stream + 1, weight.numel())).double()
        gradient = weight.grad.flatten().double()
        tensors[f"{name}.gradient.{key}"] = torch.stack([gradient.norm(), gradient @ direction]).float()
    norms = torch.stack([tensor[0] for key, tensor in tensors.items() if ".gradient." in key])
    print(f"{name}: norms of gradients, quantiles: {torch.quantile(norms, torch.linspace(0, 1, 9)).tolist()}")
    return tensors


def main():
    tensors, cases = {}, {}
    for name, case in CASES.items():
        own, cases[name] = run(name, case)
        tensors |= own
    folder = Path(__file__).resolve().parents[2] / "packages/vqgan/src/fixtures"
    save_file(
        {name: tensor.detach().contiguous() for name, tensor in tensors.items()},
        folder / "taming.safetensors",
        {
            "seed": str(SEED),
            "cases": json.dumps(cases),
            "torch": torch.__version__,
            "numpy": numpy.__version__,
            "safetensors": safetensors.__version__,
            "taming-transformers-rom1504": importlib.metadata.version("taming-transformers-rom1504"),
        },
    )


if __name__ == "__main__":
    main()
