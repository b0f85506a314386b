"""What a token costs nuwa-pytorch, whose NUWA.generate computes all tokens before anew for each one.

Usage: python nuwa_pytorch_generation.py job.json
Prints one line of JSON about itself, then for each line {"token": i, "guided": bool} on stdin how long drawing token i
takes after i others: {"seconds": s}.
"""

import json
import sys
import time
from importlib.metadata import version

import torch
from nuwa_pytorch.nuwa_pytorch import gumbel_sample, top_k

from nuwa_pytorch_model import create


def draw(model, codes, text, mask, guidance):
    """One turn of the loop in NUWA.generate."""
    x = model.image_embedding(codes)
    x = model.video_pos_emb()[: codes.shape[1]] + x
    x = torch.cat((model.video_bos[None, None], x), 1)
    x = model.video_transformer(x, context=text, context_mask=mask)
    logits = model.to_logits(x)
    if guidance != 1:
        without = model.to_logits(model.video_transformer(x, context=text, context_mask=torch.zeros_like(mask)))
        logits = without + (logits - without) * guidance
    return gumbel_sample(top_k(logits[:, -1], thres=0.9)).item()


@torch.inference_mode()
def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    torch.set_num_threads(job["threads"])
    torch.manual_seed(0)
    config = job["config"]
    model = create(config)
    words = torch.randint(1, config["textVocabulary"] + 1, (1, config["textLength"]))
    mask = words != 0
    text = model.embed_text(words, mask=mask)
    about = {
        "version": f"nuwa-pytorch {version('nuwa-pytorch')} on PyTorch {torch.__version__}",
        "threads": torch.get_num_threads(),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        codes = torch.randint(config["codebookSize"], (1, message["token"]))
        started = time.perf_counter()
        draw(model, codes, text, mask, job["sampler"]["guidance"] if message["guided"] else 1)
        print(json.dumps({"seconds": time.perf_counter() - started}), flush=True)


if __name__ == "__main__":
    main()
