"""Training steps on request, for programs that are timed against ours."""

import json
import sys
import time

import torch


def train(parameters, loss_of, settings, version):
    """Prints one line of JSON about itself; then for each line {"steps": n} on stdin trains n steps and prints
    {"seconds": [...], "losses": [...]}, each loss being the one before its step."""
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

    def step():
        started = time.perf_counter()
        loss = loss_of()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
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
