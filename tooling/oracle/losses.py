"""Writes packages/vqgan/src/fixtures/losses.safetensors: what a VQ-GAN's losses, discriminator, perceptual distance,
adaptive weight and alternating updates give in PyTorch, with gradients, computed in double precision.

Run with PyTorch, numpy and safetensors: python tooling/oracle/losses.py
"""

from pathlib import Path

import numpy
import safetensors
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from loss_networks import VGG_WIDTHS, PatchGan, Vgg, discriminator_terms, generator_term, lpips, nchw, nhwc

SEED = 20212
BATCH, HEIGHT, WIDTH, HIDDEN, CLASSES, STEPS, RATE = 2, 16, 18, 5, 4, 3, 2e-3

torch.manual_seed(SEED)
tensors: dict[str, Tensor] = {}


def draw(*shape: int, std: float = 1.0) -> Tensor:
    """Numbers that float32 holds exactly, so that both sides begin with the same."""
    return (torch.randn(*shape) * std).double()


def settle(module: nn.Module, bias: float = 0.0) -> nn.Module:
    """Redraws every parameter: weights that keep signals as wide as they are, norms near 1, biases around `bias`."""
    module = module.double()
    for name, param in module.named_parameters():
        owner, field = name.rsplit(".", 1)
        centre = bias if field == "bias" else 1.0 if isinstance(module.get_submodule(owner), nn.GroupNorm) else 0.0
        std = 1.4 * param[0].numel() ** -0.5 if param.ndim == 4 else 0.1
        param.data = (centre + draw(*param.shape, std=std)).float().double()
    return module


def save(prefix: str, values: dict[str, Tensor]) -> None:
    tensors.update({f"{prefix}.{name}": value for name, value in values.items()})


pixels = (torch.rand(BATCH, HEIGHT, WIDTH, 3) * 2 - 1).double()
decoded = (pixels + draw(*pixels.shape, std=0.3)).float().double()
tensors |= {"pixels": pixels, "decoded": decoded}

# Losses of given logits, some of them far out.
real = torch.cat([draw(10, std=2), torch.tensor([-60.0, 60.0]).double()]).reshape(3, 4)
fake = torch.cat([draw(10, std=2), torch.tensor([60.0, -60.0]).double()]).reshape(3, 4)
tensors |= {"logits.real": real, "logits.fake": fake}
for kind in ("hinge", "log"):
    leaves = [real.clone().requires_grad_(), fake.clone().requires_grad_()]
    terms = discriminator_terms(*leaves, kind)
    gradients = torch.autograd.grad(terms["loss"], leaves)
    generator = generator_term(leaves[1], kind)
    (generator_gradient,) = torch.autograd.grad(generator, leaves[1])
    save(f"logits.{kind}", terms | {"gradient.real": gradients[0], "gradient.fake": gradients[1]})
    save(f"logits.{kind}", {"generator": generator, "gradient.generator": generator_gradient})

# The discriminator with and without norms.
discriminators = {"group": PatchGan(4, 2, 2), "none": PatchGan(4, 1, None)}
for norm, discriminator in discriminators.items():
    settle(discriminator)
    save(f"{norm}.param", dict(discriminator.named_parameters()))
    leaf = decoded.clone().requires_grad_()
    logits = discriminator(leaf)
    save(norm, {"logits": logits})
    for kind in ("hinge", "log"):
        (towards,) = torch.autograd.grad(generator_term(discriminator(leaf), kind), leaf)
        terms = discriminator_terms(discriminator(pixels), discriminator(decoded), kind)
        names, params = zip(*discriminator.named_parameters())
        gradients = dict(zip(names, torch.autograd.grad(terms["loss"], params)))
        save(f"{norm}.{kind}", {"pixels": towards, "loss": terms["loss"]})
        save(f"{norm}.{kind}.gradient", gradients)

