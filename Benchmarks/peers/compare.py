"""The same work in wgan and in PyTorch, in turn in one run, and how the speeds compare. README.md says what is timed.

    python3 compare.py --ours .build/release/wgan-bench --wgan .build/release/wgan

Round after round each contestant has its turn: wgan, PyTorch, wgan, PyTorch ... A machine that gets slower for a while
then slows all of them. A ratio above 1 means that wgan is faster (or smaller). "shaky": don't build on that ratio.
"""

import argparse
import datetime
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import convolutions
import frameworks
import memory
import noise
import pictures
import sampling
import start_up
import steps
from contestants import HERE, ISA, Failure, NotMeasured, Settings

# What --only names: title and, by its name in the JSON file, what is measured.
PARTS = {
    "conv": ("Convolutions", {"convolutions": convolutions.run}),
    "steps": ("Training steps", {
        "steps": steps.run, "objectives": steps.objectives, "threads_scaling": steps.scaling}),
    "frameworks": ("Training steps in other frameworks", {"frameworks": frameworks.run}),
    "sampling": ("Sampling", {"sampling": sampling.run}),
    "start-up": ("Cold start", {"start_up": start_up.run}),
    "memory": ("Memory", {"memory": memory.run}),
    "pictures": ("Pictures", {"pictures": pictures.run}),
}


def arguments() -> argparse.Namespace:
    release = HERE.parents[1] / ".build" / "release"
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--ours", type=Path, default=release / "wgan-bench", help="default: this package's release build")
    p.add_argument("--wgan", type=Path, default=release / "wgan", help="default: this package's release build")
    p.add_argument("--only", type=parts, default=list(PARTS), help=f"some of {','.join(PARTS)}")
    p.add_argument("--rounds", type=positive, help="default 5; 2 with --quick, which shows no noise")
    p.add_argument("--threads", type=positive, default=noise.cores(), help="default: all cores")
    p.add_argument("--isa", choices=list(ISA), help="hold both sides to this instruction set")
    p.add_argument("--configuration", type=configuration, action="append", metavar="SIZE,FEATURES,BATCH",
                   help="whole steps of this one instead of all; may be repeated")
    p.add_argument("--frameworks", type=framework_names, default=list(frameworks.FRAMEWORKS),
                   help=f"some of {','.join(frameworks.FRAMEWORKS)}")
    p.add_argument("--frameworks-python", type=Path, default=HERE.parents[1] / ".venv-frameworks" / "bin" / "python3",
                   help="that has jax, tensorflow and onnxruntime; default: setup_frameworks.sh's")
    p.add_argument("--ipex-python", type=Path, default=HERE.parents[1] / ".venv-ipex" / "bin" / "python3",
                   help="that has intel_extension_for_pytorch; default: setup_frameworks.sh's")
    p.add_argument("--pictures", type=Path, help="a folder of JPEG and PNG files instead of ones made of noise")
    p.add_argument("--json", type=Path, help="also write the figures to this file")
    p.add_argument("--quick", action="store_true",
                   help="some minutes: 2 rounds, shorter turns, torch.compile only once, no steps of 128x128")
    a = p.parse_args()
    for tool in (a.ours, a.wgan):
        if not tool.is_file():
            p.error(f"{tool} isn't there: run swift build -c release, or name it with --ours or --wgan")
    if a.pictures and not a.pictures.is_dir():
        p.error(f"--pictures {a.pictures}: there's no such folder")
    if a.json and not a.json.absolute().parent.is_dir():
        p.error(f"--json {a.json}: there's no folder for it")
    return a


def parts(text: str) -> list[str]:
    return chosen(text, list(PARTS))


def framework_names(text: str) -> list[str]:
    return chosen(text, list(frameworks.FRAMEWORKS))


def chosen(text: str, known: list[str]) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name or 'nothing'} isn't one of {','.join(known)}")
    return [name for name in known if name in names]


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1")
    return int(text)


def configuration(text: str) -> tuple[int, int, int]:
    fields = text.split(",")
    if len(fields) != 3:
        raise argparse.ArgumentTypeError("three numbers, such as 64,64,16")
    size, features, batch = map(positive, fields)
    return size, features, batch


def processor() -> str:
    """As wgan-bench names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
    name = fields.get("model name", platform.machine())
    if "cpu family" in fields and "model" in fields:
        name += f" (family {fields['cpu family']} model {fields['model']})"
    return name


def torch_version() -> str:
    try:  # Without importing it: this process stays small.
        return version("torch")
    except PackageNotFoundError as error:
        raise Failure("this Python has no torch: Benchmarks/peers/setup.sh names one that has") from error


def main() -> int:
    a = arguments()
    settings = Settings(
        ours=a.ours.absolute(), wgan=a.wgan.absolute(), threads=a.threads, rounds=a.rounds or (2 if a.quick else 5),
        quick=a.quick, isa=a.isa, pictures=a.pictures,
        configurations=a.configuration or (steps.QUICK_CONFIGURATIONS if a.quick else steps.CONFIGURATIONS),
        pythons={"JAX": a.frameworks_python, "TensorFlow": a.frameworks_python, "IPEX": a.ipex_python,
                 "onnxruntime": a.frameworks_python}, frameworks=a.frameworks)
    report = {
        "machine": processor(), "cores": noise.cores(), "torch": torch_version(),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "threads": settings.threads, "rounds": settings.rounds, "quick": settings.quick, "isa_limit": settings.isa}
    words = [f"{report['machine']}, {report['cores']} cores", f"PyTorch {report['torch']}",
             f"{settings.threads} threads, {settings.rounds} rounds"]
    if settings.isa:
        words.append(f"both sides held to {settings.isa}")
    print("; ".join(words), flush=True)
    status = 0
    try:
        for part in a.only:
            title, measurements = PARTS[part]
            print(f"\n{title}", flush=True)
            for name, measure in measurements.items():
                try:
                    report[name] = measure(settings)
                except NotMeasured as why:
                    print(f"not measured: {why}")
                except Failure as failure:
                    print(f"compare.py: {failure}", file=sys.stderr)
                    status = 1
                sys.stdout.flush()
    finally:
        report["others_share"] = settings.noise.value
        if a.json:
            a.json.write_text(json.dumps(report, indent=2) + "\n")
    print("\nRatios above 1: wgan is faster, or smaller. \"of rounds\": the smallest and the largest ratio of a round.")
    if "steps" in a.only:
        print("The ratio of steps is to the fastest in fp32. bf16 computes less precisely: it stands apart.")
    print(settings.noise.verdict)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"compare.py: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
