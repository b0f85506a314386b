"""Writes packages/vqgan/src/fixtures/diffusers.safetensors: what diffusers' VQModel computes with given weights.

The weights themselves are not stored: they are those of vqgan_weights.py. Names, shapes, shifts and scales are in the
metadata, and so is each model's config.json.

Run with PyTorch, numpy, safetensors and diffusers: python tooling/oracle/diffusers_vq.py
"""

import json
from pathlib import Path

import diffusers
import numpy
import safetensors
import torch
from diffusers import VQModel
from safetensors.torch import save_file

from vqgan_weights import check_margin, draw_pixels, last, set_weights

SEED = 21
# Pixels channels last, as in TypeScript. `codes`: the largest value in the codebook.
CASES = {
    "attention": {
        "config": {
            "block_out_channels": [32, 64],
            "down_block_types": ["DownEncoderBlock2D", "AttnDownEncoderBlock2D"],
            "up_block_types": ["AttnUpDecoderBlock2D", "UpDecoderBlock2D"],
            "layers_per_block": 2,
            "latent_channels": 6,
            "vq_embed_dim": 4,
            "num_vq_embeddings": 24,
        },
        "pixels": [1, 32, 16, 3],
        "codes": 2.0,
    },
    "plain": {
        "config": {
            "in_channels": 2,
            "out_channels": 5,
            "block_out_channels": [32, 32, 64, 96],
            "down_block_types": ["DownEncoderBlock2D"] * 4,
            "up_block_types": ["UpDecoderBlock2D"] * 4,
            "latent_channels": 8,
            "num_vq_embeddings": 64,
            "sample_size": 64,
        },
        "pixels": [2, 32, 56, 2],
        "codes": 1.0,
    },
    "bare": {
        "config": {
            "block_out_channels": [64, 64],
            "down_block_types": ["DownEncoderBlock2D"] * 2,
            "up_block_types": ["UpDecoderBlock2D"] * 2,
            "latent_channels": 4,
            "vq_embed_dim": 6,
            "num_vq_embeddings": 32,
            "mid_block_add_attention": False,
            "lookup_from_codebook": True,
        },
        "pixels": [1, 10, 16, 3],
        "codes": 2.0,
    },
}


@torch.no_grad()
def run(name, case):
    model = VQModel(**case["config"]).eval()
    weights = set_weights(model, SEED, case["codes"])
    latents = model.encode(draw_pixels(SEED, case["pixels"])).latents
    _, _, (_, _, codes) = model.quantize(latents)
    decoded = model.decode(latents).sample
    gap, used = check_margin(name, model, latents), len(codes.unique())
    print(f"{name}: latents' std {latents.std():.3f}, pixels' std {decoded.std():.3f}, {used} codes, margin {gap:.1e}")
    latents, decoded = last(latents), last(decoded)
    tensors = {
        f"{name}.latents": latents,
        f"{name}.codes": codes.reshape(latents.shape[:3]).int(),
        f"{name}.decoded": decoded,
    }
    config = json.loads(model.to_json_string())
    return tensors, {"config": config, "pixels": case["pixels"], "weights": weights}


def main():
    tensors, cases = {}, {}
    for name, case in CASES.items():
        own, cases[name] = run(name, case)
        tensors |= own
    folder = Path(__file__).resolve().parents[2] / "packages/vqgan/src/fixtures"
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        folder / "diffusers.safetensors",
        {
            "seed": str(SEED),
            "cases": json.dumps(cases),
            "torch": torch.__version__,
            "numpy": numpy.__version__,
            "safetensors": safetensors.__version__,
            "diffusers": diffusers.__version__,
        },
    )


if __name__ == "__main__":
    main()
