"""Writes packages/encdec/src/fixtures/encdec.safetensors: small encoder-decoders in PyTorch, float64.

    python tooling/oracle/encdec.py

Needs torch, numpy and safetensors. For each case: `<case>.param.<name>`, `<case>.grad.<name>` (of the loss),
`<case>.codes`, `<case>.logits`, `<case>.loss`, `<case>.frame_nll`. The cases' configs, conditions and weights are JSON in the
metadata. The windows are taken from the inequalities of the paper, pair by pair.
"""

import json
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F

SEED = 20211124
FIXTURE = Path(__file__).parents[2] / "packages/encdec/src/fixtures/encdec.safetensors"
INPUTS = {"axes": ["left", "above", "before"], "row": ["left"], "raster": ["previous"]}

BASE = dict(dim=8, heads=2, encoderLayers=2, decoderLayers=2, codebookSize=7, textLength=3, textVocabulary=5)
CASES = {
    "video": dict(
        config=BASE | dict(
            sketchCodebookSize=4,
            conditionGrid=dict(height=2, width=2, frames=2),
            targetGrid=dict(height=3, width=3, frames=2),
            encoderPattern=dict(kind="nearby", extent=[1, 3, 3]),
            decoderPattern=dict(kind="nearby", extent=[3, 3, 3]),
            crossPattern=dict(kind="nearby", extent=[3, 1, "all"]),
            shift="axes",
            relativeBias=True,
        ),
        grid=dict(height=3, width=3, frames=2),
        conditions=[
            dict(kind="text", tokens=[1, 4]),
            dict(kind="none"),
            dict(kind="sketch", grid=dict(height=2, width=2, frames=2), codes=[0, 3, 1, 2, 2, 2, 0, 1]),
        ],
        first_frame_weight=3.0,
    ),
    "image": dict(
        config=BASE | dict(
            headDim=3,
            feedForwardDim=12,
            targetGrid=dict(height=3, width=4, frames=2),
            decoderPattern=dict(kind="block-sparse", block=[2, 3, 1]),
            shift="raster",
        ),
        grid=dict(height=3, width=3, frames=1),
        conditions=[dict(kind="text", tokens=[2, 2, 0]), dict(kind="none")],
        first_frame_weight=1.0,
    ),
}
OPTIONS = {
    "geglu": dict(feedForward="geglu", feedForwardDim=5),
    "swiglu": dict(feedForward="swiglu"),
    "sandwich": dict(sandwichNorm=True),
    "rotary": dict(rotary=True, headDim=10),
    "shared": dict(inputTables="shared"),
}
CASES |= {
    name: dict(
        config=BASE | dict(
            encoderLayers=1,
            targetGrid=dict(height=2, width=3, frames=3),
            decoderPattern=dict(kind="nearby", extent=[3, 3, 3]),
        ) | options,
        grid=dict(height=2, width=3, frames=2),
        conditions=[dict(kind="text", tokens=[3])],
        first_frame_weight=1.0,
    )
    for name, options in OPTIONS.items()
}
CASES["visual conditions"] = dict(
    config=BASE | dict(
        targetGrid=dict(height=2, width=3, frames=2),
        visualConditions=True,
        encoderPattern=dict(kind="nearby", extent=[3, 1, 3]),
        decoderPattern=dict(kind="nearby", extent=[3, 3, 3]),
        crossPattern=dict(kind="nearby", extent=[1, 3, 1]),
    ),
    grid=dict(height=2, width=3, frames=2),
    conditions=[
        dict(kind="text", tokens=[0]),
        dict(kind="image", grid=dict(height=2, width=2, frames=1), codes=[6, 0, 3, 1]),
        dict(kind="video", grid=dict(height=1, width=3, frames=2), codes=[2, 5, 0, 1, 1, 4]),
    ],
    first_frame_weight=1.0,
)


def coordinates(grid):
    h, w, s = grid["height"], grid["width"], grid["frames"]
    return [(i, j, k) for k in range(s) for i in range(h) for j in range(w)]


