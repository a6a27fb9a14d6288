"""compare.py's worker: whole training steps of wgan_reference.py in PyTorch, in several variants.

A step is the whole step. With the objective wgan: for the critic clipping, the pictures through the critic, noise
through the generator and that through the critic, backward, RMSprop; for the generator both nets forward and backward,
RMSprop. The other objectives have a penalty on the critic's gradient instead of clipping, and a critic without norms.
Pictures and noise are there already, as float32 and in the layout: loading them isn't timed.

    python3 torch_step.py nchw 2 64 64 64    # once, for its peak memory: layout, threads, size, features, batch
    python3 torch_step.py nchw 2 64 64 64 wgan-gp    # the same with another objective
"""

import os
import sys
from typing import Callable

import numpy
import torch

from service import Unavailable, first_line, serve
from timing import repeated
from torch_setup import LAYOUTS, configure
from wgan_reference import Configuration, Trainer


class Steps:
    def __init__(self, layout: str, size: int, features: int, batch: int, objective: str = "wgan"):
        torch.manual_seed(0)
        c = Configuration(size=size, critic_features=features, generator_features=features, batch_size=batch,
                          objective=objective, critic_norm=objective == "wgan")
        self.trainer = Trainer(c)
        self.nets = (self.trainer.critic, self.trainer.generator)
        for net in self.nets:
            net.to(memory_format=LAYOUTS[layout])
        real = torch.rand(batch, c.channels, size, size) * 2 - 1
        self.real = real.contiguous(memory_format=LAYOUTS[layout])
        self.noise = torch.randn(batch, c.latent, 1, 1)
        self.interpolation = torch.rand(batch)

    def time(self, repeats: int) -> dict:
        return {
            "critic_ms": repeated(
                lambda: self.trainer.critic_step(self.real, self.noise, self.interpolation), 1, repeats),
            "generator_ms": repeated(lambda: self.trainer.generator_step(self.noise), 1, repeats),
        }


def compiled(steps: Steps) -> None:
    if os.environ.get("ATEN_CPU_CAPABILITY") == "avx2":  # What torch.compile generates doesn't look at it.
        import torch._inductor.config
        torch._inductor.config.cpp.simdlen = 256
    for net in steps.nets:
        net.compile()


def bf16(steps: Steps) -> None:
    """Automatic mixed precision as PyTorch recommends it: around the forward passes."""
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        raise Unavailable("this processor has no instructions that oneDNN wants for bf16")
    for net in steps.nets:
        net.forward = torch.autocast("cpu", dtype=torch.bfloat16)(net.forward)


KINDS: dict[str, Callable[[Steps], None]] = {"fp32": lambda steps: None, "compile": compiled, "bf16": bf16}
prepared: dict[tuple[str, str], Steps] = {}


def prepare(kind: str, layout: str, size: int, features: int, batch: int, objective: str = "wgan") -> dict:
    """Makes ready, warms up; how long steps take."""
    steps = Steps(layout, size, features, batch, objective)
    try:
        KINDS[kind](steps)
        times = steps.time(2)
    except Exception as error:
        if kind == "compile":  # No compiler, or one that it can't use.
            raise Unavailable(f"{type(error).__name__}: {first_line(error)}") from error
        raise
    prepared[kind, layout] = steps
    return times


def measure(kind: str, layout: str, repeats: int) -> dict:
    return prepared[kind, layout].time(repeats)


def write(path: str, size: int, features: int, batch: int) -> dict:
    """Nets, pictures and noise for other frameworks, and the losses of a critic's and a generator's step from there."""
    steps = Steps("nchw", size, features, batch)
    arrays = {"real": steps.real, "noise": steps.noise}
    for name, net in zip(("critic", "generator"), steps.nets):
        arrays |= {f"{name}.{key}": value for key, value in net.state_dict().items() if value.is_floating_point()}
    numpy.savez(path, **{name: value.detach().numpy() for name, value in arrays.items()})
    losses = [*steps.trainer.critic_step(steps.real, steps.noise), steps.trainer.generator_step(steps.noise)]
    return {"losses": [loss.item() for loss in losses]}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        serve({"configure": configure, "prepare": prepare, "measure": measure, "write": write})
    else:
        configure(int(sys.argv[2]))
        Steps(sys.argv[1], *map(int, sys.argv[3:6]), *sys.argv[6:]).time(1)
