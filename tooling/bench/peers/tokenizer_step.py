"""A VQ-GAN's training step in plain PyTorch modules, for timing training steps of @nuwa/vqgan against it.

Usage: python tokenizer_step.py job.json
Trains two copies from the same weights: "NCHW" in PyTorch's usual order, "channels last" in that of its fastest
convolutions. Prints one line of JSON about itself; then for each line {"layout": name, "steps": n} on stdin trains
that copy n steps and prints {"seconds": [...], "losses": [[...], ...]}, the losses being those before each step: all,
reconstruction, codebook, adversarial, its weight, the discriminator's.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from tokenizer import LAYOUTS, Tokenizer, conv

class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each position."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ResBlock(nn.Module):
    def __init__(self, channels, kernel):
        super().__init__()
        self.norm, self.conv = ChannelNorm(channels), conv(channels, channels, kernel)
        self.project = conv(channels, channels, 1)

    def forward(self, x):
        return x + self.project(F.gelu(self.conv(self.norm(x)), approximate="tanh"))


class Downsample(nn.Conv2d):
    """A convolution whose stride is its kernel's size."""

    def __init__(self, inputs, outputs, factor):
        super().__init__(inputs, outputs, factor, stride=factor)


class Upsample(nn.Module):
    """Every position becomes `factor` × `factor` ones, each with a bias of its own."""

    def __init__(self, inputs, outputs, factor):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, outputs, factor, factor))
        self.bias = nn.Parameter(torch.zeros(outputs, factor, factor))

    def forward(self, x):
        y = F.conv_transpose2d(x, self.weight, stride=self.weight.shape[-1])
        return y + self.bias.repeat(1, x.shape[2], x.shape[3])


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        layers, before = [], 3
        for level, width in enumerate(config["channels"]):
            layers.append(Downsample(before, width, config["patch"] if level == 0 else 2))
            layers += [ResBlock(width, config.get("encoderKernel", 1)) for _ in range(config["encoderBlocks"][level])]
            before = width
        self.layers = nn.Sequential(*layers)
        self.norm, self.project = ChannelNorm(before), conv(before, config["embeddingDim"], 1)

    def forward(self, x):
        return self.project(self.norm(self.layers(x)))


class Decoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths = config["channels"]
        layers = []
        for level in reversed(range(len(widths))):
            layers += [ResBlock(widths[level], 3) for _ in range(config["decoderBlocks"][level])]
            if level > 0:
                layers.append(Upsample(widths[level], widths[level - 1], 2))
        self.patch = config["patch"]
        self.stem, self.layers = conv(config["embeddingDim"], widths[-1]), nn.Sequential(*layers)
        self.norm, self.head = ChannelNorm(widths[0]), conv(widths[0], 3 * self.patch**2)

    def forward(self, x):
        patches = self.head(self.norm(self.layers(self.stem(x))))  # [b, p·p·3, h, w], pixels before colours
        b, _, h, w = patches.shape
        split = patches.view(b, self.patch, self.patch, 3, h, w)
        return split.permute(0, 3, 4, 1, 5, 2).reshape(b, 3, h * self.patch, w * self.patch)


class Local(nn.Module):
    """The local architecture of @nuwa/vqgan."""

    def __init__(self, config):
        super().__init__()
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.codebook = nn.Parameter(torch.zeros(config["codebookSize"], config["embeddingDim"]))

    def latents(self, pixels):
        return self.encoder(pixels)

    def decode(self, latents):
        return self.decoder(latents)

    @property
    def last(self):
        return self.decoder.head.weight

    def load(self, path):
        tensors = load_file(path)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                parameter.copy_(ours(name, parameter, tensors))
        if tensors:
            raise ValueError(f"weights that this model lacks: {', '.join(tensors)}")


def ours(name, parameter, tensors):
    """The value of a parameter among our weights, which is taken out of them."""
    *path, kind = name.split(".")
    if path[-1:] == ["norm"]:
        kind = {"weight": "gain", "bias": "offset"}[kind]
    keys = (".".join(path + [kind]), ".".join(path + ["linear", kind]), f"quantizer.{name}")
    value = tensors.pop(next(key for key in keys if key in tensors))
    if parameter.ndim == 3:
        out, factor, _ = parameter.shape
        return value.view(factor, factor, out).permute(2, 0, 1)
    if value.ndim == parameter.ndim:
        return value.permute(3, 2, 0, 1) if value.ndim == 4 else value
    a, b, factor, _ = parameter.shape
    if value.shape == (b * factor * factor, a):  # a patch to one position
        return value.view(factor, factor, b, a).permute(3, 2, 0, 1)
    return value.view(a, factor, factor, b).permute(0, 3, 1, 2)  # one position to a patch


