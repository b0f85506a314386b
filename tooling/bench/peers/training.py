"""Training steps on request, for programs that are timed against ours."""

import json
import sys
import time

import torch


def train(model, inputs, job, version=f"PyTorch {torch.__version__}"):
    """Prints one line of JSON about itself; then for each line {"steps": n} on stdin trains n steps and prints
    {"seconds": [...], "losses": [...]}, each loss being the one before its step.

    The model takes the inputs by name and returns the loss. The job has the optimizer's settings, and says whether
    torch.compile compiles the model: where that fails, the one line is {"failed": reason}."""
    parameters = list(model.parameters())
    settings = job["optimizer"]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": settings["weightDecay"]},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=settings["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        fused=True,
    )
    loss_of = model
    if job.get("compiled"):
        loss_of = torch.compile(model, dynamic=False)
        try:
            loss_of(**inputs).backward()  # a first call compiles
        except Exception as error:  # without a C++ compiler or Python's headers, for example
            print(json.dumps({"failed": reason_of(error)}), flush=True)
            return

    def step():
        started = time.perf_counter()
        loss = loss_of(**inputs)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if "clipNorm" in settings:
            torch.nn.utils.clip_grad_norm_(parameters, settings["clipNorm"])
        optimizer.step()
        value = loss.item()
        return time.perf_counter() - started, value

    about = {
        "version": version,
        "threads": torch.get_num_threads(),
        "parameters": sum(parameter.numel() for parameter in parameters),
    }
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        done = [step() for _ in range(json.loads(line)["steps"])]
        print(json.dumps({"seconds": [s for s, _ in done], "losses": [l for _, l in done]}), flush=True)


def reason_of(error):
    """Its kind and the first line of its message that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
