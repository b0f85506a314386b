"""Windowed attention in PyTorch, for timing @nuwa/attention-3dna against it.

Usage: python attention.py THREADS
Prints one line of JSON about itself, then answers each line of JSON on stdin with one of its own:
{"open": {grid, extent, heads, layer, slow, file}} sets up every way to compute what `file` holds the result of:
    {"contestants": [{name, same, passes, once, errors, failed}]}, errors being relative to the results in `file`
{"run": name, "pass": "forward" or "both", "calls": n} calls it n times: {"seconds": [...]}
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn
from torch.nn.attention.flex_attention import create_block_mask, flex_attention
from transformer import nearby_mask

# Beyond so many keys a query, nuwa-pytorch takes gigabytes and many seconds a step.
MANY_KEYS = 100


class Contestant:
    """
    A function of `inputs`, whose gradients are taken under `dy`; the names of `inputs` are those of the file.

    same: it computes what ours does; backward: it has gradients; once: it is too slow for more than one turn.
    """

    def __init__(self, name, apply, inputs, dy, *, same=True, backward=True, once=False):
        self.name, self.apply, self.inputs, self.dy = name, apply, inputs, dy
        self.passes = ["forward", "both"] if backward else ["forward"]
        self.same, self.once = same, once

    def forward(self):
        with torch.no_grad():
            return self.apply()

    def both(self):
        y = self.apply()
        return y, torch.autograd.grad(y, list(self.inputs.values()), self.dy)

    def errors(self, expected):
        """By the name of the result: the largest difference relative to the largest value."""
        found = {"y": self.forward()}
        if "both" in self.passes:
            gradients = self.both()[1]
            found.update({f"gradient.{name}": gradient for name, gradient in zip(self.inputs, gradients)})
        return {name: relative_error(value, expected[name]) for name, value in found.items()}


def relative_error(actual, expected):
    return ((actual - expected).abs().max() / expected.abs().max()).item()


def ways(mask, grid, extent):
    """Functions of q, k, v `[b, h, n, d]`: (name, function, whether the window is kept, whether gradients exist)."""

    def full(q, k, v):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)

    def masked(q, k, v):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)

    gather = gathered(mask)
    return [
        ("SDPA, full causal", full, False, True),
        ("SDPA, window as a mask", masked, True, True),
        ("gather", gather, True, True),
        ("gather, compiled", torch.compile(gather, dynamic=False), True, True),
        ("flex_attention, compiled", flex(grid, extent), True, False),
    ]


def gathered(mask):
    """Gathers the keys and values of each query by index, then attends them under a mask."""
    count = int(mask.sum(1).max())
    inside, order = mask.int().sort(dim=1, descending=True, stable=True)
    keys, outside = order[:, :count].flatten(), ~inside[:, :count].bool()  # [n * count], [n, count]

    def near(x):
        b, h, n, d = x.shape
        return x.index_select(2, keys).view(b, h, n, count, d)

    def attend(q, k, v):
        scores = torch.einsum("bhnd,bhnwd->bhnw", q, near(k)) * q.shape[-1] ** -0.5
        weights = scores.masked_fill(outside, float("-inf")).softmax(-1)
        return torch.einsum("bhnw,bhnwd->bhnd", weights, near(v))

    return attend


def flex(grid, extent):
    h, w = grid["height"], grid["width"]
    n = h * w * grid["frames"]
    rows, columns, frames = (extent[axis] // 2 for axis in ("height", "width", "frames"))

    def in_window(b, head, query, key):
        row = (query // w % h - key // w % h).abs() <= rows
        column = (query % w - key % w).abs() <= columns
        frame = (query // (h * w) - key // (h * w)).abs() <= frames
        return row & column & frame & (key <= query)

    block_mask = create_block_mask(in_window, None, None, n, n, device="cpu")
    compiled = torch.compile(flex_attention, dynamic=False)
    return lambda q, k, v: compiled(q, k, v, block_mask=block_mask)


class Layer(nn.Module):
    """Projections around an attention, those of `Attention3D`: no biases on queries, keys, values."""

    def __init__(self, dim, heads, attend):
        super().__init__()
        self.heads, self.attend = heads, attend
        self.query, self.key, self.value = (nn.Linear(dim, dim, bias=False) for _ in range(3))
        self.output = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, dim = x.shape
        q, k, v = (
            projection(x).view(b, n, self.heads, -1).transpose(1, 2)  # [b, heads, n, head_dim]
            for projection in (self.query, self.key, self.value)
        )
        return self.output(self.attend(q, k, v).transpose(1, 2).reshape(b, n, dim))


def layer_contestant(tensors, heads, name, attend, same, backward):
    x = tensors["x"].detach().requires_grad_(backward)
    layer = Layer(x.shape[-1], heads, attend).requires_grad_(backward)
    with torch.no_grad():
        for key, parameter in layer.named_parameters():
            parameter.copy_(turned(key, tensors[key]))
    inputs = {"x": x, **dict(layer.named_parameters())}
    return Contestant(name, lambda: layer(x), inputs, tensors["dy"], same=same, backward=backward)


def core_contestant(tensors, name, attend, same, backward):
    inputs = {key: tensors[key].detach().requires_grad_(backward) for key in ("query", "key", "value")}
    return Contestant(name, lambda: attend(*inputs.values()), inputs, tensors["dy"], same=same, backward=backward)


def turned(name, tensor):
    """Our linear weights, and so their gradients, are [in, out]."""
    return tensor.T if name.endswith(".weight") else tensor


def nuwa_pytorch(grid, extent, heads, head_dim):
    """Its layer: another window, of tokens up to the query's own place on every axis, and a token before the first."""
    from nuwa_pytorch.nuwa_pytorch import Sparse3DNA

    shape = tuple(grid[axis] for axis in ("frames", "height", "width"))
    window = tuple(extent[axis] for axis in ("frames", "height", "width"))
    dim, tokens = heads * head_dim, shape[0] * shape[1] * shape[2]
    layer = Sparse3DNA(dim, shape, kernel_size=window, heads=heads, dim_head=head_dim, causal=True)
    x = torch.randn(1, tokens + 1, dim, requires_grad=True)
    inputs = {"x": x, **dict(layer.named_parameters())}
    once = window[0] * window[1] * window[2] > MANY_KEYS
    return Contestant("nuwa-pytorch layer", lambda: layer(x), inputs, torch.randn_like(x), same=False, once=once)


