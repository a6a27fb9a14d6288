"""compare.py's worker: pictures of wgan_reference.py's generator in PyTorch, in several variants.

A call draws its noise and runs the generator in evaluation mode. The weights are those of a file that `wgan export`
wrote; the pictures stay numbers.
"""

import os
from typing import Callable

import torch
from safetensors.torch import load_file

from service import Unavailable, first_line, serve
from timing import repeated
from torch_setup import LAYOUTS, configure
from wgan_reference import Configuration, Generator

Draw = Callable[[], torch.Tensor]
prepared: dict[tuple[str, str, int], Draw] = {}


def make(weights: str, layout: str, compiles: bool, size: int, features: int, count: int) -> Draw:
    c = Configuration(size=size, generator_features=features)
    generator = Generator(c)
    generator.load_state_dict(load_file(weights))
    generator.eval().to(memory_format=LAYOUTS[layout])
    if compiles:
        from torch._inductor import config
        config.freezing = True  # Weights are constants: laid out as convolutions want them, once.
        if os.environ.get("ATEN_CPU_CAPABILITY") == "avx2":  # What torch.compile generates doesn't look at it.
            config.cpp.simdlen = 256
        generator.compile(dynamic=False)
    return lambda: generator(torch.randn(count, c.latent, 1, 1))


def prepare(kind: str, layout: str, weights: str, size: int, features: int, count: int) -> dict:
    """Makes ready, warms up; how long calls take."""
    draw = make(weights, layout, kind == "compile", size, features, count)
    prepared[kind, layout, count] = draw
    try:
        return measure(kind, layout, count, 3)
    except Exception as error:
        if kind == "compile":  # No compiler, or one that it can't use.
            raise Unavailable(f"{type(error).__name__}: {first_line(error)}") from error
        raise


def measure(kind: str, layout: str, count: int, calls: int) -> dict:
    # Freezing wants no_grad; what is compiled so runs no slower than in inference_mode.
    with torch.no_grad() if kind == "compile" else torch.inference_mode():
        return repeated(prepared[kind, layout, count], 2, calls)


if __name__ == "__main__":
    serve({"configure": configure, "prepare": prepare, "measure": measure})
