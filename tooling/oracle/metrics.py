"""Writes packages/metrics/src/fixtures/metrics.safetensors: SSIM by piq and scikit-image, PSNR by scikit-image, the
Fréchet distance by pytorch-fid, segmentation scores by numpy.

Run with piq 0.8.0, scikit-image, pytorch-fid 0.3.0, PyTorch, numpy and safetensors: python tooling/oracle/metrics.py
"""

import importlib.metadata
import pathlib

import numpy
import piq
import torch
from pytorch_fid.fid_score import calculate_frechet_distance
from safetensors.numpy import save_file
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

FIXTURE = pathlib.Path(__file__).resolve().parents[2] / "packages/metrics/src/fixtures/metrics.safetensors"
SEED = 2112
PACKAGES = ("piq", "scikit-image", "pytorch-fid", "scipy", "torch", "numpy", "safetensors")


def image_pairs(random):
    """Images [5, height, width, 3] in [-1, 1]: noise of three strengths, a drawing on white, and two of no likeness."""
    height, width = 14, 16
    rows, columns = numpy.mgrid[:height, :width]
    a, b = [], []
    for strength in (0.02, 0.2, 0.8):
        phases = random.uniform(0, 6, 3)
        smooth = 0.9 * numpy.sin(rows[..., None] / 4 + phases) * numpy.cos(columns[..., None] / 5 - phases)
        a.append(smooth)
        b.append(smooth + strength * random.standard_normal(smooth.shape))
    drawing = numpy.ones((height, width, 3))
    drawing[5:10, 4:12] = (0.8, -0.2, -1)
    a.append(drawing)
    b.append(numpy.roll(drawing, 1, axis=1) - 0.01)
    a.append(random.uniform(-1, 1, drawing.shape))
    b.append(random.uniform(-1, 1, drawing.shape))
    return tuple(numpy.clip(numpy.stack(images), -1, 1).astype(numpy.float32) for images in (a, b))


def similarity(random):
    a, b = image_pairs(random)
    tensors = {"images.a": a, "images.b": b}
    for size, sigma in ((11, 1.5), (7, 1.0)):
        pixels = [torch.tensor(images.astype(numpy.float64), requires_grad=True) for images in (a, b)]
        # piq takes channels first, black at 0.
        x, y = ((images.permute(0, 3, 1, 2) + 1) / 2 for images in pixels)
        options = {"kernel_size": size, "kernel_sigma": sigma, "data_range": 1.0}
        values = piq.ssim(x, y, downsample=False, reduction="none", **options)
        gradients = torch.autograd.grad(values.sum(), pixels)
        tensors[f"ssim.{size}.piq"] = values.detach().numpy()
        for name, gradient in zip("ab", gradients):
            tensors[f"ssim.{size}.gradient.{name}"] = gradient.numpy().astype(numpy.float32)
    # scikit-image derives the window's size from sigma: 2 * round(3.5 * 1.5) + 1 = 11.
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": -1}
    for name, black in (("skimage", -1), ("skimage.raw", 0)):
        tensors[f"ssim.11.{name}"] = numpy.array(
            [
                structural_similarity(
                    one.astype(numpy.float64) - black, other.astype(numpy.float64) - black, data_range=2, **options
                )
                for one, other in zip(a, b)
            ]
        )
    tensors["psnr"] = numpy.array(
        [
            peak_signal_noise_ratio(one.astype(numpy.float64), other.astype(numpy.float64), data_range=2)
            for one, other in zip(a, b)
        ]
    )
    return tensors


def frechet(random):
    """Features of more samples than dimensions, of fewer (singular covariances), and far from zero."""
    tensors = {}
    for name, counts, dim, offset in (
        ("full", (90, 70), 8, 0),
        ("singular", (9, 14), 24, 0),
        ("mixed", (10, 120), 16, 0),
        ("far", (50, 40), 6, 1e7),
    ):
        moments = []
        for key, count in zip("ab", counts):
            mixing = random.standard_normal((dim, dim)) / dim**0.5
            features = random.standard_normal((count, dim)) @ mixing + random.standard_normal(dim) + offset
            tensors[f"frechet.{name}.{key}"] = features
            moments += [features.mean(axis=0), numpy.cov(features, rowvar=False)]
            tensors[f"frechet.{name}.{key}.mean"], tensors[f"frechet.{name}.{key}.covariance"] = moments[-2:]
        tensors[f"frechet.{name}"] = numpy.array(calculate_frechet_distance(*moments))
    return tensors


def segmentation(random):
    classes = 7
    target = random.integers(classes - 1, size=(2, 12, 9)).astype(numpy.int32)  # The last class occurs nowhere.
    wrong = random.integers(classes - 1, size=target.shape)
    predicted = numpy.where(random.uniform(size=target.shape) < 0.3, wrong, target).astype(numpy.int32)
    confusion = numpy.zeros((classes, classes))
    numpy.add.at(confusion, (target.ravel(), predicted.ravel()), 1)
    hits, wanted, given = numpy.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    with numpy.errstate(invalid="ignore"):
        iou = hits / (wanted + given - hits)
    scores = [hits.sum() / confusion.sum(), numpy.nanmean(iou), numpy.nansum(wanted / wanted.sum() * iou)]
    return {
        "segmentation.target": target,
        "segmentation.predicted": predicted,
        "segmentation.confusion": confusion,
        "segmentation.scores": numpy.array(scores),
    }


def main():
    random = numpy.random.default_rng(SEED)
    tensors = similarity(random) | frechet(random) | segmentation(random)
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: numpy.ascontiguousarray(tensor) for name, tensor in tensors.items()},
        FIXTURE,
        {"seed": str(SEED)} | {name: importlib.metadata.version(name) for name in PACKAGES},
    )


if __name__ == "__main__":
    main()
