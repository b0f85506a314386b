"""Sequential generation by the encoder-decoder of transformer.py with a cache of keys and values.

Usage: python generation.py job.json
Prints one line of JSON about itself, then answers each line of JSON on stdin with one of its own:
{"logits": n, "file": path} computes the first n tokens' logits, given the codes in the job: {"error": largest difference
    to the file's, relative to their largest}
{"prepare": way} sets up "eager" or "compiled": {"failed": reason or null}
{"greedy": way, "guided": bool, "tokens": n} takes the likeliest code n times: {"codes": [...]}
{"run": way, "guided": bool, "tokens": n} draws the first n tokens: {"seconds": s}
"""

import json
import sys
import time

import torch
import torch._inductor.config
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn
from transformer import EncoderDecoder, load


def joined(linears, axis):
    """One layer for several: side by side (0) or, their results added, one after the other (1)."""
    out_features, in_features = torch.cat([linear.weight for linear in linears], axis).shape
    biases = [linear.bias for linear in linears if linear.bias is not None]
    layer = nn.Linear(in_features, out_features, bias=bool(biases))
    with torch.no_grad():
        layer.weight.copy_(torch.cat([linear.weight for linear in linears], axis))
        if biases:
            layer.bias.copy_(sum(biases))
    return layer


class CachedBlock(nn.Module):
    """A decoder block for one position of each row. It keeps the keys and values of the positions before, `kept`
    [tokens, key or value, rows, heads, head_dim], and those of the text, `context`, each [rows, heads, text, head_dim]."""

    def __init__(self, block, rows, tokens, text_length):
        super().__init__()
        own, cross = block.self_attention, block.cross_attention
        self.block, self.heads = block, own.heads
        self.project = joined([own.query, own.key, own.value, cross.query], 0)
        self.merge = joined([own.output, cross.output], 1)
        head_dim = own.query.out_features // own.heads
        self.register_buffer("kept", torch.zeros(tokens, 2, rows, own.heads, head_dim))
        self.register_buffer("context", torch.zeros(2, rows, own.heads, text_length, head_dim))

    def read(self, text):
        cross = self.block.cross_attention
        for target, layer in zip(self.context, (cross.key, cross.value)):
            target.copy_(cross.split(layer(text)))

    def forward(self, x, token, window, mask):
        """x [rows, dim]; token [1]; window [m], the tokens attended; mask [1, m] is false at what only fills the window."""
        rows, dim = x.shape
        projected = self.project(self.block.attention_norm(x)).view(rows, 4, self.heads, -1)
        query, key, value, cross = projected.unbind(1)  # [rows, heads, head_dim]
        self.kept.index_copy_(0, token, torch.stack([key, value])[None])
        keys, values = self.kept.index_select(0, window).permute(1, 2, 3, 0, 4)  # [rows, heads, m, head_dim]
        own = F.scaled_dot_product_attention(query[:, :, None], keys, values, attn_mask=mask)
        crossed = F.scaled_dot_product_attention(cross[:, :, None], *self.context)
        x = x + self.merge(torch.cat([own.reshape(rows, -1), crossed.reshape(rows, -1)], 1))
        return x + self.block.feed_forward(self.block.feed_forward_norm(x))


class Stack(nn.Module):
    """One position of each row through all layers: the codes that it reads [rows, 3] -> logits [rows, codes]."""

    def __init__(self, model, rows, config):
        super().__init__()
        tokens = model.mask.shape[0]
        self.blocks = nn.ModuleList(
            CachedBlock(block, rows, tokens, config["textLength"]) for block in model.decoder.blocks
        )
        self.norm, self.head = model.decoder.norm, model.head
        tables = model.targets.tables.values()
        self.tables = nn.Parameter(torch.cat([table.weight for table in tables]))
        firsts = torch.arange(len(tables)) * (config["codebookSize"] + 1)
        self.register_buffer("firsts", firsts)
        self.register_buffer("positions", model.targets.positions())

    def forward(self, codes, token, window, mask):
        x = F.embedding(codes + self.firsts, self.tables).sum(1) + self.positions[token]
        for block in self.blocks:
            x = block(x, token, window, mask)
        return self.head(self.norm(x))


