"""The cases of conformance.py. Every name here has a function of the same name in
packages/backends/src/conformance/cases/, written with tfjs."""

import math

import torch
import torch.nn.functional as F

SEED = 20211124
generator = torch.Generator().manual_seed(SEED)
CASES = []


def random(*shape):
    return torch.randn(shape, generator=generator)


def positive(*shape):
    return torch.rand(shape, generator=generator) * 2 + 0.25


def integers(bound, *shape, low=0):
    return torch.randint(low, bound, shape, generator=generator, dtype=torch.int32)


def case(name, inputs, function, gradient=True):
    CASES.append((name, inputs, function, gradient))


# ---- matrix products

for a, b in [(False, False), (True, False), (False, True), (True, True)]:
    words = {(0, 0): "", (1, 0): ", transposed a", (0, 1): ", transposed b", (1, 1): ", both transposed"}[a, b]
    for lead, rank in [((), 2), ((2,), 3), ((2, 3), 4)]:
        left = random(*lead, *((5, 3) if a else (3, 5)))
        right = random(*lead, *((4, 5) if b else (5, 4)))
        case(f"matMul rank {rank}{words}", [left, right],
             lambda x, y, a=a, b=b: (x.mT if a else x) @ (y.mT if b else y))
case("matMul rank 3 by rank 2", [random(2, 3, 5), random(5, 4)], torch.matmul)
case("matMul rank 4 by rank 2", [random(2, 3, 4, 5), random(5, 6)], torch.matmul)
case("matMul broadcast batch", [random(1, 3, 5), random(4, 5, 2)], torch.matmul)
case("matMul, both batches broadcast", [random(2, 1, 3, 5), random(1, 3, 5, 2)], torch.matmul)
case("matMul, an inner batch axis broadcast", [random(2, 1, 3, 5), random(2, 3, 2, 5)], lambda x, y: x @ y.mT)
case("matMul of size 1", [random(1, 1), random(1, 1)], torch.matmul)
case("matMul of 32", [random(32, 32), random(32, 32)], torch.matmul)
case("matMul of odd sizes", [random(35, 70), random(70, 33)], torch.matmul)
case("matMul of a long inner axis", [random(3, 1025), random(1025, 2)], torch.matmul)
case("matMul rank 3 of 32, transposed b", [random(2, 33, 32), random(2, 40, 32)], lambda x, y: x @ y.mT)

# ---- elementwise

BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum,
    "minimum": torch.minimum, "squaredDifference": lambda x, y: (x - y) ** 2,
}
for name, function in BINARY.items():
    make = (lambda *s: positive(*s) + 0.5) if name == "div" else random
    case(name, [random(2, 3, 4), make(2, 3, 4)], function)
    case(f"{name}, right broadcast", [random(2, 3, 4), make(4)], function)
    case(f"{name}, both broadcast", [random(3, 1), make(1, 5)], function)
case("add, left broadcast", [random(5), random(2, 3, 5)], torch.add)
case("mul by a scalar", [random(), random(2, 3)], torch.mul)
case("add rank 4 broadcast", [random(2, 3, 1, 4), random(1, 1, 5, 4)], torch.add)
case("pow", [positive(3, 4), random(3, 4)], torch.pow)

case("addN of 12", [random(2, 3) for _ in range(12)], lambda *x: sum(x))

UNARY = {
    "square": torch.square, "exp": torch.exp, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "erf": torch.erf,
    "abs": torch.abs, "neg": torch.neg, "relu": torch.relu, "softplus": F.softplus, "sin": torch.sin, "cos": torch.cos,
    "leakyRelu": lambda x: F.leaky_relu(x, 0.2), "clipByValue": lambda x: x.clamp(-0.5, 0.8),
}
for name, function in UNARY.items():
    case(name, [random(3, 5)], function)
for name, function in {"sqrt": torch.sqrt, "rsqrt": torch.rsqrt, "log": torch.log, "log1p": torch.log1p,
                       "reciprocal": torch.reciprocal}.items():
    case(name, [positive(3, 4)], function)
for name, function in {"floor": torch.floor, "sign": torch.sign, "round": torch.round}.items():
    case(name, [random(3, 4) * 3], function, gradient=False)
case("softmax", [random(4, 7)], lambda x: x.softmax(-1))
case("softmax rank 4", [random(2, 2, 3, 9)], lambda x: x.softmax(-1))
case("softmax of size 1", [random(3, 1)], lambda x: x.softmax(-1))
case("softmax of masked logits", [random(3, 6), integers(2, 3, 6)],
     lambda x, m: (x + (1 - m.clone().index_fill_(1, torch.tensor([0]), 1)) * -1e9).softmax(-1))
case("logSoftmax", [random(4, 7)], lambda x: x.log_softmax(-1))
case("logSumExp", [random(4, 7)], lambda x: x.logsumexp(-1))
case("logSumExp axis 1, kept", [random(2, 5, 3)], lambda x: x.logsumexp(1, keepdim=True))

# ---- reductions and orders

