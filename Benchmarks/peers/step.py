"""Times a critic step and a generator step of a WGAN run in PyTorch; prints one JSON line per configuration.

    python3 step.py --threads 2
    {"configuration": "nchw", "critic_ms": {"min": ..., "median": ...}, "generator_ms": {...}, "threads": 2, ...}

A step is the whole step of wgan_reference.py: for the critic clipping, the pictures through the critic, noise through
the generator and that through the critic, backward, RMSprop; for the generator both nets forward and backward, RMSprop.
Pictures and noise are there already, as float32: loading them isn't timed. Each configuration runs in a process of its
own, so that neither memory nor warmed-up caches are shared. `rss_mb` is the process's peak, PyTorch itself included.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

CONFIGURATIONS = ("nchw", "channels-last", "nchw-compiled", "channels-last-compiled")


def available_threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parser(description: str) -> argparse.ArgumentParser:
    """The flags that compare.py has too."""
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--size", type=int, default=64)
    p.add_argument("--features", type=int, default=64)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--channels", type=int, default=3)
    p.add_argument("--latent", type=int, default=100)
    p.add_argument("--extra-layers", type=int, default=0)
    p.add_argument("--threads", type=int, default=available_threads(), help="default: all cores")
    p.add_argument("--repeat", type=int, default=5, help="timed steps of each kind in a process (default 5)")
    p.add_argument("--compile", action="store_true", help="time torch.compile too: needs a C++ compiler, and minutes")
    return p


def configurations(compiled: bool) -> list[str]:
    return [name for name in CONFIGURATIONS if compiled or not name.endswith("compiled")]


def step_flags(arguments: argparse.Namespace) -> list[str]:
    """What is to be timed, as step.py and `wgan-bench step` both spell it; the defaults of both are preset `seed`'s."""
    flags = {name: getattr(arguments, name) for name in ("size", "features", "batch_size", "threads", "repeat")}
    for name, default in (("channels", 3), ("latent", 100), ("extra_layers", 0)):
        if getattr(arguments, name) != default:
            flags[name] = getattr(arguments, name)
    return [text for name, value in flags.items() for text in (f"--{name.replace('_', '-')}", str(value))]


def peak_rss_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # Not getrusage: what a process inherits from the one that started it counts there.
        kilobytes = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(kilobytes) / 1024
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)  # macOS counts bytes.


def measure(name: str, arguments: argparse.Namespace) -> dict:
    import torch

    from wgan_reference import Configuration, Trainer

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    trainer = Trainer(Configuration(
        size=arguments.size, channels=arguments.channels, features=arguments.features, latent=arguments.latent,
        extra_layers=arguments.extra_layers, batch_size=arguments.batch_size))
    layout = torch.channels_last if name.startswith("channels-last") else torch.contiguous_format
    trainer.critic.to(memory_format=layout)
    trainer.generator.to(memory_format=layout)
    if name.endswith("compiled"):
        trainer.critic.compile()
        trainer.generator.compile()
    real = torch.rand(arguments.batch_size, arguments.channels, arguments.size, arguments.size) * 2 - 1
    real = real.contiguous(memory_format=layout)
    noise = torch.randn(arguments.batch_size, arguments.latent, 1, 1)

    def milliseconds(step) -> float:
        start = time.perf_counter()
        step()
        return (time.perf_counter() - start) * 1e3

    steps = {
        "critic_ms": lambda: trainer.critic_step(real, noise),
        "generator_ms": lambda: trainer.generator_step(noise),
    }
    result: dict = {"configuration": name}
    for key, step in steps.items():
        for _ in range(arguments.warm_up):
            step()
        times = [milliseconds(step) for _ in range(arguments.repeat)]
        result[key] = {"min": round(min(times), 3), "median": round(statistics.median(times), 3)}
    return result | {
        "threads": torch.get_num_threads(), "size": arguments.size, "features": arguments.features,
        "batch_size": arguments.batch_size, "channels": arguments.channels, "latent": arguments.latent,
        "extra_layers": arguments.extra_layers, "repeat": arguments.repeat, "rss_mb": round(peak_rss_mb()),
        "torch": torch.__version__,
    }


def main() -> int:
    p = parser(__doc__)
    p.add_argument("--warm-up", type=int, default=2, help="steps of each kind before the timed ones (default 2)")
    p.add_argument("--configuration", choices=CONFIGURATIONS, help="only this one, in this process")
    arguments = p.parse_args()
    if min(arguments.threads, arguments.repeat, arguments.batch_size, arguments.features) < 1:
        p.error("--threads, --repeat, --batch-size and --features must be 1 or more")
    if arguments.configuration:
        try:
            print(json.dumps(measure(arguments.configuration, arguments)), flush=True)
        except ValueError as error:  # A size that no net has.
            p.error(str(error))
        return 0
    for name in configurations(arguments.compile):
        status = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--configuration", name]).returncode
        if status != 0:
            print(f"step.py: {name} failed with status {status}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