# The perceptual distance.
network = settle(Vgg(), bias=0.3).requires_grad_(False)
heads = [torch.rand(1, width, 1, 1).double() for width in VGG_WIDTHS]
save("vgg", network.state_dict())
save("heads", {f"lin{level}.model.1.weight": head for level, head in enumerate(heads)})
save("features", {str(level): nhwc(value) for level, value in enumerate(network(pixels))})
for name, own in (("heads", heads), ("plain", None)):
    leaf = decoded.clone().requires_grad_()
    distance = lpips(network, own, leaf, pixels)
    (gradient,) = torch.autograd.grad(distance.mean(), leaf)
    save(f"perceptual.{name}", {"distance": distance, "gradient": gradient})

# Class maps.
class_logits = draw(2, 3, 4, CLASSES, std=2).requires_grad_()
classes = torch.randint(CLASSES, (2, 3, 4))
entropy = F.cross_entropy(nchw(class_logits), classes)
save("classes", {"logits": class_logits, "map": classes.int(), "loss": entropy})
save("classes", {"gradient": torch.autograd.grad(entropy, class_logits)[0]})

# The adaptive weight, and alternating updates of a decoder of one convolution and of a discriminator.
hidden = draw(BATCH, HEIGHT, WIDTH, HIDDEN)
last_weight, last_bias = draw(3, HIDDEN, 3, 3, std=0.15), draw(3, std=0.1)
tensors |= {"hidden": hidden, "last.weight": last_weight.permute(2, 3, 1, 0), "last.bias": last_bias}


def reconstruction_terms(actual: Tensor) -> dict[str, Tensor]:
    error = actual - pixels
    reconstruction = error.square().mean() + 0.3 * error.abs().mean()
    return {"reconstruction": reconstruction, "perceptual": lpips(network, heads, actual, pixels).mean()}


def adam(params: list[Tensor]) -> torch.optim.AdamW:
    """Weight decay on weights of rank 2 and more only."""
    decayed = [param for param in params if param.ndim > 1]
    rest = [param for param in params if param.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}], lr=RATE
    )


for kind in ("hinge", "log"):
    discriminator = PatchGan(4, 2, 2).double()
    discriminator.load_state_dict(discriminators["group"].state_dict())
    weight, bias = last_weight.clone().requires_grad_(), last_bias.clone().requires_grad_()
    optimizers = {"decoder": adam([weight, bias]), "discriminator": adam(list(discriminator.parameters()))}
    for step in range(STEPS):
        actual = nhwc(F.conv2d(nchw(hidden), weight, bias, padding=1))
        terms = reconstruction_terms(actual)
        ours = terms["reconstruction"] + terms["perceptual"]
        adversarial = generator_term(discriminator(actual), kind)
        norms = [torch.autograd.grad(loss, weight, retain_graph=True)[0].norm() for loss in (ours, adversarial)]
        adaptive = (norms[0] / (norms[1] + 1e-6)).clamp(max=1e4).detach()
        total = ours + adaptive * adversarial
        gradients = torch.autograd.grad(total, [weight, bias])
        against = discriminator_terms(discriminator(pixels), discriminator(actual.detach()), kind)
        values = terms | {"adversarial": adversarial, "weight": adaptive, "loss": total, "discriminator": against["loss"]}
        if step == 0:
            values |= {"gradient.weight": gradients[0].permute(2, 3, 1, 0), "gradient.bias": gradients[1]}
        save(f"steps.{kind}.{step}", {name: value.detach().clone() for name, value in values.items()})
        weight.grad, bias.grad = gradients
        optimizers["decoder"].step()
        optimizers["discriminator"].zero_grad()
        against["loss"].backward()
        optimizers["discriminator"].step()
    save(f"steps.{kind}.after", {"weight": weight.permute(2, 3, 1, 0), "bias": bias})
    save(f"steps.{kind}.after.discriminator", dict(discriminator.named_parameters()))

folder = Path(__file__).resolve().parents[2] / "packages/vqgan/src/fixtures"
folder.mkdir(parents=True, exist_ok=True)
save_file(
    {
        name: (tensor if tensor.dtype == torch.int32 else tensor.float()).detach().contiguous().clone()
        for name, tensor in tensors.items()
    },
    folder / "losses.safetensors",
    {
        "seed": str(SEED),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "safetensors": safetensors.__version__,
    },
)