for name, function in {"sum": torch.sum, "mean": torch.mean}.items():
    case(f"{name} of all", [random(2, 3, 4)], lambda x, f=function: f(x))
    case(f"{name} axis 0", [random(5, 3)], lambda x, f=function: f(x, 0))
    case(f"{name} last axis, kept", [random(2, 3, 4)], lambda x, f=function: f(x, -1, keepdim=True))
    case(f"{name} axes 0 and 2", [random(2, 3, 4)], lambda x, f=function: f(x, (0, 2)))
    case(f"{name} of a long axis", [random(2, 2500)], lambda x, f=function: f(x, 1))
case("max last axis", [random(3, 6)], lambda x: x.amax(-1))
case("max of all", [random(3, 6)], lambda x: x.amax())
case("max axis 1, kept", [random(2, 5, 3)], lambda x: x.amax(1, keepdim=True))
case("min axis 0", [random(4, 3)], lambda x: x.amin(0))
case("argMax last axis", [random(4, 9)], lambda x: x.argmax(-1), gradient=False)
case("argMax axis 0", [random(4, 9)], lambda x: x.argmax(0), gradient=False)
case("argMin last axis", [random(4, 300)], lambda x: x.argmin(-1), gradient=False)
case("argMin of ties", [integers(2, 5, 6).float()], lambda x: first_minimum(x), gradient=False)
case("any", [integers(2, 4, 3)], lambda x: x.bool().any(1), gradient=False)
case("all", [integers(2, 4, 3)], lambda x: x.bool().all(1), gradient=False)
case("cumsum last axis", [random(3, 5)], lambda x: x.cumsum(-1))
case("cumsum axis -1", [random(2, 5)], lambda x: x.cumsum(-1))
case("cumsum axis 0", [random(4, 3)], lambda x: x.cumsum(0))
case("cumsum exclusive", [random(3, 5)], lambda x: x.cumsum(-1) - x)
case("cumsum reversed", [random(3, 5)], lambda x: x.flip(-1).cumsum(-1).flip(-1))
case("topk", [random(3, 8)], lambda x: x.topk(3, -1), gradient=False)
case("topk of everything", [random(2, 12)], lambda x: x.topk(12, -1), gradient=False)


def first_minimum(x):
    """The lowest index on ties."""
    places = torch.arange(x.shape[-1]).expand_as(x)
    return places.masked_fill(x != x.amin(-1, keepdim=True), x.shape[-1]).amin(-1)


# ---- indices

case("gather axis 0", [random(5, 3), integers(5, 7)], lambda x, i: x[i])
case("gather axis 1", [random(2, 5, 3), integers(5, 4)], lambda x, i: x[:, i])
case("gather by rank 2", [random(6, 4), integers(6, 2, 3)], lambda x, i: x[i])
case("gather with batchDims", [random(3, 5), integers(5, 3, 2)], lambda x, i: x.gather(1, i))
case("gather axis 2 with batchDims", [random(2, 3, 5, 2), integers(5, 2, 4)],
     lambda x, i: torch.stack([x[b][:, i[b]] for b in range(2)]))
case("gather of one", [random(1, 4), integers(1, 3)], lambda x, i: x[i])
case("gather of int32", [integers(9, 5), integers(5, 4)], lambda x, i: x[i])
case("gatherND", [random(3, 4, 2), torch.tensor([[0, 1], [2, 3], [0, 1]], dtype=torch.int32)],
     lambda x, i: x[i[:, 0], i[:, 1]], gradient=False)
case("scatterND", [torch.tensor([[1], [3], [1]], dtype=torch.int32), random(3, 2)],
     lambda i, x: torch.zeros(5, 2, dtype=x.dtype).index_add(0, i[:, 0], x), gradient=False)
PLACES = torch.tensor([[3], [1]], dtype=torch.int32)
case("tensorScatterUpdate", [random(4, 2), PLACES, random(2, 2)], lambda x, i, u: x.index_copy(0, i[:, 0], u))
case("tensorScatterUpdate, input kept", [random(4, 2), PLACES, random(2, 2)], lambda x, i, u: x, gradient=False)
case("unsortedSegmentSum", [random(6, 3), integers(4, 6)],
     lambda x, i: torch.zeros(5, 3, dtype=x.dtype).index_add(0, i, x))
case("oneHot", [integers(5, 2, 3)], lambda i: F.one_hot(i, 5).double(), gradient=False)
case("oneHot of int32", [integers(5, 2, 3)], lambda i: F.one_hot(i, 5), gradient=False)
case("oneHot of other values", [integers(4, 5)], lambda i: F.one_hot(i, 4) * 2.5 - 2, gradient=False)
case("where", [integers(2, 3, 4), random(3, 4), random(3, 4)], lambda c, x, y: torch.where(c.bool(), x, y))
case("where, broadcast condition", [integers(2, 3, 1), random(3, 4), random(3, 4)],
     lambda c, x, y: torch.where(c.bool(), x, y))
