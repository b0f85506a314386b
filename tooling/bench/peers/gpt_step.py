"""A GPT as plain PyTorch modules, for timing training steps against ours.

Usage: python gpt_step.py job.json
What it prints: see training.py.
"""

import json
import sys

import torch
import torch.nn.functional as F
from torch import nn

from training import train
from transformer import load


class Block(nn.Module):
    def __init__(self, dim, heads, attends):
        super().__init__()
        self.heads, self.attends = heads, attends
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.query_key_value, self.output = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.expand, self.contract = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def split(self, x):
        b, n, d = x.shape
        return x.view(b, n, self.heads, d // self.heads).transpose(1, 2)  # [b, heads, n, head_dim]

    def mix(self, q, k, v):
        """Full causal attention, or the sum of the three."""
        if not self.attends:
            return q + k + v
        y = F.scaled_dot_product_attention(self.split(q), self.split(k), self.split(v), is_causal=True)
        return y.transpose(1, 2).reshape(q.shape)

    def forward(self, x):
        q, k, v = self.query_key_value(self.attention_norm(x)).chunk(3, -1)
        x = x + self.output(self.mix(q, k, v))
        return x + self.contract(F.gelu(self.expand(self.feed_forward_norm(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, dim, heads, layers, tokens, vocabulary, attends):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, dim), nn.Embedding(tokens, dim)
        self.blocks = nn.ModuleList(Block(dim, heads, attends) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocabulary)

    def forward(self, codes):
        """The loss of the next codes; codes `[batch, tokens + 1]`."""
        x = self.tokens(codes[:, :-1]) + self.positions.weight
        for block in self.blocks:
            x = block(x)
        return F.cross_entropy(self.head(self.norm(x)).flatten(0, 1), codes[:, 1:].flatten())


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    torch.set_num_threads(job["threads"])
    model = Gpt(**job["config"])
    load(model, job["weights"])
    codes = torch.tensor(job["codes"]).view(job["batch"], -1)
    train(model, {"codes": codes}, job)


if __name__ == "__main__":
    main()
