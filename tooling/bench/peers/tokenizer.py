"""taming-transformers' VQGAN as plain PyTorch modules, under its own keys, for timing against @nuwa/vqgan.

Usage: python tokenizer.py threads
Prints one line of JSON about itself; then answers each line of stdin with one of JSON:
{"open": {"config": ..., "weights": path, "problem": path}} loads the weights and compares with ours: {"latents": error,
"otherCodes": share, "decoded": error, "parameters": n}, those of the worse layout, errors relative to the largest value;
{"run": "encode" | "decode", "layout": "NCHW" | "channels last", "calls": n} -> {"seconds": [...]}.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn


def norm(channels):
    return nn.GroupNorm(32, channels, eps=1e-6)


def conv(inputs, outputs, kernel=3, **options):
    return nn.Conv2d(inputs, outputs, kernel, padding=options.pop("padding", kernel // 2), **options)


class ResBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.conv1 = norm(inputs), conv(inputs, outputs)
        self.norm2, self.conv2 = norm(outputs), conv(outputs, outputs)
        self.nin_shortcut = conv(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x):
        inner = self.conv1(F.silu(self.norm1(x)))
        return self.nin_shortcut(x) + self.conv2(F.silu(self.norm2(inner)))


class Attention(nn.Module):
    """One head over all positions, through scaled_dot_product_attention."""

    def __init__(self, channels):
        super().__init__()
        self.norm = norm(channels)
        self.q, self.k, self.v, self.proj_out = (conv(channels, channels, 1) for _ in range(4))

    def forward(self, x):
        normal = self.norm(x)
        q, k, v = (layer(normal).flatten(2).transpose(1, 2)[:, None] for layer in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(q, k, v)[:, 0]  # [b, h·w, c]
        return x + self.proj_out(y.transpose(1, 2).reshape(x.shape))


class Resample(nn.Module):
    """A halving or, where `up`, a doubling, each with a convolution."""

    def __init__(self, channels, up):
        super().__init__()
        self.up = up
        self.conv = conv(channels, channels) if up else conv(channels, channels, stride=2, padding=0)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2) if self.up else F.pad(x, (0, 1, 0, 1)))


class Level(nn.Module):
    def __init__(self, inputs, outputs, blocks, attends):
        super().__init__()
        widths = [inputs] + [outputs] * blocks
        self.block = nn.ModuleList(ResBlock(a, b) for a, b in zip(widths, widths[1:]))
        self.attn = nn.ModuleList(Attention(outputs) for _ in range(blocks if attends else 0))

    def forward(self, x):
        for index, block in enumerate(self.block):
            x = block(x)
            if len(self.attn) > 0:
                x = self.attn[index](x)
        return x


class Middle(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.block_1, self.attn_1 = ResBlock(channels, channels), Attention(channels)
        self.block_2 = ResBlock(channels, channels)

    def forward(self, x):
        return self.block_2(self.attn_1(self.block_1(x)))


def levels_of(config):
    widths = [config["channels"] * multiplier for multiplier in config["multipliers"]]
    sides = [config["resolution"] // 2**level for level in range(len(widths))]
    return widths, [side in config["attentionResolutions"] for side in sides]


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths, attends = levels_of(config)
        inputs = [config["channels"]] + widths
        self.conv_in = conv(3, inputs[0])
        self.down = nn.ModuleList(
            Level(inputs[level], width, config["blocks"], attends[level]) for level, width in enumerate(widths)
        )
        for level, width in enumerate(widths[:-1]):
            self.down[level].downsample = Resample(width, up=False)
        self.mid = Middle(widths[-1])
        self.norm_out, self.conv_out = norm(widths[-1]), conv(widths[-1], config["latentDim"])

    def forward(self, x):
        x = self.conv_in(x)
        for level, layer in enumerate(self.down):
            x = layer(x)
            if level < len(self.down) - 1:
                x = layer.downsample(x)
        return self.conv_out(F.silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths, attends = levels_of(config)
        inputs = widths[1:] + widths[-1:]
        self.conv_in, self.mid = conv(config["latentDim"], widths[-1]), Middle(widths[-1])
        self.up = nn.ModuleList(
            Level(inputs[level], width, config["blocks"] + 1, attends[level]) for level, width in enumerate(widths)
        )
        for level, width in enumerate(widths):
            if level > 0:
                self.up[level].upsample = Resample(width, up=True)
        self.norm_out, self.conv_out = norm(widths[0]), conv(widths[0], 3)

    def forward(self, x):
        x = self.mid(self.conv_in(x))
        for level in reversed(range(len(self.up))):
            x = self.up[level](x)
            if level > 0:
                x = self.up[level].upsample(x)
        return self.conv_out(F.silu(self.norm_out(x)))


class Tokenizer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.quant_conv = conv(config["latentDim"], config["embeddingDim"], 1)
        self.post_quant_conv = conv(config["embeddingDim"], config["latentDim"], 1)
        self.quantize = nn.ModuleDict({"embedding": nn.Embedding(config["codebookSize"], config["embeddingDim"])})

    def latents(self, pixels):
        return self.quant_conv(self.encoder(pixels)).permute(0, 2, 3, 1)

    def encode(self, pixels):
        latents, codebook = self.latents(pixels), self.quantize["embedding"].weight
        rows = latents.reshape(-1, latents.shape[-1])
        return (codebook.square().sum(1) - 2 * rows @ codebook.T).argmin(1).view(latents.shape[:3])

    def decode(self, codes):
        return self.decoder(self.post_quant_conv(self.quantize["embedding"](codes).permute(0, 3, 1, 2))).clip(-1, 1)


def error(actual, expected):
    return ((actual - expected).abs().max() / expected.abs().max()).item()


LAYOUTS = {"NCHW": torch.contiguous_format, "channels last": torch.channels_last}


class Bench:
    def open(self, config, weights, problem):
        expected = load_file(problem)
        self.models, self.pixels, self.codes = {}, {}, expected["codes"].long()
        errors = []
        for name, order in LAYOUTS.items():
            model = Tokenizer(config)
            model.load_state_dict(load_file(weights))
            model = self.models[name] = model.to(memory_format=order).eval()
            pixels = self.pixels[name] = expected["pixels"].permute(0, 3, 1, 2).contiguous(memory_format=order)
            errors.append(
                {
                    "latents": error(model.latents(pixels), expected["latents"]),
                    "otherCodes": (model.encode(pixels) != self.codes).float().mean().item(),
                    "decoded": error(model.decode(self.codes).permute(0, 2, 3, 1), expected["decoded"]),
                    "parameters": sum(parameter.numel() for parameter in model.parameters()),
                }
            )
        return {key: max(each[key] for each in errors) for key in errors[0]}

    def run(self, which, layout, calls):
        model = self.models[layout]
        call, given = (model.encode, self.pixels[layout]) if which == "encode" else (model.decode, self.codes)
        seconds = []
        for _ in range(calls):
            started = time.perf_counter()
            call(given)
            seconds.append(time.perf_counter() - started)
        return {"seconds": seconds}


@torch.inference_mode()
def main():
    torch.set_num_threads(int(sys.argv[1]))
    bench = Bench()
    about = {"version": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads()}
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        answer = bench.open(**message["open"]) if "open" in message else bench.run(message["run"], message["layout"], message["calls"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
