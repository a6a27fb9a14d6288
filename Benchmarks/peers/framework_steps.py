"""The nets and the two steps of the preset blog as functions of their parameters, for JAX and TensorFlow; and what
their workers answer.

It is what wgan_reference.py's Trainer does with the objective wgan; compare.py sees that the losses are the same. The
parameters' names are those of that file; weights are [ky, kx, input, output]; pictures are NHWC.
"""

import os
import sys
from types import SimpleNamespace
from typing import Callable

import numpy

from service import serve
from timing import repeated

RATE, DECAY, EPSILON, CLIP, MOMENTUM, NORM_EPSILON = 5e-5, 0.99, 1e-8, 0.01, 0.1, 1e-5


def critic(ops: SimpleNamespace, p: dict, x) -> tuple:
    """-> the mean score, and the running statistics that this pass moved."""
    moved = {}
    x = ops.leaky(ops.halve(x, p["initial.conv.weight"]))
    for name in blocks(p):
        x = block(ops, p, name, ops.leaky(ops.halve(x, p[f"{name}.conv.weight"])), moved)
    return ops.mean(ops.to_pixel(x, p["final.weight"])), moved


def generator(ops: SimpleNamespace, p: dict, z) -> tuple:
    moved = {}
    x = block(ops, p, "initial", ops.relu(ops.from_pixel(z, p["initial.conv.weight"])), moved)
    for name in blocks(p):
        x = block(ops, p, name, ops.relu(ops.double(x, p[f"{name}.conv.weight"])), moved)
    return ops.tanh(ops.double(x, p["final.weight"])), moved


def blocks(p: dict) -> list[str]:
    return sorted(name.removesuffix(".conv.weight") for name in p if name.startswith("pyramid.") and "conv" in name)


def block(ops: SimpleNamespace, p: dict, name: str, x, moved: dict):
    mean, variance = f"{name}.bn.running_mean", f"{name}.bn.running_var"
    y, batch_mean, unbiased = ops.norm(x, p[f"{name}.bn.weight"], p[f"{name}.bn.bias"])
    moved[mean] = (1 - MOMENTUM) * p[mean] + MOMENTUM * batch_mean
    moved[variance] = (1 - MOMENTUM) * p[variance] + MOMENTUM * unbiased
    return y


def is_trained(name: str) -> bool:
    return "running" not in name


def trained(p: dict) -> dict:
    return {name: value for name, value in p.items() if is_trained(name)}


def read(path: str) -> tuple[dict, dict, dict, dict]:
    """What torch_step.py wrote: critic, generator, {"real", "noise"} as these functions want them."""
    with numpy.load(path) as file:
        arrays = {name: file[name] for name in file.files}

    def net(prefix: str, axes: tuple[int, ...]) -> dict:
        return {name.removeprefix(prefix): numpy.ascontiguousarray(value.transpose(axes) if value.ndim == 4 else value)
                for name, value in arrays.items() if name.startswith(prefix)}

    # Convolutions have [output, input, ky, kx] there, transposed ones [input, output, ky, kx].
    return (net("critic.", (2, 3, 1, 0)), net("generator.", (2, 3, 0, 1)),
            numpy.ascontiguousarray(arrays["real"].transpose(0, 2, 3, 1)), arrays["noise"][:, :, 0, 0])


def hold_to(threads: int) -> None:
    """Before the framework is imported: it makes a thread for each core that it may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def serve_steps(version: str, variants: dict[str, list[str]], make: Callable) -> None:
    """A worker whose first argument was the number of threads.

    variants: "fp32", "bf16" -> the ways that this framework has. make(precision, variant, path): an object with
    `critic_step()` -> real and fake loss, `generator_step()` -> loss; both end when all is computed.
    """
    prepared: dict[tuple[str, str], object] = {}

    def configure() -> dict:
        return {"version": version, "variants": variants}

    def prepare(precision: str, variant: str, path: str) -> dict:
        steps = prepared[precision, variant] = make(precision, variant, path)
        losses = [*steps.critic_step(), steps.generator_step()]
        times = {step: measure(precision, variant, step, 2, warm_ups=0)["time"] for step in ("critic", "generator")}
        return {"losses": [float(loss) for loss in losses], "times": times}

    def measure(precision: str, variant: str, step: str, repeats: int, warm_ups: int = 1) -> dict:
        return {"time": repeated(getattr(prepared[precision, variant], f"{step}_step"), warm_ups, repeats)}

    serve({"configure": configure, "prepare": prepare, "measure": measure})


def threads_argument() -> int:
    return int(sys.argv[1])
