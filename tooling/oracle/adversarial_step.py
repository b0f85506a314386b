"""Writes packages/vqgan/src/fixtures/adversarial-step.safetensors: one step of a whole VQGAN of taming-transformers with
every loss on, in PyTorch and in double precision.

First the generator (encoder, decoder and codebook): mean absolute error, codebook and commitment terms, LPIPS, and the hinge
loss with its adaptive weight; Adam. Then the discriminator, on what the new generator decodes: the hinge loss; Adam.

Gradients and changes of weights of more than 1024 elements are stored as sketches: sums over runs of 32 elements, each
times a number that the test knows. The weights are those of vqgan_weights.py.

Run with PyTorch, numpy, safetensors, einops and taming-transformers-rom1504 0.0.6 (installed with --no-deps):
python tooling/oracle/adversarial_step.py
"""

import importlib.metadata
import json
from pathlib import Path

import numpy
import safetensors
import torch
from safetensors.torch import save_file
from torch.nn.functional import mse_loss

from loss_networks import VGG_WIDTHS, PatchGan, Vgg, discriminator_terms, generator_term, lpips
from taming_vqgan import BETA, Model
from vqgan_weights import check_margin, draw_pixels, last, set_weights, uniform

SEED, RUN, WHOLE = 54, 32, 1024
PIXELS = [2, 16, 16, 3]
CONFIG = {
    "resolution": 16,
    "channels": 32,
    "multipliers": [1, 2],
    "blocks": 1,
    "attentionResolutions": [8],
    "latentDim": 8,
    "embeddingDim": 6,
    "codebookSize": 32,
}
DISCRIMINATOR = {"width": 8, "layers": 2, "groups": 4}
# Gradients that are 0 but for rounding, such as that of a bias before a norm of single channels, would move a weight by
# the whole rate if epsilon were as small as usual.
ADAM = {"lr": 1e-3, "betas": (0.5, 0.9), "eps": 1e-3}


def sketches(names, tensors):
    """Of the i-th name with the stream i + 1 of uniform numbers; small tensors as they are."""
    made = {}
    for stream, (name, tensor) in enumerate(zip(names, tensors, strict=True)):
        values = tensor.detach().flatten().double()
        if len(values) <= WHOLE:
            made[name] = values
            continue
        products = values * torch.from_numpy(uniform(SEED, stream + 1, len(values)))
        made[name] = torch.nn.functional.pad(products, (0, -len(products) % RUN)).reshape(-1, RUN).sum(1)
    return made


def drawn(module, seed):
    """The module with hashed weights, frozen in double precision; what the fixture stores of them."""
    with torch.no_grad():
        weights = set_weights(module, seed, 1.0)
    return module.double(), weights


def update(module, loss, tensors, prefix):
    """An update by Adam; the sketches of gradients and changes go to `tensors`."""
    params = dict(sorted(module.named_parameters()))
    before = [param.detach().clone() for param in params.values()]
    optimizer = torch.optim.Adam(params.values(), **ADAM)
    gradients = torch.autograd.grad(loss, list(params.values()))
    for param, gradient in zip(params.values(), gradients, strict=True):
        param.grad = gradient
    optimizer.step()
    moved = [param - old for param, old in zip(params.values(), before, strict=True)]
    own = {"gradient": sketches(params, gradients), "moved": sketches(params, moved)}
    for kind, made in own.items():
        tensors |= {f"{prefix}.{kind}.{name}": sketch for name, sketch in made.items()}
    sizes = sorted((gradient.abs().max().item(), name) for name, gradient in zip(params, gradients, strict=True))
    zero = [name for size, name in sizes if size < 1e-12]
    print(f"{prefix}: {len(sizes)} gradients; 0 are those of {', '.join(zero)}; the others' largest elements:")
    print(" ", *(f"{size:.1e} {name}" for size, name in (sizes[len(zero)], sizes[-1])))


def quantize(model, latents, where):
    check_margin(where, model, latents)
    _, _, (_, _, codes) = model.quantize(latents)
    values = model.quantize.embedding(codes).permute(0, 3, 1, 2)
    loss = mse_loss(values, latents.detach()) + BETA * mse_loss(latents, values.detach())
    return latents + (values - latents).detach(), loss, codes


def main():
    model, weights = drawn(Model(CONFIG), SEED)
    gan, gan_weights = drawn(PatchGan(*(DISCRIMINATOR[key] for key in ("width", "layers", "groups"))), SEED + 1)
    network, vgg_weights = drawn(Vgg(), SEED + 2)
    network.requires_grad_(False)
    heads = [torch.rand(1, width, 1, 1, generator=torch.manual_seed(SEED)) for width in VGG_WIDTHS]
    pixels = draw_pixels(SEED, PIXELS).double()
    tensors = {f"heads.lin{level}.model.1.weight": head for level, head in enumerate(heads)}

    quantized, codebook, codes = quantize(model, model.encode(pixels), "before")
    decoded = model.decode(quantized)
    reconstruction = (decoded - pixels).abs().mean()
    perceptual = lpips(network, [head.double() for head in heads], last(decoded), last(pixels)).mean()
    adversarial = generator_term(gan(last(decoded)), "hinge")
    ours = reconstruction + perceptual
    at = model.decoder.conv_out.weight
    norms = [torch.autograd.grad(loss, at, retain_graph=True)[0].norm() for loss in (ours, adversarial)]
    weight = (norms[0] / (norms[1] + 1e-6)).clamp(max=1e4).detach()
    loss = ours + codebook + weight * adversarial
    values = {
        "loss": loss,
        "reconstruction": reconstruction,
        "codebook": codebook,
        "perceptual": perceptual,
        "adversarial": adversarial,
        "weight": weight,
    }
    tensors |= {f"generator.{name}": value for name, value in values.items()} | {"codes": codes.int()}
    update(model, loss, tensors, "generator")

    with torch.no_grad():
        quantized, _, codes = quantize(model, model.encode(pixels), "after")
        decoded = model.decode(quantized)
    against = discriminator_terms(gan(last(pixels)), gan(last(decoded)), "hinge")
    tensors |= {f"discriminator.{name}": value for name, value in against.items()} | {"codesAfter": codes.int()}
    update(gan, against["loss"], tensors, "discriminator")
    for terms in (values, against):
        print({name: round(value.item(), 4) for name, value in terms.items()})

    folder = Path(__file__).resolve().parents[2] / "packages/vqgan/src/fixtures"
    save_file(
        {
            name: (tensor if tensor.dtype == torch.int32 else tensor.float()).detach().contiguous()
            for name, tensor in tensors.items()
        },
        folder / "adversarial-step.safetensors",
        {
            "seed": str(SEED),
            "run": str(RUN),
            "whole": str(WHOLE),
            "pixels": json.dumps(PIXELS),
            "config": json.dumps(CONFIG),
            "commitment": str(BETA),
            "discriminator": json.dumps(DISCRIMINATOR),
            "adam": json.dumps(ADAM),
            "weights": json.dumps({"generator": weights, "discriminator": gan_weights, "vgg": vgg_weights}),
            "torch": torch.__version__,
            "numpy": numpy.__version__,
            "safetensors": safetensors.__version__,
            "taming-transformers-rom1504": importlib.metadata.version("taming-transformers-rom1504"),
        },
    )


if __name__ == "__main__":
    main()
