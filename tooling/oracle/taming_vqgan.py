"""Writes packages/vqgan/src/fixtures/taming.safetensors: what taming-transformers' VQGAN computes with given weights.

The weights themselves are not stored: they are those of vqgan_weights.py. Names, shapes, shifts and scales are in the
metadata.

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

from vqgan_weights import check_margin, draw_pixels, last, set_weights, uniform

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


def run(name, case):
    model = Model(case["config"])
    with torch.no_grad():
        weights = set_weights(model, SEED, case["codes"])
        latents = model.encode(draw_pixels(SEED, case["pixels"]))
        quantized, _, (_, _, codes) = model.quantize(latents)
        decoded = model.decode(quantized)
    gap, used = check_margin(name, model, latents), len(codes.unique())
    print(f"{name}: latents' std {latents.std():.3f}, pixels' std {decoded.std():.3f}, {used} codes, margin {gap:.1e}")
    tensors = {f"{name}.latents": last(latents), f"{name}.codes": codes.int(), f"{name}.decoded": last(decoded)}
    about = {"config": case["config"], "pixels": case["pixels"], "weights": weights}
    if "gradients" in case:
        tensors |= gradients(name, model, draw_pixels(SEED, case["gradients"]))
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
        direction = torch.from_numpy(uniform(SEED, stream + 1, weight.numel())).double()
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
