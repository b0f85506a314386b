"""The encoder-decoder of @nuwa/encdec as plain PyTorch modules, for timing training steps against it.

Usage: python transformer.py job.json
What it prints: see training.py.
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file
from torch import nn

from training import train


class Attention(nn.Module):
    """Multi-head attention through scaled_dot_product_attention; no biases on queries, keys, values."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(dim, dim, bias=False)
        self.key = nn.Linear(dim, dim, bias=False)
        self.value = nn.Linear(dim, dim, bias=False)
        self.output = nn.Linear(dim, dim)

    def split(self, x):
        b, n, d = x.shape
        return x.view(b, n, self.heads, d // self.heads).transpose(1, 2)  # [b, heads, n, head_dim]

    def forward(self, x, context, mask=None):
        q, k, v = self.split(self.query(x)), self.split(self.key(context)), self.split(self.value(context))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.output(y.transpose(1, 2).reshape(x.shape))


class FeedForward(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.expand = nn.Linear(dim, 4 * dim)
        self.contract = nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.contract(F.gelu(self.expand(x), approximate="tanh"))


class EncoderBlock(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention, self.feed_forward = Attention(dim, heads), FeedForward(dim)

    def forward(self, x):
        y = self.attention_norm(x)
        x = x + self.attention(y, y)
        return x + self.feed_forward(self.feed_forward_norm(x))


class DecoderBlock(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.self_attention, self.cross_attention = Attention(dim, heads), Attention(dim, heads)
        self.feed_forward = FeedForward(dim)

    def forward(self, x, context, mask):
        y = self.attention_norm(x)
        x = x + self.self_attention(y, y, mask) + self.cross_attention(y, context)
        return x + self.feed_forward(self.feed_forward_norm(x))


class Positions(nn.Module):
    """P_height + P_width + P_frames for every token of a grid, frame by frame in raster order."""

    def __init__(self, height, width, frames, dim):
        super().__init__()
        self.height, self.width, self.frames = (nn.Parameter(torch.zeros(n, dim)) for n in (height, width, frames))

    def forward(self):
        grid = self.frames[:, None, None] + self.height[None, :, None] + self.width[None, None]
        return grid.reshape(-1, grid.shape[-1])


class Blocks(nn.Module):
    def __init__(self, block, count, dim, heads):
        super().__init__()
        self.blocks = nn.ModuleList(block(dim, heads) for _ in range(count))
        self.norm = nn.LayerNorm(dim)

    def forward(self, x, *rest):
        for block in self.blocks:
            x = block(x, *rest)
        return self.norm(x)


class Texts(nn.Module):
    def __init__(self, count, length, dim):
        super().__init__()
        self.tokens = nn.Embedding(count, dim)
        self.positions = Positions(1, 1, length, dim)

    def forward(self, tokens):
        return self.tokens(tokens) + self.positions()


class Targets(nn.Module):
    """Each position reads the tokens to its left, above it and in the frame before; the last row is the border."""

    def __init__(self, codes, grid, dim):
        super().__init__()
        self.grid, self.border = grid, codes
        self.tables = nn.ModuleDict({name: nn.Embedding(codes + 1, dim) for name in ("left", "above", "before")})
        self.positions = Positions(grid["height"], grid["width"], grid["frames"], dim)

    def forward(self, codes):
        h, w, s = self.grid["height"], self.grid["width"], self.grid["frames"]
        volume = codes.view(-1, s, h, w)
        shifts = {"left": (1, 0, 0, 0, 0, 0), "above": (0, 0, 1, 0, 0, 0), "before": (0, 0, 0, 0, 1, 0)}
        total = self.positions()
        for name, pad in shifts.items():
            shifted = F.pad(volume, pad, value=self.border)[:, :s, :h, :w]
            total = total + self.tables[name](shifted.reshape(codes.shape))
        return total


class EncoderDecoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        dim, heads = config["dim"], config["heads"]
        self.texts = Texts(config["textVocabulary"] + 2, config["textLength"], dim)
        self.targets = Targets(config["codebookSize"], config["targetGrid"], dim)
        self.encoder = Blocks(EncoderBlock, config["encoderLayers"], dim, heads)
        self.decoder = Blocks(DecoderBlock, config["decoderLayers"], dim, heads)
        self.head = nn.Linear(dim, config["codebookSize"], bias=False)
        mask = nearby_mask(config["targetGrid"], config["decoderPattern"]["extent"])
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, texts, codes):
        context = self.encoder(self.texts(texts))
        logits = self.head(self.decoder(self.targets(codes), context, self.mask))
        return F.cross_entropy(logits.flatten(0, 1), codes.flatten())


def nearby_mask(grid, extent):
    """[n, n], true where the key lies in the query's window and not after it."""
    h, w, s = grid["height"], grid["width"], grid["frames"]
    n = np.arange(h * w * s)
    places = np.stack([n // w % h, n % w, n // (h * w)], 1)  # row, column, frame
    near = np.abs(places[:, None] - places[None]) <= np.array(extent) // 2
    return torch.from_numpy(near.all(-1) & (n[None] <= n[:, None]))


def our_name(name):
    """The key of @nuwa/encdec for a name here: camelCase, and the words of layer norms."""
    parts = name.split(".")
    if len(parts) > 1 and parts[-2].endswith("norm"):
        parts[-1] = {"weight": "gain", "bias": "offset"}[parts[-1]]
    words = [part.split("_") for part in parts]
    return ".".join(first + "".join(word.capitalize() for word in rest) for first, *rest in words)


def load(model, path):
    """Copies the weights; every one of both sides must fit. Our linear weights are [in, out]."""
    tensors = load_file(path)
    linear = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            value = torch.from_numpy(tensors.pop(our_name(name)))
            parameter.copy_(value.T if name in linear else value)
    if tensors:
        raise ValueError(f"weights that this model lacks: {', '.join(tensors)}")


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    torch.set_num_threads(job["threads"])
    model = EncoderDecoder(job["config"])
    load(model, job["weights"])
    texts = torch.tensor(job["texts"])
    codes = torch.tensor(job["targets"]).view(job["batch"], -1)
    train(model, {"texts": texts, "codes": codes}, job)


if __name__ == "__main__":
    main()