class Taming(Tokenizer):
    @property
    def codebook(self):
        return self.quantize["embedding"].weight

    def latents(self, pixels):
        return self.quant_conv(self.encoder(pixels))

    def decode(self, latents):
        return self.decoder(self.post_quant_conv(latents))

    @property
    def last(self):
        return self.decoder.conv_out.weight

    def load(self, path):
        self.load_state_dict(load_file(path))


class Discriminator(nn.Module):
    def __init__(self, width, layers):
        super().__init__()
        widths = [width * min(2**layer, 8) for layer in range(layers + 1)]
        main = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for layer, (a, b) in enumerate(zip(widths, widths[1:])):
            stride = 1 if layer == layers - 1 else 2
            main += [nn.Conv2d(a, b, 4, stride, 1), nn.GroupNorm(8, b), nn.LeakyReLU(0.2)]
        self.main = nn.Sequential(*main, nn.Conv2d(widths[-1], 1, 4, 1, 1))

    def forward(self, x):
        return self.main(x)


class Training:
    """Both networks, their optimizers and one batch, in one order of memory."""

    def __init__(self, job, order):
        config, self.settings = job["config"], job["settings"]
        self.model = (Taming if config["architecture"] == "taming" else Local)(config)
        self.model.load(job["weights"])
        self.discriminator = Discriminator(**job["discriminator"])
        self.discriminator.load_state_dict(load_file(job["discriminatorWeights"]))
        self.model.to(memory_format=order)
        self.discriminator.to(memory_format=order)
        self.pixels = load_file(job["pixels"])["pixels"].permute(0, 3, 1, 2).contiguous(memory_format=order)
        self.optimizers = [self.optimizer(name) for name in ("model", "discriminator")]

    def optimizer(self, name):
        parameters, s = list(getattr(self, name).parameters()), self.settings[name]
        decays = [p.ndim in (2, 4) and p is not self.model.codebook for p in parameters]
        return torch.optim.AdamW(
            [
                {"params": [p for p, d in zip(parameters, decays) if d], "weight_decay": s["weightDecay"]},
                {"params": [p for p, d in zip(parameters, decays) if not d], "weight_decay": 0.0},
            ],
            lr=s["learningRate"],
            betas=(s["beta1"], s["beta2"]),
            eps=1e-8,
            fused=True,
        )

    def quantize(self, latents):
        rows = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
        codebook = self.model.codebook
        codes = (codebook.square().sum(1) - 2 * rows @ codebook.T).argmin(1)
        values = F.embedding(codes, codebook)
        loss = F.mse_loss(values, rows.detach()) + 0.25 * F.mse_loss(rows, values.detach())
        passed = rows + (values - rows).detach()
        b, c, h, w = latents.shape
        return passed.view(b, h, w, c).permute(0, 3, 1, 2), loss

    def step(self):
        model, discriminator, pixels = self.model, self.discriminator, self.pixels
        of_model, of_discriminator = self.optimizers
        discriminator.requires_grad_(False)
        passed, codebook = self.quantize(model.latents(pixels))
        decoded = model.decode(passed)
        reconstruction = F.mse_loss(decoded, pixels) + 0.3 * F.l1_loss(decoded, pixels)
        adversarial = -discriminator(decoded).mean()
        norms = [
            torch.autograd.grad(loss, model.last, retain_graph=True)[0].norm() for loss in (reconstruction, adversarial)
        ]
        weight = (norms[0] / (norms[1] + 1e-6)).clamp(max=1e4) * self.settings["adversarialWeight"]
        loss = reconstruction + codebook + weight * adversarial
        of_model.zero_grad(set_to_none=True)
        loss.backward()
        of_model.step()
        discriminator.requires_grad_(True)
        real, fake = discriminator(pixels), discriminator(decoded.detach())
        hinge = 0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean())
        of_discriminator.zero_grad(set_to_none=True)
        hinge.backward()
        of_discriminator.step()
        return [value.item() for value in (loss, reconstruction, codebook, adversarial, weight, hinge)]

    def train(self, steps):
        seconds, losses = [], []
        for _ in range(steps):
            started = time.perf_counter()
            losses.append(self.step())
            seconds.append(time.perf_counter() - started)
        return {"seconds": seconds, "losses": losses}


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    torch.set_num_threads(job["threads"])
    trainings = {name: Training(job, order) for name, order in LAYOUTS.items()}
    first = next(iter(trainings.values()))
    about = {
        "version": f"PyTorch {torch.__version__}",
        "threads": torch.get_num_threads(),
        "parameters": [sum(p.numel() for p in module.parameters()) for module in (first.model, first.discriminator)],
    }
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        print(json.dumps(trainings[message["layout"]].train(message["steps"])), flush=True)


if __name__ == "__main__":
    main()