COMPARE = {"greater": torch.gt, "greaterEqual": torch.ge, "less": torch.lt, "lessEqual": torch.le, "equal": torch.eq,
           "notEqual": torch.ne}
for name, function in COMPARE.items():
    case(name, [integers(3, 3, 4).float(), integers(3, 4).float()], function, gradient=False)
case("logicalAnd", [integers(2, 3, 4), integers(2, 3, 4)], lambda x, y: x.bool() & y.bool(), gradient=False)
case("logicalOr", [integers(2, 3, 4), integers(2, 3, 4)], lambda x, y: x.bool() | y.bool(), gradient=False)
case("logicalNot", [integers(2, 3, 4)], lambda x: ~x.bool(), gradient=False)

# ---- shapes

case("concat axis 0", [random(2, 3), random(1, 3), random(4, 3)], lambda *x: torch.cat(x, 0))
case("concat last axis", [random(2, 3, 4), random(2, 3, 1)], lambda *x: torch.cat(x, -1))
case("concat axis 1 of rank 4", [random(2, 1, 3, 2), random(2, 4, 3, 2)], lambda *x: torch.cat(x, 1))
case("concat with an empty one", [random(0, 3), random(2, 3)], lambda *x: torch.cat(x, 0), gradient=False)
case("concat of 12", [random(2, 1 + i % 3) for i in range(12)], lambda *x: torch.cat(x, 1))
case("slice rank 2", [random(5, 6)], lambda x: x[1:4, 2:])
case("slice rank 4", [random(3, 4, 5, 2)], lambda x: x[1:, :2, 1:4, :])
case("slice rank 5", [random(2, 3, 2, 3, 2)], lambda x: x[:, 1:, :, :2, 1:])
case("stridedSlice", [random(5, 6)], lambda x: x[::2, 1::2])
case("stack axis 0", [random(2, 3), random(2, 3)], lambda *x: torch.stack(x, 0))
case("stack axis 1", [random(2, 3), random(2, 3)], lambda *x: torch.stack(x, 1))
case("unstack axis 1", [random(2, 3, 4)], lambda x: x.unbind(1))
case("split in equal parts", [random(2, 6)], lambda x: x.split(2, 1))
case("split in unequal parts", [random(5, 2)], lambda x: x.split([1, 3, 1], 0))
case("tile rank 2", [random(2, 3)], lambda x: x.tile(2, 3))
case("tile rank 4", [random(2, 1, 3, 1)], lambda x: x.tile(1, 2, 2, 3))
case("broadcastTo", [random(3, 1)], lambda x: x.broadcast_to(2, 3, 4))
case("pad rank 2", [random(2, 3)], lambda x: F.pad(x, (0, 2, 1, 0)))
case("pad rank 4", [random(2, 3, 3, 2)], lambda x: F.pad(x, (0, 0, 0, 1, 1, 2)))
case("pad rank 5, constant", [random(2, 2, 1, 2, 2)], lambda x: F.pad(x, (1, 0, 0, 0, 0, 1, 2, 0), value=0.5))
case("reverse", [random(3, 4, 2)], lambda x: x.flip(1))
case("reshape", [random(2, 6)], lambda x: x.reshape(3, 4))
case("expandDims and squeeze", [random(2, 1, 3)], lambda x: x.unsqueeze(0).squeeze(2))
for order in [(1, 0), (0, 2, 1), (2, 0, 1), (0, 2, 1, 3), (0, 3, 1, 2), (3, 1, 2, 0), (0, 3, 1, 4, 2)]:
    shape = (33, 18) if len(order) == 2 else (2, 3, 4, 5, 2)[: len(order)]
    case(f"transpose {','.join(map(str, order))}", [random(*shape)], lambda x, o=order: x.permute(o))

# ---- dtypes, makers and empty tensors

for name in ["add", "sub", "mul", "maximum"]:
    case(f"{name} of int32", [integers(50, 3, 4, low=-50), integers(50, 4, low=-50)], BINARY[name])
case("sum of int32", [integers(1000, 3, 4, low=-9)], lambda x: x.sum(1), gradient=False)
case("cast float32 to int32", [random(4, 4) * 3], lambda x: x.trunc().long(), gradient=False)
case("cast int32 to float32", [integers(100, 5, low=-100)], lambda x: x.double(), gradient=False)
case("cast bool to float32", [random(3, 4)], lambda x: (x > 0).double(), gradient=False)
case("cast float32 to bool", [integers(2, 3, 4).float() * 0.5], lambda x: x.bool(), gradient=False)
case("sum of bool", [random(3, 4)], lambda x: (x > 0).sum(), gradient=False)
case("zeros, ones, fill, range", [],
     lambda: (torch.zeros(2, 3), torch.ones(4), torch.full((2, 2), 1.5), torch.arange(1, 10, 3).int()), gradient=False)
case("sum of nothing", [random(0, 3)], lambda x: x.sum(0), gradient=False)
case("slice to nothing", [random(2, 3)], lambda x: x[1:1], gradient=False)
case("add of nothing", [random(0, 3), random(3)], torch.add, gradient=False)
