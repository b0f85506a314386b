"""Writes packages/backends/src/fixtures/conformance.safetensors: what every backend must compute.

    python tooling/oracle/conformance.py

Needs torch, numpy and safetensors. Each case of conformance_cases.py and conformance_networks.py is computed by PyTorch in float64 from
float32 inputs. Tensors: `<case>.in<i>`, `<case>.out<i>`; where there is a gradient also `<case>.seed<i>` (the
gradient of a loss with respect to output i) and `<case>.grad<i>` (with respect to input i). Bools are int32.
"""

from pathlib import Path

import numpy
import safetensors
import safetensors.torch
import torch

import conformance_networks  # noqa: F401 (adds its cases)
from conformance_cases import CASES, SEED, random

FIXTURE = Path(__file__).parents[2] / "packages/backends/src/fixtures/conformance.safetensors"


def widened(tensor):
    return tensor.double() if tensor.is_floating_point() else tensor.long()


def stored(tensor):
    tensor = tensor.detach()
    return (tensor.float() if tensor.is_floating_point() else tensor.int()).contiguous().clone()


def compute(name, inputs, function, with_gradient):
    wide = [widened(x) for x in inputs]
    floats = [x for x in wide if x.is_floating_point()]
    if with_gradient:
        for x in floats:
            x.requires_grad_()
    outputs = function(*wide)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    tensors = {f"{name}.in{i}": stored(x) for i, x in enumerate(inputs)}
    tensors |= {f"{name}.out{i}": stored(y) for i, y in enumerate(outputs)}
    if with_gradient and floats:
        seeds = [random(*y.shape) for y in outputs]
        torch.autograd.backward(outputs, [seed.double() for seed in seeds])
        tensors |= {f"{name}.seed{i}": stored(seed) for i, seed in enumerate(seeds)}
        tensors |= {f"{name}.grad{i}": stored(x.grad) for i, x in enumerate(wide) if x.is_floating_point()}
    return tensors


def main():
    tensors = {}
    for case in CASES:
        tensors |= compute(*case)
    versions = {"torch": torch.__version__, "numpy": numpy.__version__, "safetensors": safetensors.__version__}
    metadata = {"generator": "tooling/oracle/conformance.py", "seed": str(SEED), **versions}
    safetensors.torch.save_file(tensors, FIXTURE, metadata)
    print(f"{len(CASES)} cases, {len(tensors)} tensors, {FIXTURE.stat().st_size / 1024:.0f} KiB: {FIXTURE}")


if __name__ == "__main__":
    main()
