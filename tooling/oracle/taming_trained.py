"""Writes packages/vqgan/src/fixtures/taming-trained.safetensors: two of taming-transformers' VQGANs that were trained on
drawn pictures, their weights, and what they compute of a picture that they never saw.

The weights are stored as float16, and rounded to it before anything is computed with them; the rest is computed in double
precision.

Run with PyTorch, numpy, safetensors, einops and taming-transformers-rom1504 0.0.6 (installed with --no-deps), a few
minutes on two cores: python tooling/oracle/taming_trained.py
"""

import importlib.metadata
import json
from pathlib import Path

import numpy
import safetensors
import torch
from safetensors.torch import save_file
from torch.nn.functional import l1_loss

from taming_vqgan import BETA, Model
from vqgan_weights import last, margin

SEED = 31
SIDE, BATCH, RATE, HELD_OUT, CONTRAST = 32, 8, 1e-3, 64, 0.5
# `steps` in all, the first third of them without codes.
CASES = {
    "colour": {
        "config": {
            "resolution": SIDE,
            "channels": 32,
            "multipliers": [1, 1],
            "blocks": 1,
            "attentionResolutions": [16],
            "latentDim": 8,
            "embeddingDim": 6,
            "codebookSize": 256,
        },
        "steps": 800,
    },
    "grey": {
        "config": {
            "resolution": SIDE,
            "inChannels": 1,
            "channels": 32,
            "multipliers": [1, 1],
            "blocks": 1,
            "attentionResolutions": [],
            "latentDim": 4,
            "embeddingDim": 3,
            "codebookSize": 64,
        },
        "steps": 600,
    },
}


def draw_pictures(rng, count, channels):
    """`[count, channels, SIDE, SIDE]` in [-1, 1]: a disc and a tilted rectangle with soft edges on a gradient.

    Every channel has mean 0 and the same contrast before it is clipped: the norms of these narrow networks, 32 groups of
    one channel each, let neither through.
    """
    y, x = numpy.mgrid[0:SIDE, 0:SIDE] / SIDE
    pictures = numpy.empty((count, channels, SIDE, SIDE), numpy.float32)
    for picture in pictures:
        angle = rng.uniform(0, 2 * numpy.pi)
        slope = (x - 0.5) * numpy.cos(angle) + (y - 0.5) * numpy.sin(angle) + 0.5
        corners = rng.uniform(-1, 1, (2, channels, 1, 1))
        picture[:] = corners[0] * slope + corners[1] * (1 - slope)
        for shape in range(2):
            dx, dy = x - rng.uniform(0.2, 0.8), y - rng.uniform(0.2, 0.8)
            turn, size = rng.uniform(0, numpy.pi), rng.uniform(0.12, 0.3)
            across = dx * numpy.cos(turn) + dy * numpy.sin(turn)
            along = dy * numpy.cos(turn) - dx * numpy.sin(turn)
            distance = numpy.hypot(dx, dy) if shape else numpy.maximum(abs(across), 2 * abs(along))
            inside = numpy.clip((size - distance) * SIDE, 0, 1)
            picture[:] = picture * (1 - inside) + rng.uniform(-1, 1, (channels, 1, 1)) * inside
    pictures -= pictures.mean((2, 3), keepdims=True)
    pictures *= CONTRAST / pictures.std((2, 3), keepdims=True)
    return torch.from_numpy(pictures.clip(-1, 1))


def train(name, model, steps, channels):
    """|I - Î| and the quantizer's terms; the codes begin at latents once the networks have warmed up."""
    rng = numpy.random.default_rng(SEED)
    optimizer = torch.optim.Adam(model.parameters(), RATE, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.05)
    for step in range(steps):
        pixels = draw_pictures(rng, BATCH, channels)
        latents = model.encode(pixels)
        if step == steps // 3:
            rows = last(latents.detach()).reshape(-1, latents.shape[1])
            codebook = model.quantize.embedding.weight
            codebook.data = rows[torch.randperm(len(rows))[: len(codebook)]].clone()
        if step < steps // 3:
            loss = l1_loss(model.decode(latents), pixels) + 1e-3 * latents.square().mean()
        else:
            quantized, commitment, _ = model.quantize(latents)
            loss = l1_loss(model.decode(quantized), pixels) + commitment
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(f"{name}: step {step}, loss {loss.item():.4f}", flush=True)


def psnr(decoded, pixels):
    return -10 * torch.log10((decoded.clamp(-1, 1) - pixels).square().mean() / 4).item()


def run(name, case):
    channels = case["config"].get("inChannels", 3)
    torch.manual_seed(SEED)
    model = Model(case["config"])
    train(name, model, case["steps"], channels)
    weights = {key: weight.half() for key, weight in model.state_dict().items()}
    model.load_state_dict(weights)
    model = model.double()
    with torch.no_grad():
        pictures = draw_pictures(numpy.random.default_rng(SEED + 1), HELD_OUT, channels)
        latents = model.encode(pictures.double())
        quantized, _, (_, _, codes) = model.quantize(latents)
        decoded = model.decode(quantized)
        clearest = max(range(HELD_OUT), key=lambda index: gap_of(model, latents[index : index + 1]))
        own = slice(clearest, clearest + 1)
        about = {
            "config": case["config"],
            "steps": case["steps"],
            "psnrOfHeldOut": round(psnr(decoded, pictures), 2),
            "psnr": round(psnr(decoded[own], pictures[own]), 2),
            "psnrOfMean": round(psnr(pictures.mean((2, 3), keepdim=True), pictures), 2),
            "codesUsed": len(codes.unique()),
            "margin": gap_of(model, latents[own]),
        }
    print(f"{name}: {json.dumps(about)}")
    tensors = {
        "pixels": last(pictures[own]),
        "latents": last(latents[own]).float(),
        "codes": codes[own].int(),
        "decoded": last(decoded[own]).float(),
    }
    tensors |= {f"weights.{key}": weight for key, weight in weights.items()}
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}, about


def gap_of(model, latents):
    return margin(latents, model.quantize.embedding.weight)


def main():
    tensors, cases = {}, {}
    for name, case in CASES.items():
        own, cases[name] = run(name, case)
        tensors |= own
    folder = Path(__file__).resolve().parents[2] / "packages/vqgan/src/fixtures"
    save_file(
        {name: tensor.detach().contiguous() for name, tensor in tensors.items()},
        folder / "taming-trained.safetensors",
        {
            "seed": str(SEED),
            "beta": str(BETA),
            "cases": json.dumps(cases),
            "torch": torch.__version__,
            "numpy": numpy.__version__,
            "safetensors": safetensors.__version__,
            "taming-transformers-rom1504": importlib.metadata.version("taming-transformers-rom1504"),
        },
    )


if __name__ == "__main__":
    main()