class Generator:
    """Draws videos code by code, in raster order; two rows, the text and None, for guidance."""

    def __init__(self, model, job, rows):
        config = job["config"]
        self.model, self.sampler, self.rows, self.border = model, job["sampler"], rows, config["codebookSize"]
        none = [config["textVocabulary"] + 1] * config["textLength"]
        self.texts = torch.tensor([job["text"], none][:rows])
        self.stack = Stack(model, rows, config).eval()
        self.apply = {"eager": self.stack}
        # What each position reads and attends.
        count = model.mask.shape[0]
        numbers = torch.arange(count).view(1, *(config["targetGrid"][axis] for axis in ("frames", "height", "width")))
        s, h, w = numbers.shape[1:]
        pads = ((1, 0, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0), (0, 0, 0, 0, 1, 0))  # left, above, before
        self.inputs = torch.stack([F.pad(numbers, pad, value=count)[:, :s, :h, :w].flatten() for pad in pads], 1)
        self.tokens = torch.arange(count)[:, None]
        self.windows = [row.nonzero()[:, 0] for row in model.mask]
        self.widest = max(len(window) for window in self.windows)
        self.filled = [F.pad(window, (0, self.widest - len(window))) for window in self.windows]
        self.masks = [torch.arange(self.widest)[None] < len(window) for window in self.windows]

    def compile(self):
        """All shapes equal: windows are filled up and masked."""
        torch._inductor.config.freezing = True
        self.apply["compiled"] = torch.compile(self.stack, dynamic=False)
        self.greedy("compiled", 8)

    def decode(self, way, count, choose):
        """choose(logits [codes], token) -> code, for the first `count` tokens."""
        text = self.model.encoder(self.model.texts(self.texts))
        for block in self.stack.blocks:
            block.read(text)
        codes = torch.full((self.model.mask.shape[0] + 1,), self.border)
        step = self.apply[way]
        compiled = way == "compiled"
        windows = self.filled if compiled else self.windows
        for token in range(count):
            read = codes[self.inputs[token]].expand(self.rows, -1)
            mask = self.masks[token] if compiled else None
            logits = step(read, self.tokens[token], windows[token], mask)
            guided = logits[0] if self.rows == 1 else torch.lerp(logits[1], logits[0], self.sampler["guidance"])
            codes[token] = choose(guided, token)
        return codes[:count]

    def logits(self, codes, count):
        seen = []

        def choose(logits, token):
            seen.append(logits.clone())
            return codes[token]

        self.decode("eager", count, choose)
        return torch.stack(seen)

    def greedy(self, way, count):
        return self.decode(way, count, lambda logits, _: logits.argmax())

    def seconds(self, way, count):
        def choose(logits, _):
            values, codes = torch.topk(logits, self.sampler["topK"])
            weights = torch.softmax(values / self.sampler["temperature"], 0)
            return codes[torch.multinomial(weights, 1)]

        started = time.perf_counter()
        self.decode(way, count, choose)
        return time.perf_counter() - started


@torch.inference_mode()
def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    torch.set_num_threads(job["threads"])
    torch.manual_seed(0)
    model = EncoderDecoder(job["config"]).eval()
    load(model, job["weights"])
    generators = {guided: Generator(model, job, 2 if guided else 1) for guided in (False, True)}

    def prepare(way):
        try:
            if way == "compiled":
                for generator in generators.values():
                    generator.compile()
        except Exception as error:  # without a C++ compiler, for example
            return {"failed": str(error).strip().splitlines()[0]}
        return {"failed": None}

    def answer(message):
        if "logits" in message:
            expected = load_file(message["file"])["logits"]
            actual = generators[False].logits(torch.tensor(job["codes"]), message["logits"])
            return {"error": ((actual - expected).abs().max() / expected.abs().max()).item()}
        if "prepare" in message:
            return prepare(message["prepare"])
        generator, count = generators[message["guided"]], message["tokens"]
        if "greedy" in message:
            return {"codes": generator.greedy(message["greedy"], count).tolist()}
        return {"seconds": generator.seconds(message["run"], count)}

    about = {
        "version": f"PyTorch {torch.__version__}",
        "threads": torch.get_num_threads(),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
