"""nuwa-pytorch's own text-to-video model at the size of ours, for timing training steps against it.

Usage: python nuwa_pytorch_step.py job.json
It is another function than ours: its windows end at the query on every axis, it shifts features between tokens, and its
feed-forward is gated.
What it prints: see training.py.
"""

import json
import sys
from importlib.metadata import version

import torch

from nuwa_pytorch_model import create
from training import train


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    torch.set_num_threads(job["threads"])
    config = job["config"]
    model = create(config)
    texts = torch.tensor(job["texts"]) + 1  # 0 is its padding
    codes = torch.tensor(job["targets"]).view(job["batch"], config["targetGrid"]["frames"], -1)
    inputs = {"text": texts, "video": codes, "return_loss": True}
    train(model, inputs, job, f"nuwa-pytorch {version('nuwa-pytorch')}")


if __name__ == "__main__":
    main()
