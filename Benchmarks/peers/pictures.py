"""Pictures a second through decode, resize and crop to 64x64 on one thread: wgan-bench data, Pillow, a loader."""

import csv
import subprocess
import tempfile
from pathlib import Path

import photos
from contestants import Failure, NotMeasured, Settings, Worker, run_json
from ratios import Comparison, Times, rounded, table

SIZE = 64
PILLOW = ("plain", "reduced")
WAYS = (*PILLOW, "loader")
SUFFIXES = {".jpg", ".jpeg", ".png"}
# Of a given folder, evenly spread: a turn is at least once all of them.
MOST_FILES = 200


def run(settings: Settings) -> list[dict]:
    if not knows_data(settings):
        raise NotMeasured(f"this {settings.ours.name} has no command `data`")
    seconds = 0.3 if settings.quick else 0.4
    with tempfile.TemporaryDirectory(prefix="wgan-peers-") as name, Worker("pillow_pictures.py", settings) as worker:
        folder = Path(name)
        loader = worker.prepare("configure")["loader"]
        kinds = given(settings.pictures) if settings.pictures else photos.make(folder)
        lists = {kind: write_list(folder / f"{number}.csv", files)
                 for number, (kind, files) in enumerate(kinds.items())}
        # One round beforehand says how many are a turn.
        rounds = {kind: max(1, min(1000, round(seconds * 1000 / ours_once(settings, path, 1)["round"])))
                  for kind, path in lists.items()}
        ours = {kind: Times() for kind in kinds}
        theirs = {kind: {way: Times() for way in WAYS} for kind in kinds}
        for _ in settings.each_round():
            for kind, files in kinds.items():
                ours[kind].add_timing(ours_once(settings, lists[kind], rounds[kind]))
                for way in WAYS:
                    theirs[kind][way].add_timing(worker.measure(
                        "measure", way=way, files=[str(path) for path in files], size=SIZE, seconds=seconds))

    # All times are milliseconds a picture.
    result, rows = [], []
    for kind in kinds:
        rates = {way: 1000 / times.median for way, times in theirs[kind].items()}
        rate = 1000 / ours[kind].median
        comparison = Comparison.of(ours[kind], {way: theirs[kind][way] for way in PILLOW})
        of_loader = Comparison.of(ours[kind], {"loader": theirs[kind]["loader"]})
        result.append({
            "kind": kind, "ours_per_s": rounded(rate), "pil_per_s": rounded(rates[comparison.best]),
            "pil_way": comparison.best, "pil_plain_per_s": rounded(rates["plain"]),
            "pil_reduced_per_s": rounded(rates["reduced"]), "loader_per_s": rounded(rates["loader"]),
            "loader": loader, "ratio_loader": rounded(of_loader.ratio)} | comparison.json())
        rows.append([kind, f"{rate:.0f}", *(f"{rates[way]:.0f}" for way in WAYS), *comparison.cells(),
                     f"{of_loader.ratio:.2f}"])
    titles = ["pictures/s, 1 thread", "wgan", "PIL", "PIL reduced", "loader", *Comparison.titles, "to loader"]
    print(table(titles, rows))
    print(f"The loader's transforms: {loader}.")
    return result


def given(folder: Path) -> dict[str, list[Path]]:
    files = sorted(path.absolute() for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise Failure(f"--pictures {folder}: there are no JPEG or PNG files in it")
    count = min(len(files), MOST_FILES)
    return {"given folder": [files[i * len(files) // count] for i in range(count)]}


def write_list(path: Path, files: list[Path]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([name, 0] for name in files)
    return path


def knows_data(settings: Settings) -> bool:
    done = subprocess.run([str(settings.ours), "data", "--help"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True)
    return "wgan-bench data" in done.stdout


def ours_once(settings: Settings, path: Path, rounds: int) -> dict:
    """Milliseconds a picture, and of a median round of all of them."""
    answer = run_json([str(settings.ours), "data", "--format", "json", "--data", str(path), "--size", str(SIZE),
                       "--threads", "1", "--rounds", str(rounds)], settings)
    if answer["bad"]:
        raise Failure(f"wgan-bench data can't use {answer['bad']} of the pictures; `wgan data scan` names them")
    row = next(row for row in answer["results"] if row["format"] == "all" and row["threads"] == 1)
    timing = next(stage for stage in row["stages"] if stage["stage"] == "whole")["milliseconds"]
    return timing | {"round": timing["median"] * row["pictures"]}
