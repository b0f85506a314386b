"""Writes packages/vqgan/src/fixtures/quantizers.safetensors: inputs, outputs, losses and gradients of quantizers.

The formulas are those of the papers, in the plainest way: stop-gradients by detach, entropies over the whole list
of codes. Computed in float64, stored in float32.

Run with PyTorch, numpy and safetensors: python tooling/oracle/quantizers.py
"""

import itertools
import math
from pathlib import Path

import numpy
import safetensors
import torch
from safetensors.torch import save_file

SEED = 230915505
LEAD, DIM, CODES, BETA = (2, 6), 5, 7, 0.25
COSINE_DIM, LEVELS, BINARY_DIM = 3, [8, 5, 4, 3, 2, 7], 4
ENTROPY, DIVERSITY, TEMPERATURE = 0.3, 0.8, 0.7

torch.manual_seed(SEED)
tensors: dict[str, torch.Tensor] = {}


def draw(*shape: int, std: float = 1) -> torch.Tensor:
    """Exact in float32, so that both sides start from the same numbers."""
    return (torch.randn(*shape) * std).double()


def projection(code_dim: int) -> dict[str, torch.Tensor]:
    return {
        "projection.down.weight": draw(DIM, code_dim, std=DIM**-0.5),
        "projection.down.bias": draw(code_dim, std=0.1),
        "projection.up.weight": draw(code_dim, DIM, std=code_dim**-0.5),
        "projection.up.bias": draw(DIM, std=0.1),
    }


def down(params: dict[str, torch.Tensor], z: torch.Tensor) -> torch.Tensor:
    return z @ params["projection.down.weight"] + params["projection.down.bias"]


def up(params: dict[str, torch.Tensor], z: torch.Tensor) -> torch.Tensor:
    return z @ params["projection.up.weight"] + params["projection.up.bias"]


def unit(x: torch.Tensor) -> torch.Tensor:
    return x / x.norm(dim=-1, keepdim=True)


def vq_loss(z: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (z.detach() - b).square().mean() + BETA * (z - b.detach()).square().mean()


def codebook(params, z):
    codes = (z[..., None, :] - params["codebook"]).square().sum(-1).argmin(-1)
    b = params["codebook"][codes]
    return codes, z + (b - z).detach(), vq_loss(z, b), z


def cosine(params, z):
    u = unit(down(params, z))
    b = unit(params["codebook"])
    codes = (u @ b.T).argmax(-1)
    return codes, up(params, u + (b[codes] - u).detach()), vq_loss(u, b[codes]), up(params, u)


def fsq(params, z):
    levels = torch.tensor(LEVELS, dtype=torch.float64)
    half = (levels - 1) * (1 - 1e-3) / 2
    offset = torch.where(levels % 2 == 0, 0.5, 0.0).double()
    bounded = torch.tanh(down(params, z) + torch.tan(offset / half)) * half - offset
    whole = torch.round(bounded)
    width = torch.div(levels, 2, rounding_mode="floor")
    place = torch.tensor([math.prod(LEVELS[:axis]) for axis in range(len(LEVELS))], dtype=torch.float64)
    codes = ((whole + width) * place).sum(-1)
    rounded = bounded + (whole - bounded).detach()
    return codes, up(params, rounded / width), torch.zeros(()).double(), up(params, bounded / width)


def lfq(params, z):
    y = down(params, z)
    signs = torch.where(y > 0, 1.0, -1.0).double()
    codes = ((signs > 0) * 2 ** torch.arange(BINARY_DIM)).sum(-1)
    corners = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=BINARY_DIM)), dtype=torch.float64)
    distances = (y.reshape(-1, 1, BINARY_DIM) - corners).square().sum(-1)
    shares = torch.softmax(-distances / TEMPERATURE, -1)  # [n, 2^dim]
    of_latent = -(shares * shares.log()).sum(-1).mean()
    ups = (shares[..., None] * (corners + 1) / 2).sum(1).mean(0)  # the batch's marginals, [dim]
    of_batch = -(ups * ups.log() + (1 - ups) * (1 - ups).log()).sum()
    commitment = BETA * (y - signs).square().mean()
    loss = commitment + ENTROPY * (of_latent - DIVERSITY * of_batch)
    return codes, up(params, y + (signs - y).detach()), loss, up(params, torch.tanh(y))


def record(name: str, params: dict[str, torch.Tensor], apply) -> None:
    z, weights = draw(*LEAD, DIM), draw(*LEAD, DIM)
    leaves = {"latents": z} | params
    for leaf in leaves.values():
        leaf.requires_grad_()
    codes, quantized, loss, continuous = apply(params, z)
    total = loss + (quantized * weights).sum()
    gradients = torch.autograd.grad(total, list(leaves.values()), retain_graph=True)
    entries = {f"param.{key}": value for key, value in params.items()}
    entries |= {f"gradient.{key}": value for key, value in zip(leaves, gradients)}
    entries |= {"latents": z, "weights": weights, "codes": codes, "quantized": quantized, "loss": loss}
    entries["continuous"] = continuous
    entries["continuous.gradient"] = torch.autograd.grad((continuous * weights).sum(), z)[0]
    for key, value in entries.items():
        tensors[f"{name}.{key}"] = value.int() if key == "codes" else value.float()


record("codebook", {"codebook": draw(CODES, DIM)}, codebook)
record("cosine", {"codebook": draw(CODES, COSINE_DIM)} | projection(COSINE_DIM), cosine)
record("fsq", projection(len(LEVELS)), fsq)
record("lfq", projection(BINARY_DIM), lfq)

folder = Path(__file__).resolve().parents[2] / "packages/vqgan/src/fixtures"
save_file(
    {name: tensor.detach().contiguous() for name, tensor in tensors.items()},
    folder / "quantizers.safetensors",
    {
        "seed": str(SEED),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "safetensors": safetensors.__version__,
    },
)
