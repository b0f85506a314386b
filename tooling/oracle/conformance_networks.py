"""The cases of conformance.py that are networks or parts of them. Everything is channels last."""

import math

import torch
import torch.nn.functional as F

from conformance_cases import case, integers, positive, random

# ---- convolutions


def paddings(size, kernel, stride, pad, dilation):
    if pad == "valid":
        return 0, 0
    if pad == "same":  # TensorFlow's: the far side gets the odd one
        total = max((math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        return total // 2, total - total // 2
    return (pad, pad) if isinstance(pad, int) else pad


def padded(x, kernel, stride, pad, dilation=1):
    rows = paddings(x.shape[1], kernel[0], stride, pad, dilation)
    columns = paddings(x.shape[2], kernel[1], stride, pad, dilation)
    return F.pad(x.permute(0, 3, 1, 2), (*columns, *rows))


def conv2d(x, w, stride=1, pad="same", dilation=1):
    image = padded(x, w.shape[:2], stride, pad, dilation)
    return F.conv2d(image, w.permute(3, 2, 0, 1), stride=stride, dilation=dilation).permute(0, 2, 3, 1)


def depthwise(x, w, stride=1, pad="same"):
    height, width, channels, multiplier = w.shape
    kernel = w.permute(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    image = padded(x, (height, width), stride, pad)
    return F.conv2d(image, kernel, stride=stride, groups=channels).permute(0, 2, 3, 1)


def conv2d_transpose(x, w, stride, pad="same"):
    size = [n * stride if pad == "same" else (n - 1) * stride + k for n, k in zip(x.shape[1:3], w.shape[:2])]
    full = F.conv_transpose2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), stride=stride).permute(0, 2, 3, 1)
    low = [paddings(n, k, stride, pad, 1)[0] for n, k in zip(size, w.shape[:2])]
    return full[:, low[0] : low[0] + size[0], low[1] : low[1] + size[1]]


def pool(x, function, kernel, stride, pad="valid"):
    image = x.permute(0, 3, 1, 2)
    return function(image, kernel, stride, **({"padding": kernel // 2} if pad == "same" else {})).permute(0, 2, 3, 1)


CONVOLUTIONS = {
    "3x3": ((2, 6, 7, 3), (3, 3, 3, 4), {}),
    "3x3 stride 2": ((2, 7, 6, 3), (3, 3, 3, 4), {"stride": 2}),
    "3x3 valid": ((2, 6, 7, 3), (3, 3, 3, 4), {"pad": "valid"}),
    "3x3 valid stride 2": ((2, 8, 7, 2), (3, 3, 2, 3), {"stride": 2, "pad": "valid"}),
    "3x3 padded 1": ((2, 5, 5, 2), (3, 3, 2, 3), {"pad": 1}),
    "3x3 stride 2 padded 0,1": ((2, 6, 6, 2), (3, 3, 2, 3), {"stride": 2, "pad": (0, 1)}),
    "3x3 dilated 2": ((1, 7, 7, 2), (3, 3, 2, 2), {"dilation": 2}),
    "1x1": ((2, 5, 4, 3), (1, 1, 3, 6), {}),
    "1x1 stride 2": ((2, 5, 4, 3), (1, 1, 3, 6), {"stride": 2}),
    "4x4 stride 2": ((2, 8, 8, 3), (4, 4, 3, 4), {"stride": 2}),
    "4x4 stride 2 padded 1": ((2, 8, 6, 3), (4, 4, 3, 4), {"stride": 2, "pad": 1}),
    "3x3 of 16 channels": ((2, 8, 8, 16), (3, 3, 16, 16), {}),
    "5x3": ((1, 6, 6, 2), (5, 3, 2, 2), {}),
    "whole image": ((2, 4, 4, 3), (4, 4, 3, 5), {"pad": "valid"}),
}
for name, (image, kernel, options) in CONVOLUTIONS.items():
    dilated = "dilation" in options  # tfjs has no gradient of dilated convolutions
    case(f"conv2d {name}", [random(*image), random(*kernel)], lambda x, w, o=options: conv2d(x, w, **o), not dilated)
case("conv2dTranspose 4x4 stride 2", [random(2, 3, 4, 5), random(4, 4, 3, 5)], lambda x, w: conv2d_transpose(x, w, 2))
case("conv2dTranspose 3x3", [random(2, 4, 3, 3), random(3, 3, 2, 3)], lambda x, w: conv2d_transpose(x, w, 1))
case("conv2dTranspose 2x2 stride 2 valid", [random(1, 3, 3, 2), random(2, 2, 4, 2)],
     lambda x, w: conv2d_transpose(x, w, 2, "valid"))
case("depthwiseConv2d 3x3", [random(2, 5, 6, 3), random(3, 3, 3, 1)], depthwise)
case("depthwiseConv2d 3x3 stride 2", [random(2, 6, 5, 4), random(3, 3, 4, 1)], lambda x, w: depthwise(x, w, 2))
case("depthwiseConv2d multiplier 2, valid", [random(1, 5, 5, 2), random(3, 3, 2, 2)],
     lambda x, w: depthwise(x, w, 1, "valid"))
case("avgPool 2x2", [random(2, 4, 6, 3)], lambda x: pool(x, F.avg_pool2d, 2, 2))
case("avgPool 3x3 same", [random(2, 5, 5, 3)],
     lambda x: pool(x, lambda *a, **k: F.avg_pool2d(*a, **k, count_include_pad=False), 3, 1, "same"))
case("maxPool 2x2", [random(2, 4, 6, 3)], lambda x: pool(x, F.max_pool2d, 2, 2), gradient=False)
case("resizeNearestNeighbor", [random(2, 3, 4, 3)], lambda x: x.repeat_interleave(2, 1).repeat_interleave(2, 2))
case("resizeNearestNeighbor of one image", [random(1, 3, 4, 3)],
     lambda x: x.repeat_interleave(2, 1).repeat_interleave(2, 2))

# ---- compositions


def attention(q, k, v):
    scores = q @ k.mT * q.shape[-1] ** -0.5
    mask = torch.ones(scores.shape[-2:], dtype=scores.dtype).tril()
    return (scores + (mask - 1) * 1e9).softmax(-1) @ v


def distances(z, codes):
    return (z * z).sum(1, keepdim=True) - 2 * z @ codes.mT + (codes * codes).sum(1)


def straight_through(z, codes):
    nearest = codes[distances(z, codes).argmin(1)]
    return z + (nearest - z).detach(), ((nearest - z) ** 2).mean()


case("causal attention", [random(2, 3, 6, 4) for _ in range(3)], attention)
case("nearest codes", [random(9, 4), random(12, 4)], lambda z, c: distances(z, c).argmin(1), gradient=False)
case("straight-through codes", [random(9, 4), random(12, 4)], straight_through)
case("mean squared error", [random(2, 4, 4, 3), random(2, 4, 4, 3)], lambda x, y: ((x - y) ** 2).mean())
case("likelihood by one-hot", [random(6, 5), integers(5, 6)], lambda x, i: F.cross_entropy(x, i))

# ---- layers of tensor3d

case("Linear", [random(2, 3, 4), random(4, 5), random(5)], lambda x, w, b: x @ w + b)
case("LayerNorm", [random(2, 3, 8), positive(8), random(8)], lambda x, g, b: F.layer_norm(x, (8,), g, b))
case("gelu", [random(3, 8)], lambda x: F.gelu(x, approximate="tanh"))
case("silu", [random(3, 8)], F.silu)
case("Embedding", [integers(7, 2, 5), random(7, 4)], lambda i, w: w[i])
case("Conv2d", [random(2, 6, 6, 3), random(3, 3, 3, 4), random(4)], lambda x, w, b: conv2d(x, w, 2) + b)
case("AxialPositions", [random(3, 4), random(2, 4), random(2, 4)],
     lambda h, w, s: (s[:, None, None] + h[:, None] + w).reshape(12, 4))
case("sparseCrossEntropy", [random(6, 5), integers(5, 6)], lambda x, i: F.cross_entropy(x, i, reduction="none"))
case("upsampleNearest2x", [random(2, 3, 2, 3)], lambda x: x.repeat_interleave(2, 1).repeat_interleave(2, 2))


def adamw(weight, bias, *gradients):
    params = [weight.clone().requires_grad_(), bias.clone().requires_grad_()]
    optimizer = torch.optim.AdamW(params, lr=0.05, betas=(0.8, 0.95), eps=1e-6, weight_decay=0)
    decay = 1 - 0.05 * 0.1
    for step in range(3):
        params[0].grad, params[1].grad = (g.clone() for g in gradients[2 * step : 2 * step + 2])
        torch.nn.utils.clip_grad_norm_(params, 1.5)
        with torch.no_grad():
            params[0].mul_(decay)  # decay on matrices only
        optimizer.step()
    return [param.detach() for param in params]


case("AdamW, 3 steps", [random(3, 4), random(4)] + [random(*s) for _ in range(3) for s in [(3, 4), (4,)]],
     adamw, gradient=False)

# ---- training

TRAINED = {
    "convolution.weight": random(3, 3, 3, 6) * 0.3, "convolution.bias": random(6) * 0.1,
    "norm.gain": positive(6), "norm.offset": random(6) * 0.1,
    "head.weight": random(6, 5) * 0.4, "head.bias": random(5) * 0.1,
}


def train(images, labels, *params):
    """The losses of six steps on the same batch: convolution, LayerNorm, gelu, Linear, cross-entropy at every pixel."""
    params = [param.clone().requires_grad_() for param in params]
    optimizer = torch.optim.AdamW(params, lr=0.05, betas=(0.9, 0.99), eps=1e-8, weight_decay=0)
    losses = []
    for _ in range(6):
        weight, bias, gain, offset, head, head_bias = params
        x = F.gelu(F.layer_norm(conv2d(images, weight, 2) + bias, (6,), gain, offset), approximate="tanh")
        loss = F.cross_entropy((x @ head + head_bias).reshape(-1, 5), labels)
        losses.append(loss.detach())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1)
        with torch.no_grad():
            for param in params:
                if param.ndim >= 2:
                    param.mul_(1 - 0.05 * 0.1)  # decay on matrices and kernels only
        optimizer.step()
    return torch.stack(losses), *[param.detach() for param in params]


case("training, 6 steps", [random(4, 6, 6, 3), integers(5, 4 * 3 * 3), *TRAINED.values()], train, gradient=False)
