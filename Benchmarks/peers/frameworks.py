"""Training steps: wgan-bench step and other frameworks than PyTorch, in turn. Those that aren't there are left out."""

import tempfile
from pathlib import Path

from contestants import Failure, NotMeasured, Settings, Worker, require, say
from ratios import Comparison, Times, rounded, table
from steps import KINDS, number, ours_once, repeats_for

# Name -> the worker's file, the module that it needs.
FRAMEWORKS = {
    "JAX": ("jax_step.py", "jax"),
    "TensorFlow": ("tensorflow_step.py", "tensorflow"),
    "IPEX": ("ipex_step.py", "intel_extension_for_pytorch"),
}
# How far a framework's losses may be from PyTorch's; the nets' are smaller than 0.1 at first.
TOLERANCE = {"fp32": 1e-4, "bf16": 2e-2}


def run(settings: Settings) -> dict:
    size, features, batch = settings.configurations[0]
    shape = {"size": size, "features": features, "batch": batch}
    result = {"steps": [], "skipped": {}}
    rows = []
    with tempfile.TemporaryDirectory(prefix="wgan-peers-") as folder:
        path = str(Path(folder) / "nets.npz")
        with Worker("torch_step.py", settings) as worker:
            worker.prepare("configure", threads=settings.threads)
            losses = worker.prepare("write", path=path, **shape)["losses"]
        for name in settings.frameworks:
            say(f"  {name}: size {size}, features {features}, batch {batch}")
            try:
                for row, comparison in one(settings, name, shape, path, losses):
                    result["steps"].append(row)
                    rows.append([name, row["step"], number(row["ours_ms"], 1), number(row["fp32_ms"], 1),
                                 row["fp32_way"], number(row["bf16_ms"], 1), row["bf16_way"] or "-",
                                 *comparison.cells(), number(row["ratio_bf16"], 2)])
            except (NotMeasured, Failure) as why:  # The others are measured nevertheless.
                result["skipped"][name] = str(why)
                print(f"{name} isn't measured: {why}")
    if rows:
        print(table([f"size {size}, features {features}, batch {batch}", "step", "wgan ms", "fp32", "its way", "bf16",
                     "its way", *Comparison.titles, "to bf16"], rows, left_aligned=2))
    return result


def one(settings: Settings, name: str, shape: dict, path: str, losses: list[float]) -> list[tuple[dict, Comparison]]:
    script, module = FRAMEWORKS[name]
    python = settings.pythons[name]
    require(python, module)
    with Worker(script, settings, str(settings.threads), python=python) as worker:
        told = worker.prepare("configure")
        best = prepare(worker, name, told["variants"], path, losses)
        ours = {kind: Times() for kind in KINDS}
        theirs = {key: Times() for key in best}
        for _ in settings.each_round():
            answer = ours_once(settings, **shape, threads=settings.threads, repeats=3)
            for kind in KINDS:
                ours[kind].add_timing(answer[f"{kind}_ms"])
            for (precision, kind), (milliseconds, variant) in best.items():
                theirs[precision, kind].add_timing(worker.measure(
                    "measure", precision=precision, variant=variant, step=kind,
                    repeats=2 if milliseconds > 400 else repeats_for(milliseconds, settings))["time"])
    result = []
    for kind in KINDS:
        comparison = Comparison.of(ours[kind], {name: theirs["fp32", kind]})
        row = shape | {"framework": name, "version": told["version"], "step": kind,
                       "ours_ms": rounded(ours[kind].median), "ours_min_ms": rounded(ours[kind].minimum)}
        for precision in ("fp32", "bf16"):
            times = theirs.get((precision, kind))
            row[f"{precision}_ms"] = rounded(times.median) if times else None
            row[f"{precision}_way"] = best[precision, kind][1] if times else None
        bf16 = theirs.get(("bf16", kind))
        row["ratio_bf16"] = rounded(bf16.median / ours[kind].median) if bf16 else None
        result.append((row | comparison.json(), comparison))
    return result


def prepare(worker: Worker, name: str, variants: dict[str, list[str]], path: str, losses: list[float]) -> dict:
    """Makes all variants ready; (precision, step) -> milliseconds and name of the fastest."""
    best: dict[tuple[str, str], tuple[float, str]] = {}
    for precision, ways in variants.items():
        for variant in ways:
            say(f"    {precision}, {variant}")
            answer = worker.prepare("prepare", precision=precision, variant=variant, path=path)
            if any(abs(a - b) > TOLERANCE[precision] for a, b in zip(answer["losses"], losses, strict=True)):
                raise Failure(f"{name}, {precision}, {variant}: computes something else: its losses are "
                              f"{answer['losses']}, PyTorch's {losses}")
            for kind in KINDS:
                mine = (answer["times"][kind]["median"], variant)
                best[precision, kind] = min(best.get((precision, kind), mine), mine)
    return best
