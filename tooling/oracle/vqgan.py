"""Writes packages/vqgan/src/fixtures/vq-vae.safetensors: a tiny VQ-VAE's parameters, outputs, losses and gradients.

Run with PyTorch, numpy and safetensors: python tooling/oracle/vqgan.py
"""

from pathlib import Path

import numpy
import safetensors
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

SEED = 20211
BATCH, SIDE, PIXELS, PATCH, WIDTHS, DIM, CODES, BETA = 2, 16, 3, 2, [4, 6], 3, 5, 0.25

torch.manual_seed(SEED)
params: dict[str, torch.Tensor] = {}


def param(name: str, *shape: int, std: float) -> None:
    params[name] = (torch.randn(*shape) * std).requires_grad_()


def linear(name: str, inputs: int, outputs: int) -> None:
    param(f"{name}.weight", inputs, outputs, std=inputs**-0.5)
    param(f"{name}.bias", outputs, std=0.1)


def conv(name: str, kernel: int, inputs: int, outputs: int) -> None:
    param(f"{name}.weight", kernel, kernel, inputs, outputs, std=(kernel * kernel * inputs) ** -0.5)
    param(f"{name}.bias", outputs, std=0.1)


def norm(name: str, dim: int) -> None:
    params[f"{name}.gain"] = (1 + 0.1 * torch.randn(dim)).requires_grad_()
    param(f"{name}.offset", dim, std=0.1)


def block(name: str, channels: int) -> None:
    norm(f"{name}.norm", channels)
    conv(f"{name}.conv", 3, channels, channels)
    linear(f"{name}.project", channels, channels)


linear("encoder.layers.0.linear", PIXELS * PATCH**2, WIDTHS[0])
block("encoder.layers.1", WIDTHS[0])
linear("encoder.layers.2.linear", WIDTHS[0] * 4, WIDTHS[1])
block("encoder.layers.3", WIDTHS[1])
norm("encoder.norm", WIDTHS[1])
linear("encoder.project", WIDTHS[1], DIM)
conv("decoder.stem", 3, DIM, WIDTHS[1])
block("decoder.layers.0", WIDTHS[1])
linear("decoder.layers.1.linear", WIDTHS[1], WIDTHS[0] * 4)
block("decoder.layers.2", WIDTHS[0])
norm("decoder.norm", WIDTHS[0])
conv("decoder.head", 3, WIDTHS[0], PIXELS * PATCH**2)


# Everything below is channels last, as in TypeScript.
def apply_linear(name: str, x: torch.Tensor) -> torch.Tensor:
    return x @ params[f"{name}.weight"] + params[f"{name}.bias"]


def apply_conv(name: str, x: torch.Tensor) -> torch.Tensor:
    weight = params[f"{name}.weight"].permute(3, 2, 0, 1)
    y = F.conv2d(x.permute(0, 3, 1, 2), weight, params[f"{name}.bias"], padding=weight.shape[-1] // 2)
    return y.permute(0, 2, 3, 1)


def apply_norm(name: str, x: torch.Tensor) -> torch.Tensor:
    return F.layer_norm(x, x.shape[-1:], params[f"{name}.gain"], params[f"{name}.offset"], 1e-5)


def apply_block(name: str, x: torch.Tensor) -> torch.Tensor:
    inner = F.gelu(apply_conv(f"{name}.conv", apply_norm(f"{name}.norm", x)), approximate="tanh")
    return x + apply_linear(f"{name}.project", inner)


def patchify(x: torch.Tensor, patch: int) -> torch.Tensor:
    b, h, w, c = x.shape
    x = x.reshape(b, h // patch, patch, w // patch, patch, c).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(b, h // patch, w // patch, patch * patch * c)


def unpatchify(x: torch.Tensor, patch: int) -> torch.Tensor:
    b, h, w, c = x.shape
    x = x.reshape(b, h, w, patch, patch, c // patch**2).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(b, h * patch, w * patch, c // patch**2)


def encode(pixels: torch.Tensor) -> torch.Tensor:
    x = apply_linear("encoder.layers.0.linear", patchify(pixels, PATCH))
    x = apply_block("encoder.layers.1", x)
    x = apply_linear("encoder.layers.2.linear", patchify(x, 2))
    x = apply_block("encoder.layers.3", x)
    return apply_linear("encoder.project", apply_norm("encoder.norm", x))


def decode(latents: torch.Tensor) -> torch.Tensor:
    x = apply_block("decoder.layers.0", apply_conv("decoder.stem", latents))
    x = unpatchify(apply_linear("decoder.layers.1.linear", x), 2)
    x = apply_block("decoder.layers.2", x)
    return unpatchify(apply_conv("decoder.head", apply_norm("decoder.norm", x)), PATCH)


pixels = torch.rand(BATCH, SIDE, SIDE, PIXELS) * 2 - 1
codebook = torch.randn(CODES, DIM)

latents = encode(pixels)
rows = latents.detach().reshape(-1, DIM)
codes = torch.cdist(rows, codebook).argmin(1)
values = codebook[codes].reshape(latents.shape)
reconstruction = decode(latents + (values - latents).detach())
error = reconstruction - pixels
losses = {"l2": error.square().mean(), "l1": error.abs().mean()}
losses["l1+l2"] = losses["l2"] + 0.3 * losses["l1"]
commitment = BETA * (latents - values).square().mean()
total = losses["l1+l2"] + commitment
names = list(params)
gradients = dict(zip(names, torch.autograd.grad(total, [params[name] for name in names])))

tensors = {f"param.{name}": value for name, value in params.items()}
tensors |= {f"gradient.{name}": value for name, value in gradients.items()}
tensors |= {f"loss.{name}": value for name, value in losses.items()}
tensors |= {
    "pixels": pixels,
    "codebook": codebook,
    "latents": latents,
    "codes": codes.reshape(latents.shape[:-1]).int(),
    "reconstruction": reconstruction,
    "commitment": commitment,
    "loss": total,
}
folder = Path(__file__).resolve().parents[2] / "packages/vqgan/src/fixtures"
folder.mkdir(parents=True, exist_ok=True)
save_file(
    {name: tensor.detach().contiguous() for name, tensor in tensors.items()},
    folder / "vq-vae.safetensors",
    {
        "seed": str(SEED),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "safetensors": safetensors.__version__,
    },
)
