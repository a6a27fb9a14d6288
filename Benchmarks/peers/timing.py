"""Timing of a piece of work, as wgan-bench's Timing.swift does it. Milliseconds."""

import statistics
import time
from typing import Callable


def milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def summary(samples: list[float]) -> dict:
    return {"min": min(samples), "median": statistics.median(samples)}


def repeated(work: Callable[[], object], warm_ups: int, repeats: int) -> dict:
    for _ in range(warm_ups):
        work()
    return summary([milliseconds(work) for _ in range(repeats)])


def steady(work: Callable[[], object], seconds: float, fewest: int = 5) -> dict:
    """For at least so many seconds and samples. A sample: as many runs as take a millisecond, over their number."""
    work()  # Pages, caches, the library's choice of kernel.
    first = milliseconds(work)
    runs = range(max(1, round(1 / max(first, 1e-5) + 0.5)) if first < 1 else 1)
    end = time.perf_counter() + seconds
    samples: list[float] = []
    while len(samples) < fewest or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in runs:
            work()
        samples.append((time.perf_counter() - start) * 1e3 / len(runs))
    return summary(samples)
