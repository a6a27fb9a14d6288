"""Runs the commands of README and docs as a reader would paste them: `make docs-test`.

    docs_test.py --wgan .build/release/wgan --bench .build/release/wgan-bench [--list] [FILE.md ...]

A command is a line of a code block that begins with the name of one of our tools, or `make`. They run one after the
other, file by file, in a folder made for that, as the home folder of somebody who has pictures in ~/Pictures/faces (300
synthetic ones) and trained on them in runs/faces (for a moment). Trainings are made small and benchmarks short by
flags added at the line's end; of `make` it's only checked that there is such a target. What can't be run here is in
NOT_RUN with the reason, and every other command must end with 0. Names that a text leaves to the reader have values in
PLACEHOLDERS.
"""

import argparse
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

PACKAGE = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("wgan", "wgan-bench", "make", "python3", "tensorboard", "mpirun")

# Added to a training: nets and a length that take a second. What the line says itself stays, but for these.
SMALL = ["--features", "8", "--batch-size", "8"]
STEPS = ["--generator-steps", "4", "--sample-every", "1", "--checkpoint-every", "2", "--evaluate-every", "2"]
# Added to a benchmark.
SHORT = {
    "conv": ["--seconds", "0.001", "--threads", "1"], "step": ["--size", "16", "--features", "8", "--batch-size", "4"],
    "sample": ["--size", "16", "--features", "8"], "peak": [], "data": [],
}
# A part of the command -> why it isn't run.
NOT_RUN = {
    "python3 ": "needs PyTorch: make peers and make parity run these files",
    "mpirun ": "needs a build with MPI: make test-mpi",
    "tensorboard ": "needs TensorBoard: make check-tensorboard",
    "wgan-bench report": "minutes; its parts are run alone",
    "wgan-bench peak": "minutes of quiet; its tests run it",
    "wgan-bench conv --baseline": "exits 1 where the machine is busy",
}
CHECKPOINT = "runs/faces/checkpoints/000004.safetensors"
PLACEHOLDERS = {"DIR": "~/Pictures/faces", "RUN": "runs/faces", "FOLDER": "~/Pictures/faces", "FILE": CHECKPOINT}


