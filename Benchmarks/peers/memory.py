"""The largest resident size of a process that trains, from its start to its end: wgan-bench step and PyTorch."""

import sys

from contestants import HERE, Settings, run_alone
from ratios import rounded, table


def run(settings: Settings) -> dict:
    size, features, batch = settings.configurations[0]
    shape = [str(size), str(features), str(batch)]
    threads = str(settings.threads)
    ours = run_alone([str(settings.ours), "step", "--size", shape[0], "--features", shape[1], "--batch-size", shape[2],
                      "--threads", threads, "--repeat", "1", "--warm-ups", "1", "--no-split"], settings,
                     takes_turn=True).peak_mb
    # As users start it, its allocator as it comes. torch alone: what of it are libraries, before there are nets.
    script = str(HERE / "torch_step.py")
    theirs = {layout: run_alone([sys.executable, script, layout, threads, *shape], settings).peak_mb
              for layout in ("nchw", "channels-last")}
    library = run_alone([sys.executable, "-c", "import torch"], settings).peak_mb
    best = min(theirs, key=theirs.get)
    result = {"size": size, "features": features, "batch": batch, "ours_mb": rounded(ours),
              "theirs_mb": rounded(theirs[best]), "theirs_layout": best, "theirs_import_mb": rounded(library),
              "ratio": rounded(theirs[best] / ours)}
    print(table(["peak memory, MB", "wgan", "NCHW", "chan.-last", "import torch", "ratio"],
                [[f"size {size}, features {features}, batch {batch}", f"{ours:.0f}", f"{theirs['nchw']:.0f}",
                  f"{theirs['channels-last']:.0f}", f"{library:.0f}", f"{result['ratio']:.2f}"]]))
    return result
