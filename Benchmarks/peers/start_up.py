"""64 pictures from a cold start: `wgan generate` and a PyTorch script with the same weights.

From the process's start to its end, the file written. The page cache is warm: each has run once before.
"""

import sys
import tempfile
from pathlib import Path

from contestants import HERE, Failure, Settings, run_alone
from ratios import Comparison, Times, rounded, table


def short_run(settings: Settings, folder: Path, *flags: str) -> Path:
    """A run whose pictures aren't good: that doesn't matter here."""
    trained = folder / "run"
    run_alone([str(settings.wgan), "train", "--data", "synthetic", "--fraction", "0.02",
               "--cache", str(folder / "cache"), "--critic-steps", "1", "--generator-steps", "1",
               "--out", str(trained), *flags], settings)
    return trained


def run(settings: Settings) -> dict:
    with tempfile.TemporaryDirectory(prefix="wgan-peers-") as name:
        folder = Path(name)
        trained = short_run(settings, folder)  # Nets of the default size.
        checkpoints = sorted(trained.glob("checkpoints/*.safetensors"))
        if not checkpoints:
            raise Failure(f"{settings.wgan} train left no checkpoint")
        threads = str(settings.threads)
        grids = {"ours": folder / "ours.png", "theirs": folder / "theirs.png"}
        commands = {
            "ours": [str(settings.wgan), "generate", "--run", str(trained), "--count", "64", "--threads", threads,
                     "--grid", str(grids["ours"])],
            "theirs": [sys.executable, str(HERE / "torch_generate.py"), str(checkpoints[-1]), str(grids["theirs"]),
                       threads],
        }

        def seconds(who: str) -> float:
            grids[who].unlink(missing_ok=True)
            result = run_alone(commands[who], settings).seconds
            if not grids[who].is_file() or grids[who].stat().st_size == 0:
                raise Failure(f"no picture came of {' '.join(commands[who])}")
            return result

        times = {who: Times() for who in commands}
        for who in commands:
            seconds(who)
        for _ in settings.each_round():
            for who in commands:
                times[who].add(seconds(who))
    comparison = Comparison.of(times["ours"], {"PyTorch": times["theirs"]})
    result = {f"{who}_s": rounded(t.median) for who, t in times.items()}
    result |= {f"{who}_min_s": rounded(t.minimum) for who, t in times.items()} | comparison.json()
    row = ["64 pictures, one PNG", f"{result['ours_s']:.3f}", f"{result['theirs_s']:.3f}", *comparison.cells()]
    print(table(["start-up", "wgan s", "PyTorch s", *Comparison.titles], [row]))
    return result
