"""What PyTorch programs of a VQ-GAN's losses share: the discriminator, a narrow VGG16, LPIPS and the adversarial losses.

Pixels are channels last, in [-1, 1].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VGG_WIDTHS = [4, 6, 8, 8, 8]
VGG_CONVS = [2, 2, 3, 3, 3]


def nchw(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2)


def nhwc(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1)


class PatchGan(nn.Module):
    def __init__(self, width: int, layers: int, groups: int | None) -> None:
        super().__init__()
        main: list[nn.Module] = [nn.Conv2d(3, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        for layer in range(1, layers + 1):
            before, after = width * min(2 ** (layer - 1), 8), width * min(2**layer, 8)
            main.append(nn.Conv2d(before, after, 4, stride=1 if layer == layers else 2, padding=1))
            if groups:
                main.append(nn.GroupNorm(groups, after))
            main.append(nn.LeakyReLU(0.2))
        main.append(nn.Conv2d(width * min(2**layers, 8), 1, 4, stride=1, padding=1))
        self.main = nn.Sequential(*main)

    def forward(self, pixels: Tensor) -> Tensor:
        return nhwc(self.main(nchw(pixels)))


class Vgg(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        self.taps: list[int] = []
        inputs = 3
        for level, (width, count) in enumerate(zip(VGG_WIDTHS, VGG_CONVS)):
            if level:
                layers.append(nn.MaxPool2d(2, 2))
            for _ in range(count):
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
                inputs = width
            self.taps.append(len(layers) - 1)
        self.features = nn.Sequential(*layers)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        mean, std = (torch.tensor(x, dtype=torch.float64) for x in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
        x = nchw(((pixels + 1) / 2 - mean) / std)
        levels = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                levels.append(x)
        return levels


def unit(x: Tensor) -> Tensor:
    squares = x.square().sum(1, keepdim=True)
    alive = squares > 0  # the root's gradient at 0 would be NaN
    return x / (torch.where(alive, squares, 1.0).sqrt() * alive + 1e-10)


def lpips(network: Vgg, heads: list[Tensor] | None, actual: Tensor, expected: Tensor) -> Tensor:
    total = torch.zeros(len(actual)).double()
    for level, (a, b) in enumerate(zip(network(actual), network(expected))):
        squared = (unit(a) - unit(b)).square()
        weighted = F.conv2d(squared, heads[level]) if heads else squared.sum(1, keepdim=True)
        total = total + weighted.mean((1, 2, 3))
    return total


def discriminator_terms(real: Tensor, fake: Tensor, kind: str) -> dict[str, Tensor]:
    if kind == "hinge":
        terms = {"real": F.relu(1 - real).mean() / 2, "fake": F.relu(1 + fake).mean() / 2}
    else:
        terms = {"real": -F.logsigmoid(real).mean(), "fake": -F.logsigmoid(-fake).mean()}
    return terms | {"loss": terms["real"] + terms["fake"]}


def generator_term(fake: Tensor, kind: str) -> Tensor:
    return -fake.mean() if kind == "hinge" else -F.logsigmoid(fake).mean()
