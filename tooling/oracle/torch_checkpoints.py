"""Writes packages/tensor3d/src/fixtures/torch: checkpoints of torch.save, and their tensors as safetensors.

Run with torch, numpy and safetensors installed: python tooling/oracle/torch_checkpoints.py
"""

import argparse
import collections
import io
import os
import pathlib
import sys
import types

import numpy
import safetensors
import torch
from safetensors.torch import save_file

FIXTURES = pathlib.Path(__file__).parents[2] / "packages" / "tensor3d" / "src" / "fixtures" / "torch"
SEED = 23
VERSIONS = {
    "seed": str(SEED),
    "torch": torch.__version__,
    "numpy": numpy.__version__,
    "safetensors": safetensors.__version__,
    "python": sys.version.split()[0],
}
generator = torch.Generator().manual_seed(SEED)


def normal(*shape):
    return torch.randn(shape, generator=generator)


def foreign_class(module, name):
    """A class of a library that need not be installed."""
    made = type(name, (), {"__module__": module})
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
    setattr(sys.modules[module], name, made)
    return made


def plain():
    """What `model.state_dict()` gives: parameters, buffers, an int64 scalar, and `_metadata` on the dictionary."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(normal(*parameter.shape))
    model[1].num_batches_tracked.fill_(7)
    return model.state_dict()


def lightning():
    weight, tied = normal(4, 3), normal(2)
    state = {"encoder.weight": weight, "encoder.half": weight.half(), "decoder.tied": tied, "head.tied": tied}
    return {
        "epoch": 3,
        "global_step": 2**40,
        "largest": 2**70,
        "pytorch-lightning_version": "1.9.0",
        "state_dict": collections.OrderedDict(state),
        "optimizer_states": [
            {
                "state": {0: {"step": torch.tensor(5.0), "exp_avg": normal(4, 3)}},
                "param_groups": [{"lr": 4.5e-06, "betas": (0.5, 0.9), "amsgrad": False, "params": [0]}],
            }
        ],
        "lr_schedulers": [],
        "hyper_parameters": {"name": "Größe", "below": -1, "nothing": None, "far": -float("inf")},
    }


def parameters():
    return {
        "trained": torch.nn.Parameter(normal(2, 2)),
        "frozen": torch.nn.Parameter(normal(3), requires_grad=False),
        "shape": torch.Size([4, 5]),
    }


def views():
    base = normal(6, 4)
    half = normal(3, 4).half()
    cube = torch.arange(24, dtype=torch.int64).reshape(2, 3, 4)
    double = normal(3, 3).double()
    return {
        "base": base,
        "rows": base[2:4],
        "columns": base[:, 1:3],
        "transposed": base.t(),
        "everyOther": base[::2, ::3],
        "diagonal": base.diagonal(),
        "element": base[5, 3],
        "bits": base.view(torch.int32)[1:2].clone(),
        "half": half.t(),
        "expanded": normal(1, 3).expand(4, 3),
        "cube": cube.permute(2, 0, 1),
        "cubeSlice": cube[:, 1:, ::2],
        "channelsLast": normal(1, 2, 3, 2).to(memory_format=torch.channels_last),
        "double": double.t(),
        "flags": torch.tensor([[True, False], [True, True]]).t(),
        "bytes": torch.arange(7, dtype=torch.uint8)[3:],
        "odd": torch.arange(9, dtype=torch.int8)[1::2],
        "empty": torch.zeros(0, 3),
        "emptyView": base[2:2],
        "scalar": torch.tensor(2.5),
    }


def dtypes():
    """Every element type that is read, with values at the edges."""
    floats = torch.tensor([0.0, -0.0, 1.0, -1.5, 65504.0, 6e-8, 1e-5, 3.3, torch.inf, -torch.inf, torch.nan])
    return {
        "f64": torch.tensor([torch.pi, -1e300, 5e-324], dtype=torch.float64),
        "f32": floats.reshape(1, 11),
        "f16": floats.half(),
        "bf16": floats.bfloat16(),
        "i64": torch.tensor([-(2**63), 2**63 - 1, 0]),
        "i32": torch.tensor([[-(2**31), 2**31 - 1]], dtype=torch.int32),
        "i16": torch.tensor([-(2**15), 2**15 - 1], dtype=torch.int16),
        "i8": torch.tensor([-128, 127, 3], dtype=torch.int8),
        "u8": torch.tensor([0, 255, 7], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
    }


def with_objects():
    """A Lightning checkpoint as it is published, with objects that are no tensors and no plain data."""
    callback = foreign_class("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint")
    container = foreign_class("omegaconf.dictconfig", "DictConfig")
    config = container()
    config.content = {"weights": normal(2), "inner": container()}
    counts = collections.defaultdict(int, a=1)
    return {
        "epoch": 1,
        "callbacks": {callback: {"monitor": "val/rec_loss", "best_model_score": torch.tensor(0.5)}},
        "config": config,
        "arguments": argparse.Namespace(lr=0.1),
        "counts": counts,
        "names": {"one", "two"},
        "frozen": frozenset([1]),
        "raw": b"abc",
        "number": numpy.float64(0.25),
        "state_dict": {"weight": normal(2, 2), "complex": torch.ones(2, dtype=torch.complex64)},
    }


class CallsSystem:
    def __reduce__(self):
        return os.system, ("echo this must never run > /dev/null",)


class CallsEval:
    def __reduce__(self):
        return eval, ("1 + 1",)


def save(name, content, **options):
    # In memory, so that the folder in each archive has the same name.
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    (FIXTURES / name).write_bytes(buffer.getvalue())


def flat(name, value):
    """All tensors of a checkpoint by their path below its name, contiguous."""
    if isinstance(value, torch.Tensor):
        return {name: value.detach().clone().contiguous()}
    if isinstance(value, dict):
        children = value.items()
    else:
        children = enumerate(value) if isinstance(value, (list, tuple)) else ()
    return {key: tensor for at, child in children for key, tensor in flat(f"{name}.{at}", child).items()}


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    expected = {}
    for make in (plain, lightning, parameters, views, dtypes):
        name, content = make.__name__, make()
        save(f"{name}.pt", content)
        expected.update(flat(name, content))
        if name == "lightning":
            for protocol in (3, 4, 5):
                save(f"lightning-{protocol}.pt", content, pickle_protocol=protocol)
            save("legacy.pt", content, _use_new_zipfile_serialization=False)
    objects = with_objects()
    for protocol in (2, 4):
        save(f"objects-{protocol}.pt", objects, pickle_protocol=protocol)
    expected.update(flat("objects", {"weight": objects["state_dict"]["weight"]}))
    save("calls-system.pt", {"weight": normal(2), "more": [CallsSystem()]})
    save("calls-eval.pt", {"weight": normal(2), "more": [CallsEval()]}, pickle_protocol=4)
    save("unsigned.pt", {"weight": torch.ones(2, dtype=torch.uint16)})
    save("lone.pt", normal(2, 3))
    save_file(expected, FIXTURES / "expected.safetensors", metadata=VERSIONS)


if __name__ == "__main__":
    main()