class Bench:
    def __init__(self):
        self.contestants = {}

    def open(self, problem):
        self.contestants = {}
        tensors = load_file(problem["file"])
        expected = {key: turned(key, value) for key, value in tensors.items()}
        grid, extent, heads = problem["grid"], problem["extent"], problem["heads"]
        mask = nearby_mask(grid, [extent[axis] for axis in ("height", "width", "frames")])
        head_dim = tensors["dy"].shape[-1] // (heads if problem["layer"] else 1)
        reports = []
        for name, attend, same, backward in ways(mask, grid, extent):
            if problem["layer"]:
                contestant = layer_contestant(tensors, heads, name, attend, same, backward)
            else:
                contestant = core_contestant(tensors, name, attend, same, backward)
            reports.append(self.admit(contestant, expected))
        reports.append(self.admit_nuwa_pytorch(grid, extent, heads, head_dim, problem["slow"]))
        return {"contestants": reports}

    def admit(self, contestant, expected):
        """Reports on a contestant, which must run here to take part. Its first call compiles what it compiles."""
        report = {"name": contestant.name, "same": contestant.same, "once": contestant.once}
        try:
            errors = contestant.errors(expected) if contestant.same else {}
        except Exception as error:
            return {**report, "passes": [], "errors": {}, "failed": first_line(error)}
        self.contestants[contestant.name] = contestant
        return {**report, "passes": contestant.passes, "errors": errors, "failed": None}

    def admit_nuwa_pytorch(self, grid, extent, heads, head_dim, slow):
        report = {"name": "nuwa-pytorch layer", "same": False, "once": True, "passes": [], "errors": {}}
        try:
            contestant = nuwa_pytorch(grid, extent, heads, head_dim)
        except ImportError as error:
            return {**report, "failed": f"install nuwa-pytorch for it ({first_line(error)})"}
        if contestant.once and not slow:
            return {**report, "failed": "gigabytes and many seconds a step, so only with --slow"}
        return self.admit(contestant, {})

    def run(self, name, which, calls):
        call = getattr(self.contestants[name], which)
        seconds = []
        for _ in range(calls):
            started = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - started)
        return {"seconds": seconds}


def first_line(error):
    return f"{type(error).__name__}: {error}".strip().splitlines()[0][:200]


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    bench = Bench()
    about = {"version": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads()}
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        if "open" in message:
            answer = bench.open(message["open"])
        else:
            answer = bench.run(message["run"], message["pass"], message["calls"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