def commands(markdown):
    """The commands of a text's code blocks with their line numbers. A line that ends with \\ goes on."""
    fenced, begun, number = False, None, 0
    for place, line in enumerate(markdown.splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced and line.strip("`").strip() in ("", "sh", "console", "bash")
            continue
        if not (fenced or line.startswith("    ")):
            begun = None
            continue
        text = line.strip()
        if begun:
            text = begun + " " + text
        else:
            number = place
        if text.endswith("\\"):
            begun = text[:-1].strip()
            continue
        begun = None
        first = text.removeprefix("$ ").split(" ")[0]
        if re.fullmatch(rf"(\.build/release/)?({'|'.join(TOOLS)})", first):
            yield number, text.removeprefix("$ ")


class Reader:
    """A home folder, and what is typed there."""

    def __init__(self, tools):
        self.tools = tools
        self.home = tempfile.mkdtemp(prefix="wgan-docs-")
        self.environment = dict(
            os.environ, HOME=self.home, XDG_CACHE_HOME=os.path.join(self.home, "cache"), NO_COLOR="1",
            PATH=os.path.join(self.home, "bin") + os.pathsep + os.environ["PATH"])
        os.makedirs(os.path.join(self.home, "bin"))
        os.makedirs(os.path.join(self.home, ".build", "release"))
        for name, path in tools.items():
            for folder in ("bin", ".build/release"):
                os.symlink(path, os.path.join(self.home, folder, name))
        # What a repository has that its texts name.
        os.symlink(PACKAGE / "Benchmarks", os.path.join(self.home, "Benchmarks"))
        os.makedirs(os.path.join(self.home, "Pictures"))

    def prepare(self):
        """Why it failed; None if it didn't."""
        train = f"wgan train {shlex.join(SMALL + STEPS)} --latent 100"
        return (self.run(f"{train} --data synthetic --fraction 0.01 --out first")
                or self.run("wgan generate --run first --count 300 --out Pictures/faces")
                or self.run("ln -s Pictures/faces faces; ln -s Pictures/faces few")
                or self.run(f"{train} --data ~/Pictures/faces --out runs/faces"))

    def run(self, command):
        """Why it failed; None if it didn't."""
        if command.startswith("wgan watch"):
            return self.watch(command)
        done = subprocess.run(["bash", "-c", command], cwd=self.home, env=self.environment, capture_output=True,
                              stdin=subprocess.DEVNULL, text=True, timeout=600)
        return None if done.returncode == 0 else f"exit {done.returncode}: {done.stderr.strip()[-600:]}"

    def forget(self):
        """Another text, another reader: what the last one wrote beside its folders is gone."""
        for entry in os.scandir(self.home):
            if entry.is_file(follow_symlinks=False):
                os.remove(entry)

    def watch(self, command):
        """A server ends by Ctrl-C alone: it's right if it says where it is."""
        process = subprocess.Popen(shlex.split(command) + ["--port", "0"], cwd=self.home, env=self.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        told = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        return None if told.startswith("http://") else f"no address: {errors.strip()[-600:]}"

    def close(self):
        shutil.rmtree(self.home)


def shortened(command):
    """The same command, as it is run here: small, short, and with names for what the reader would fill in."""
    text, _, _ = command.partition(" #")
    text = re.sub(r"(?<![\w/])\.build/release/", "", text.strip()).removesuffix(" ...")
    for name, value in PLACEHOLDERS.items():
        text = re.sub(rf"(?<![\w.-]){name}(?![\w.-])", value, text)
    # What takes the command's output stays behind it.
    text, pipe, reader = text.partition(" | ")
    words = shlex.split(text)
    added = []
    if words[:2] == ["wgan", "train"] and not {"--dry-run", "--help", "--help-all"} & set(words):
        added = small_training(words)
    elif words[0] == "wgan-bench" and len(words) > 1:
        added = SHORT.get(words[1], [])
    text = " ".join([text, *added]) + pipe + reader
    if words[:2] == ["wgan", "watch"]:
        return text.replace(" --open", "")
    return text


def small_training(words):
    if "--resume" in words:
        return STEPS
    return SMALL + (["--for", "1s"] if "--for" in words else [] if "--epochs" in words else STEPS)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wgan", default=PACKAGE / ".build/release/wgan", type=os.path.abspath)
    parser.add_argument("--bench", default=PACKAGE / ".build/release/wgan-bench", type=os.path.abspath)
    parser.add_argument("--list", action="store_true", help="print what would be run, and run nothing")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    files = arguments.files or [PACKAGE / "README.md", *sorted((PACKAGE / "docs").glob("*.md"))]
    targets = re.findall(r"^([a-z-]+):", (PACKAGE / "Makefile").read_text(), re.M)
    # What a shell starts in the background ignores Ctrl-C, and hands that on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    reader = Reader({"wgan": arguments.wgan, "wgan-bench": arguments.bench})
    failures, ran, passed_over = [], 0, 0
    try:
        if not arguments.list:
            if why := reader.prepare():
                sys.exit(f"docs-test: {why}")
        for file in files:
            reader.forget()
            for number, command in commands(file.read_text()):
                where = f"{file.name}:{number}"
                if why := next((why for part, why in NOT_RUN.items() if part in command), None):
                    print(f"  not run  {where}  {command}  ({why})")
                    passed_over += 1
                    continue
                if command.startswith("make"):
                    words = [w for w in shlex.split(command, comments=True)[1:] if "=" not in w]
                    why = next((f"no target {word}" for word in words if word not in targets), None)
                else:
                    command = shortened(command)
                    why = None if arguments.list else reader.run(command)
                ran += 1
                print(f"  {'FAILED ' if why else 'ok     '}  {where}  {command}", flush=True)
                if why:
                    failures.append(f"{where}  {command}\n    {why}")
    finally:
        reader.close()
    print(f"{ran} commands, {len(failures)} failed, {passed_over} not run")
    if failures:
        sys.exit("\n".join(["docs-test: these fail:", *failures]))


if __name__ == "__main__":
    main()
