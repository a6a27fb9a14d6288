"""What other processes had of the machine while we measured: what /proc/stat says was used, less what we used."""

import os


def cores() -> int:
    """That we may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _used_seconds() -> float | None:
    """By all processes of the machine, and by other machines of the same host; None where the system doesn't tell."""
    try:
        with open("/proc/stat") as file:
            ticks = [int(text) for text in file.readline().split()[1:]]
    except OSError:
        return None
    user, nice, system, _idle, _io, interrupts, soft_interrupts, stolen = ticks[:8]
    return (user + nice + system + interrupts + soft_interrupts + stolen) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """By this process and those that it started, as far as they have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Watch:
    """From its making to `read`: `{"others": seconds, "all": seconds}` of the processors' time."""

    def __init__(self):
        self.elapsed, self.used, self.own = os.times().elapsed, _used_seconds(), _own_seconds()

    def read(self) -> dict:
        used = _used_seconds()
        if used is None or self.used is None:
            return {"others": 0.0, "all": 0.0}
        return {"others": (used - self.used) - (_own_seconds() - self.own),
                "all": (os.times().elapsed - self.elapsed) * (os.cpu_count() or 1)}


class Share:
    """Of the machine's time during many measurements: what others had."""

    TOLERANCE = 0.03

    def __init__(self):
        self.others = self.all = 0.0

    def add(self, reading: dict) -> None:
        self.others += reading["others"]
        self.all += reading["all"]

    @property
    def value(self) -> float | None:
        """0...1; None where the system doesn't tell. (Its clock ticks coarsely: sums may lie a little outside.)"""
        return min(1.0, max(0.0, self.others / self.all)) if self.all > 0 else None

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "This system doesn't tell what other processes did meanwhile."
        if self.value > self.TOLERANCE:
            return f"TOO NOISY to trust: other processes had {self.value:.0%} of the machine meanwhile."
        return f"The machine was quiet: other processes had {self.value:.1%} of it."
