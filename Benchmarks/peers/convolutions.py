"""Each convolution of the preset blog's nets and each pass: wgan-bench conv and PyTorch, in turn."""

import re
from dataclasses import dataclass
from pathlib import Path

from contestants import HERE, Failure, Settings, Worker, run_json
from ratios import Comparison, Times, rounded, table

SHAPES = HERE.parent / "Shapes"
# A 3x3 layer that --extra-layers adds is in both nets.
FILES = {"critic64.txt": ["critic."], "extra.txt": ["critic.", "generator."], "generator64.txt": ["generator."]}
PASSES = ("forward", "backwardData", "backwardWeights")


@dataclass(frozen=True)
class Shape:
    text: str
    """As benchdnn writes it."""
    layer: str
    """Every layer that is this convolution; ^T: as its adjoint."""

    @property
    def fields(self) -> dict[str, int]:
        fields = {key: int(value) for key, value in re.findall(r"([a-z]+)(\d+)", self.text)}
        return {"batch": fields["mb"], "inputs": fields["ic"], "size": fields["ih"], "outputs": fields["oc"],
                "kernel": fields["kh"], "stride": fields["sh"], "padding": fields["ph"]}


def shapes_of_nets(folder: Path = SHAPES) -> list[Shape]:
    """Each once, in the order of the files."""
    layers: dict[str, list[str]] = {}
    for name, nets in FILES.items():
        for line in (folder / name).read_text().splitlines():
            if match := re.fullmatch(r'(\w+)n"(.*)"', line.partition("#")[0].strip()):
                text, layer = match.groups()
                layers.setdefault(text, []).extend(net + layer for net in nets)
    return [Shape(text, " + ".join(names)) for text, names in layers.items()]


def run(settings: Settings) -> list[dict]:
    shapes = shapes_of_nets()
    seconds = 0.1 if settings.quick else 0.15
    # One process for all shapes: measuring the machine's peak at its start takes longer than a shape.
    command = [str(settings.ours), "conv", "--format", "json", "--seconds", str(seconds),
               "--threads", str(settings.threads)]
    for shape in shapes:
        command += ["--shape", f'{shape.text}n"{shape.layer}"']
    ours: dict[tuple[str, str], Times] = {}
    theirs: dict[tuple[str, str], dict[str, Times]] = {}
    isa = ""
    with Worker("torch_convolution.py", settings) as worker:
        worker.prepare("configure", threads=settings.threads)
        for _ in settings.each_round():
            for row in run_json(command, settings)["results"]:
                if not row["verified"]:
                    raise Failure(f"{row['shape']} {row['pass']}: our result is wrong: wgan-bench conv says how")
                ours.setdefault((row["shape"], row["pass"]), Times()).add_timing(row["milliseconds"])
                isa = row["isa"]
            for shape in shapes:
                times = worker.measure("measure", seconds=seconds, **shape.fields)["times"]
                for layout, passes in times.items():
                    for name, timing in passes.items():
                        theirs.setdefault((shape.text, name), {}).setdefault(layout, Times()).add_timing(timing)

    result, rows = [], []
    for shape in shapes:
        for name in PASSES:
            mine, peers = ours[shape.text, name], theirs[shape.text, name]
            comparison = Comparison.of(mine, peers)
            result.append({
                "layer": shape.layer, "shape": shape.text, "pass": name, "isa": isa, "threads": settings.threads,
                "ours_ms": rounded(mine.median), "theirs_ms": rounded(peers[comparison.best].median),
                "ours_min_ms": rounded(mine.minimum), "theirs_min_ms": rounded(peers[comparison.best].minimum),
                "theirs_layout": comparison.best} | comparison.json())
            rows.append([shape.layer if name == PASSES[0] else "", name, f"{mine.median:.3f}"]
                        + [f"{peers[layout].median:.3f}" for layout in ("nchw", "channels-last")] + comparison.cells())
    print(table(["convolution", "pass", "wgan ms", "NCHW ms", "chan.-last", *Comparison.titles], rows, left_aligned=2))
    return result
