"""Writes the oracle files of packages/tensor3d: layers, gradients and AdamW by PyTorch, dtypes by safetensors.

Run with torch, numpy and safetensors installed: python tooling/oracle/tensor3d.py
"""

import math
import pathlib

import numpy
import safetensors
import torch
import torch.nn.functional as functional
from safetensors.torch import save_file

FIXTURES = pathlib.Path(__file__).parents[2] / "packages" / "tensor3d" / "src" / "fixtures"
SEED = 20
VERSIONS = {
    "seed": str(SEED),
    "torch": torch.__version__,
    "numpy": numpy.__version__,
    "safetensors": safetensors.__version__,
}


def with_gradients(name, tensors, inputs, output, generator):
    """Adds inputs, output, a random upstream gradient and the gradients of the inputs."""
    upstream = torch.randn(output.shape, generator=generator)
    gradients = torch.autograd.grad(output, list(inputs.values()), upstream)
    for key, tensor in inputs.items():
        tensors[f"{name}.{key}"] = tensor.detach().clone()
    tensors[f"{name}.output"] = output.detach()
    tensors[f"{name}.upstream"] = upstream
    for key, gradient in zip(inputs, gradients):
        tensors[f"{name}.gradient.{key}"] = gradient


def layers():
    generator = torch.Generator().manual_seed(SEED)
    tensors = {}

    def normal(*shape, std=1.0, mean=0.0):
        return (mean + std * torch.randn(shape, generator=generator)).requires_grad_()

    inputs = {"x": normal(2, 3, 5), "weight": normal(5, 4), "bias": normal(4)}
    with_gradients("linear", tensors, inputs, inputs["x"] @ inputs["weight"] + inputs["bias"], generator)

    inputs = {"x": normal(2, 3, 6, std=2, mean=1), "gain": normal(6), "offset": normal(6)}
    output = functional.layer_norm(inputs["x"], (6,), inputs["gain"], inputs["offset"], 1e-5)
    with_gradients("norm", tensors, inputs, output, generator)

    inputs = {"x": normal(40, std=3)}
    with_gradients("gelu", tensors, inputs, functional.gelu(inputs["x"], approximate="tanh"), generator)
    with_gradients("silu", tensors, inputs, functional.silu(inputs["x"]), generator)

    for stride, padding in ((1, 1), (2, 1), (2, 0)):
        # Channels last, weights height x width x in x out.
        inputs = {"x": normal(2, 5, 6, 3), "weight": normal(3, 3, 3, 2), "bias": normal(2)}
        output = functional.conv2d(
            inputs["x"].permute(0, 3, 1, 2),
            inputs["weight"].permute(3, 2, 0, 1),
            inputs["bias"],
            stride=stride,
            padding=padding,
        ).permute(0, 2, 3, 1)
        with_gradients(f"conv.{stride}.{padding}", tensors, inputs, output, generator)

    inputs = {"x": normal(2, 3, 2, 4)}
    output = functional.interpolate(inputs["x"].permute(0, 3, 1, 2), scale_factor=2).permute(0, 2, 3, 1)
    with_gradients("upsample", tensors, inputs, output, generator)

    inputs = {"logits": normal(5, 7, std=4)}
    labels = torch.randint(7, (5,), generator=generator)
    tensors["crossEntropy.labels"] = labels.int()
    output = functional.cross_entropy(inputs["logits"], labels, reduction="none")
    with_gradients("crossEntropy", tensors, inputs, output, generator)

    # Channels last; drawn after the others, whose values stay what they were.
    inputs = {"x": normal(2, 3, 4, 6, std=2, mean=1), "gain": normal(6), "offset": normal(6)}
    output = functional.group_norm(
        inputs["x"].permute(0, 3, 1, 2), 2, inputs["gain"], inputs["offset"], 1e-6
    ).permute(0, 2, 3, 1)
    with_gradients("groupNorm", tensors, inputs, output, generator)
    return tensors


def adamw():
    """Five steps with and without clipping; the matrix decays, the vector does not."""
    generator = torch.Generator().manual_seed(SEED)
    tensors = {}
    for name, clip in (("plain", None), ("clipped", 0.5)):
        matrix = torch.nn.Parameter(torch.randn(3, 4, generator=generator))
        vector = torch.nn.Parameter(torch.randn(4, generator=generator))
        tensors[f"{name}.start.matrix"] = matrix.detach().clone()
        tensors[f"{name}.start.vector"] = vector.detach().clone()
        groups = [{"params": [matrix], "weight_decay": 0.1}, {"params": [vector], "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)
        for step in range(5):
            for group in optimizer.param_groups:
                group["lr"] = 0.01 * (step + 1)
            for key, parameter in (("matrix", matrix), ("vector", vector)):
                parameter.grad = torch.randn(parameter.shape, generator=generator)
                tensors[f"{name}.{step}.gradient.{key}"] = parameter.grad.clone()
            norm = torch.nn.utils.clip_grad_norm_([matrix, vector], clip or math.inf)
            tensors[f"{name}.{step}.norm"] = norm
            optimizer.step()
            tensors[f"{name}.{step}.matrix"] = matrix.detach().clone()
            tensors[f"{name}.{step}.vector"] = vector.detach().clone()
    return tensors


def dtypes():
    """Every element type that the reader knows, with values at the edges."""
    floats = torch.tensor([0.0, -0.0, 1.0, -1.5, 65504.0, 6e-8, 1e-5, 3.3, math.inf, -math.inf, math.nan])
    return {
        "f64": torch.tensor([math.pi, -1e300, 5e-324], dtype=torch.float64),
        "f32": floats.reshape(1, 11),
        "f16": floats.half(),
        "bf16": floats.bfloat16(),
        "i64": torch.tensor([-(2**63), 2**63 - 1, 0]),
        "i32": torch.tensor([[-(2**31), 2**31 - 1]], dtype=torch.int32),
        "i16": torch.tensor([-(2**15), 2**15 - 1], dtype=torch.int16),
        "i8": torch.tensor([-128, 127, 3], dtype=torch.int8),
        "u64": torch.tensor([0, 2**63], dtype=torch.uint64),
        "u32": torch.tensor([0, 2**32 - 1], dtype=torch.uint32),
        "u16": torch.tensor([0, 65535], dtype=torch.uint16),
        "u8": torch.tensor([0, 255, 7], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "ключ \" \\ {": torch.ones(1),
    }


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    for name, make in (("layers", layers), ("adamw", adamw), ("dtypes", dtypes)):
        tensors = {key: tensor.contiguous() for key, tensor in make().items()}
        save_file(tensors, FIXTURES / f"{name}.safetensors", metadata=VERSIONS)


if __name__ == "__main__":
    main()
