"""Weights and pixels that a test can make itself, so that no fixture has to store them.

Each is `shift + scale * u`, with u uniform in [-1, 1) from a hash of the seed, the place of its name in the sorted
names, and the place of the number in the tensor; pixels are u itself, in the place before the first name.
"""

import numpy
import torch


def uniform(seed, stream, count):
    """float32 in [-1, 1): 24 bits of a hash of 32 bits (the finalizer of MurmurHash3) of a counter."""
    word = numpy.arange(count, dtype=numpy.uint32) + numpy.uint32((seed * 1000 + stream) * 0x9E3779B9 % 2**32)
    word = (word ^ (word >> 16)) * numpy.uint32(0x85EBCA6B)
    word = (word ^ (word >> 13)) * numpy.uint32(0xC2B2AE35)
    word = word ^ (word >> 16)
    return (word >> 8).astype(numpy.float32) / numpy.float32(2**23) - numpy.float32(1)


def spread(name, shape, codes):
    """Shift and scale of a weight: sizes as after training, so that norms, biases and attention all matter."""
    if name == "quantize.embedding.weight":
        return 0.0, codes
    if name.endswith("bias"):
        return 0.0, 0.3
    if len(shape) == 1:
        return 1.0, 0.5  # gains
    fan_in = numpy.prod(shape[1:])
    sharper = 1.5 if name.split(".")[-2] in ("q", "k", "to_q", "to_k") else 1.0
    return 0.0, float(numpy.float32(sharper * (3 / fan_in) ** 0.5))


def set_weights(model, seed, codes):
    """Sets every weight; names, shapes, shifts and scales."""
    weights = {}
    state = model.state_dict()
    for stream, name in enumerate(sorted(state)):
        shape = list(state[name].shape)
        shift, scale = (numpy.float32(x) for x in spread(name, shape, codes))
        values = shift + scale * uniform(seed, stream + 1, state[name].numel())
        state[name].copy_(torch.from_numpy(values.reshape(shape)))
        weights[name] = {"shape": shape, "shift": float(shift), "scale": float(scale)}
    return weights


def last(x):
    return x.permute(0, 2, 3, 1)


def margin(latents, codebook):
    """Smallest difference between the second nearest and the nearest code's squared distance."""
    nearest = torch.cdist(last(latents).reshape(-1, codebook.shape[1]), codebook).square().sort(1).values
    return (nearest[:, 1] - nearest[:, 0]).min().item()


def draw_pixels(seed, shape):
    """`[b, c, h, w]` of a channels-last shape."""
    return torch.from_numpy(uniform(seed, 0, int(numpy.prod(shape))).reshape(shape)).permute(0, 3, 1, 2)


def check_margin(name, model, latents):
    gap = margin(latents, model.quantize.embedding.weight)
    assert gap > 1e-3, f"{name}: two codes are nearly as near ({gap})"
    return gap