def attended(pattern, queries, keys, causal):
    """[n, m] of bools."""
    sizes = [(g["height"], g["width"], g["frames"]) for g in (queries, keys)]
    mask = []
    for p, query in enumerate(coordinates(queries)):
        centre = [query[a] * sizes[1][a] // sizes[0][a] for a in range(3)]
        row = []
        for c, key in enumerate(coordinates(keys)):
            if pattern == "full":
                inside = True
            elif pattern["kind"] == "nearby":
                extent = [10**6 if e == "all" else e for e in pattern["extent"]]
                inside = all(abs(key[a] - centre[a]) <= extent[a] // 2 for a in range(3))
            else:
                inside = all(key[a] // pattern["block"][a] == centre[a] // pattern["block"][a] for a in range(3))
            row.append(inside and not (causal and c > p))
        mask.append(row)
    return torch.tensor(mask)


class Model:
    def __init__(self, case, generator):
        self.config, self.params, self.generator = case["config"], {}, generator

    def param(self, name, *shape):
        if name not in self.params:
            value = torch.randn(shape, generator=self.generator, dtype=torch.float32) * 0.3
            self.params[name] = value.double().requires_grad_()
        return self.params[name]

    def linear(self, name, x, out, bias=True):
        y = x @ self.param(f"{name}.weight", x.shape[-1], out)
        return y + self.param(f"{name}.bias", out) if bias else y

    def norm(self, name, x):
        d = x.shape[-1]
        return F.layer_norm(x, (d,), self.param(f"{name}.gain", d), self.param(f"{name}.offset", d))

    def output_norm(self, name, branch):
        return self.norm(f"{name}OutputNorm", branch) if self.config.get("sandwichNorm") else branch

    def positions(self, name, largest, grid):
        d = self.config["dim"]
        tables = [self.param(f"{name}.{axis}", largest[axis], d) for axis in ("height", "width", "frames")]
        return torch.stack([sum(table[c] for table, c in zip(tables, cell)) for cell in coordinates(grid)])

    def turned(self, t, grid):
        """Rotary positions on [b, heads, n, headDim], as complex numbers: pair m is features m and m + headDim / 2."""
        half = t.shape[-1] // 2
        counts = [half // 3, half // 3, half - 2 * (half // 3)]
        rates = [10000 ** (-m / count) for count in counts for m in range(count)]
        axes = [axis for axis, count in enumerate(counts) for _ in range(count)]
        angles = [[cell[a] * r for a, r in zip(axes, rates)] for cell in coordinates(grid)]
        angles = torch.tensor(angles, dtype=torch.float64)
        z = torch.complex(t[..., :half], t[..., half:]) * torch.polar(torch.ones_like(angles), angles)
        return torch.cat([z.real, z.imag], -1)

    def attention(self, name, x, context, mask, bias=None, rotary=None):
        """rotary: the grid of x and of the context, where the config asks for rotary positions."""
        heads, d = self.config["heads"], x.shape[-1]
        size = self.config.get("headDim", d // heads)
        split = lambda t: t.unflatten(-1, (heads, size)).transpose(1, 2)
        q = split(self.linear(f"{name}.query", x, heads * size, bias=False))
        k = split(self.linear(f"{name}.key", context, heads * size, bias=False))
        v = split(self.linear(f"{name}.value", context, heads * size, bias=False))
        if rotary and self.config.get("rotary"):
            q, k = self.turned(q, rotary), self.turned(k, rotary)
        scores = q @ k.mT / size**0.5
        scores = scores if bias is None else scores + bias
        weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
        return self.linear(f"{name}.output", (weights @ v).transpose(1, 2).flatten(2), d)

    def feed_forward(self, name, x):
        d, kind = x.shape[-1], self.config.get("feedForward", "gelu")
        size = self.config.get("feedForwardDim", 4 * d)
        expanded = self.linear(f"{name}.expand", x, size if kind == "gelu" else 2 * size)
        gelu = lambda t: F.gelu(t, approximate="tanh")
        if kind == "gelu":
            return self.linear(f"{name}.contract", gelu(expanded), d)
        gate, value = expanded[..., :size], expanded[..., size:]
        gate = gelu(gate) if kind == "geglu" else gate * torch.sigmoid(gate)
        return self.linear(f"{name}.contract", gate * value, d)

    def encode(self, condition):
        """-> [1, m, d], grid, pattern of the cross-attention."""
        c, d = self.config, self.config["dim"]
        if "grid" in condition:
            grid, pattern, cross, tokens = condition["grid"], c["encoderPattern"], c["crossPattern"], condition["codes"]
            if condition["kind"] == "sketch":
                name, count, largest = "sketches", c["sketchCodebookSize"], c["conditionGrid"]
            else:
                name, count, largest = "visuals", c["codebookSize"], c["targetGrid"]
        else:
            grid = dict(height=1, width=1, frames=c["textLength"])
            name, pattern, cross, largest, count = "texts", "full", "full", grid, c["textVocabulary"] + 2
            words = condition.get("tokens", [])
            filler = c["textVocabulary"] + (condition["kind"] == "none")
            tokens = words + [filler] * (c["textLength"] - len(words))
        x = self.param(f"{name}.tokens.weight", count, d)[torch.tensor(tokens)]
        x = (x + self.positions(f"{name}.positions", largest, grid))[None]
        mask = attended(pattern, grid, grid, causal=False)
        for layer in range(c["encoderLayers"]):
            block = f"encoder.blocks.{layer}"
            y = self.norm(f"{block}.attentionNorm", x)
            x = x + self.output_norm(f"{block}.attention", self.attention(f"{block}.attention", y, y, mask, rotary=grid))
            fed = self.feed_forward(f"{block}.feedForward", self.norm(f"{block}.feedForwardNorm", x))
            x = x + self.output_norm(f"{block}.feedForward", fed)
        return self.norm("encoder.norm", x), grid, cross

    def inputs(self, codes, grid):
        """The sum of the embeddings of the tokens that each position reads, [b, n, d]."""
        c, w, per_frame = self.config, grid["width"], grid["width"] * grid["height"]
        total = 0
        for name in INPUTS[c.get("shift", "axes")]:
            table = "shared" if c.get("inputTables") == "shared" else name
            table = self.param(f"targets.tables.{table}.weight", c["codebookSize"] + 1, c["dim"])
            read = torch.full_like(codes, c["codebookSize"])
            for n, (i, j, k) in enumerate(coordinates(grid)):
                source = {
                    "left": n - 1 if j > 0 else None,
                    "above": n - w if i > 0 else None,
                    "before": n - per_frame if k > 0 else None,
                    "previous": n - 1 if n > 0 else None,
                }[name]
                if source is not None:
                    read[:, n] = codes[:, source]
            total = total + table[read]
        return total + self.positions("targets.positions", c["targetGrid"], grid)

    def relative_bias(self, name, grid):
        """[heads, n, n]: one number for each (frames back, row offset, column offset)."""
        c, largest = self.config, self.config["targetGrid"]
        reach = [min(e // 2, largest[axis] - 1)
                 for e, axis in zip(c["decoderPattern"]["extent"], ("height", "width", "frames"))]
        rows, columns = 2 * reach[0] + 1, 2 * reach[1] + 1
        values = self.param(f"{name}.values", c["heads"], (reach[2] + 1) * rows * columns)
        cells = coordinates(grid)
        bias = torch.zeros(c["heads"], len(cells), len(cells), dtype=torch.float64)
        index = torch.zeros(len(cells), len(cells), dtype=torch.long)
        for p, (i, j, k) in enumerate(cells):
            for q, (a, b, f) in enumerate(cells):
                if abs(a - i) <= reach[0] and abs(b - j) <= reach[1] and 0 <= k - f <= reach[2]:
                    index[p, q] = ((k - f) * rows + a - i + reach[0]) * columns + b - j + reach[1]
        return bias + values[:, index]

    def logits(self, codes, conditions, grid):
        c = self.config
        x = self.inputs(codes, grid)
        encoded = [self.encode(condition) for condition in conditions]
        own = attended(c["decoderPattern"], grid, grid, causal=True)
        for layer in range(c["decoderLayers"]):
            block = f"decoder.blocks.{layer}"
            y = self.norm(f"{block}.attentionNorm", x)
            bias = self.relative_bias(f"{block}.relativeBias", grid) if c.get("relativeBias") else None
            attention = self.attention(f"{block}.selfAttention", y, y, own, bias, rotary=grid)
            cross = [
                self.attention(f"{block}.crossAttention", y[row : row + 1], hidden, attended(pattern, grid, key_grid, False))
                for row, (hidden, key_grid, pattern) in enumerate(encoded)
            ]
            x = x + self.output_norm(f"{block}.attention", attention + torch.cat(cross))
            fed = self.feed_forward(f"{block}.feedForward", self.norm(f"{block}.feedForwardNorm", x))
            x = x + self.output_norm(f"{block}.feedForward", fed)
        return self.linear("head", self.norm("decoder.norm", x), c["codebookSize"], bias=False)


def compute(name, case):
    generator = torch.Generator().manual_seed(SEED)
    model, grid = Model(case, generator), case["grid"]
    n = grid["height"] * grid["width"] * grid["frames"]
    codes = torch.randint(case["config"]["codebookSize"], (len(case["conditions"]), n), generator=generator)
    logits = model.logits(codes, case["conditions"], grid)
    nll = F.cross_entropy(logits.flatten(0, 1), codes.flatten(), reduction="none").view(len(codes), grid["frames"], -1)
    weights = torch.ones(grid["frames"], 1, dtype=torch.float64)
    weights[0] = case["first_frame_weight"]
    loss = (nll * weights).sum() / (torch.ones_like(nll) * weights).sum()
    loss.backward()
    tensors = {"codes": codes.int(), "logits": logits, "loss": loss, "frame_nll": nll.mean((0, 2))}
    tensors |= {f"param.{key}": value for key, value in model.params.items()}
    tensors |= {f"grad.{key}": value.grad for key, value in model.params.items()}
    floats = lambda t: t.detach() if t.dtype == torch.int32 else t.detach().float()
    return {f"{name}.{key}": floats(value).contiguous() for key, value in tensors.items()}


if __name__ == "__main__":
    tensors = {}
    for name, case in CASES.items():
        tensors |= compute(name, case)
    metadata = {"seed": str(SEED), "torch": torch.__version__, "cases": json.dumps(CASES)}
    FIXTURE.parent.mkdir(exist_ok=True)
    safetensors.torch.save_file(tensors, FIXTURE, metadata)
    print(FIXTURE.name, len(tensors), "tensors", FIXTURE.stat().st_size, "bytes")
