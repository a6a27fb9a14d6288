"""Pictures of a generator that doesn't train: wgan-bench sample, PyTorch and onnxruntime, in turn; a batch of them and
one alone."""

import sys
import tempfile
from pathlib import Path

from contestants import NotMeasured, Settings, Worker, require, run_alone, run_json, say
from ratios import Comparison, Times, rounded, table
from start_up import short_run

# Of a batch's turns together.
PICTURES, QUICK_PICTURES = 4096, 512
LATENT = 100
LAYOUTS = ("nchw", "channels-last")


def run(settings: Settings) -> list[dict]:
    size, features, batch = settings.configurations[0]
    calls = -(-(QUICK_PICTURES if settings.quick else PICTURES) // (batch * settings.rounds))
    counts = (batch, 1) if batch > 1 else (1,)
    say(f"  size {size}, features {features}, batch {batch}: {calls} calls a turn")
    with tempfile.TemporaryDirectory(prefix="wgan-peers-") as name:
        weights, model = exported(settings, Path(name), size, features)
        with Worker("torch_sample.py", settings) as torch, onnx_worker(settings, model) as onnx:
            torch.prepare("configure", threads=settings.threads)
            variants = {count: prepare(torch, {"weights": weights, "size": size, "features": features, "count": count})
                        for count in counts}
            ours = {count: Times() for count in counts}
            theirs = {count: {name: Times() for name in (*variants[count], *onnx.names)} for count in counts}
            for _ in settings.each_round():
                answer = run_json(
                    [str(settings.ours), "sample", "--format", "json", "--size", str(size), "--features", str(features),
                     "--batch-size", str(batch), "--threads", str(settings.threads), "--repeat", str(calls),
                     "--no-split"], settings)
                for count in counts:
                    ours[count].add_timing(answer["batch_ms" if count == batch else "picture_ms"])
                    for name, variant in variants[count].items():
                        theirs[count][name].add_timing(
                            torch.measure("measure", **variant, count=count, calls=calls))
                    for name in onnx.names:
                        theirs[count][name].add_timing(onnx.measure(count, calls))
    result, rows = [], []
    names = [*variants[batch], *onnx.names]
    for count in counts:
        comparison = Comparison.of(ours[count], theirs[count])
        result.append({
            "size": size, "features": features, "pictures": count, "ours_ms": rounded(ours[count].median),
            "ours_min_ms": rounded(ours[count].minimum),
            "theirs": {name: rounded(times.median) for name, times in theirs[count].items()},
            "theirs_min": {name: rounded(times.minimum) for name, times in theirs[count].items()},
            "layouts": {name: variant["layout"] for name, variant in variants[count].items()},
            "onnxruntime": onnx.version, "best": comparison.best} | comparison.json())
        rows.append([f"{count} at once", f"{ours[count].median:.2f}",
                     *(f"{theirs[count][name].median:.2f}" if name in theirs[count] else "-" for name in names),
                     *comparison.cells()])
    print(table(["pictures, ms", "wgan", *names, *Comparison.titles], rows))
    print("PyTorch's layouts: " + ", ".join(
        f"{count} at once {', '.join(f'{name} {v}' for name, v in row['layouts'].items())}"
        for count, row in zip(counts, result, strict=True)) + ".")
    return result


def exported(settings: Settings, folder: Path, size: int, features: int) -> tuple[str, str]:
    """A generator's weights as PyTorch and as onnxruntime read them."""
    trained = short_run(settings, folder, "--preset", "blog", "--size", str(size), "--features", str(features))
    files = []
    for kind in ("safetensors", "onnx"):
        files.append(str(folder / f"generator.{kind}"))
        run_alone([str(settings.wgan), "export", "--run", str(trained), "--net", "generator", "--format", kind,
                   "--out", files[-1]], settings)
    return files[0], files[1]


def prepare(worker: Worker, shape: dict) -> dict[str, dict]:
    """Makes ready eager PyTorch in its better layout, and torch.compile in its own."""
    variants = {}
    for kind in ("eager", "compile"):
        say(f"    {kind}, {shape['count']} at once")
        try:
            times = {layout: worker.prepare("prepare", kind=kind, layout=layout, **shape)["median"]
                     for layout in LAYOUTS}
            variants[kind] = {"kind": kind, "layout": min(times, key=times.get)}
        except NotMeasured as why:
            print(f"torch.compile isn't measured: {why}")
    return variants


class onnx_worker:
    """onnxruntime, where one of our Pythons has it."""

    def __init__(self, settings: Settings, model: str):
        self.names: list[str] = []
        self.version: str | None = None
        self.worker: Worker | None = None
        for python in (sys.executable, settings.pythons["onnxruntime"]):
            try:
                require(python, "onnxruntime")
            except NotMeasured as error:
                why = error
                continue
            self.worker = Worker("onnx_sample.py", settings, python=python)
            self.version = self.worker.prepare("prepare", model=model, threads=settings.threads)["version"]
            self.names = ["onnxruntime"]
            return
        print(f"onnxruntime isn't measured: {why}")

    def __enter__(self) -> "onnx_worker":
        return self

    def __exit__(self, *error) -> None:
        if self.worker:
            self.worker.__exit__(*error)

    def measure(self, count: int, calls: int) -> dict:
        return self.worker.measure("measure", latent=LATENT, count=count, calls=calls)
