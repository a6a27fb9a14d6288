"""The two sides as processes, one at a time on the machine: wgan's tools run once, PyTorch's workers stay."""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from noise import Share, Watch

HERE = Path(__file__).resolve().parent

# PyTorch allocates each result anew. In calls of a single convolution glibc gives the memory of large ones back to the
# system each time and fetches it again, page by page: up to nine tenths of the time. In whole steps it learns not to.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
# Both sides held to one instruction set, by each side's own variables.
ISA = {"avx2": {"WGAN_ISA": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}}


class Failure(Exception):
    """One line that says what went wrong and what mends it."""


class NotMeasured(Exception):
    """One line that says why a part is left out; no fault."""


@dataclass
class Settings:
    ours: Path
    wgan: Path
    threads: int
    rounds: int
    quick: bool
    isa: str | None
    pictures: Path | None
    configurations: list[tuple[int, int, int]]
    """Size, features, batch of the whole steps."""
    pythons: dict[str, Path]
    """Those of other frameworks' workers, by their names in frameworks.py; they needn't be there."""
    frameworks: list[str]
    """Which of them to measure."""
    noise: Share = field(default_factory=Share)

    def environment(self, more: dict[str, str] = {}) -> dict[str, str]:
        return os.environ | ISA.get(self.isa or "", {}) | more

    def each_round(self):
        for number in range(1, self.rounds + 1):
            say(f"  round {number} of {self.rounds}")
            yield number


def say(line: str) -> None:
    """What happens just now; results go to standard output."""
    print(line, file=sys.stderr, flush=True)


# Tools that run once


def run_json(command: list[str], settings: Settings) -> dict:
    """The JSON that wgan-bench prints."""
    with machine_to_ourselves():
        pass  # It waits for its turn by itself; waiting here first keeps what others do meanwhile out of `noise`.
    watch = Watch()
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=settings.environment())
    except OSError as error:
        raise Failure(f"can't start {command[0]}: {error.strerror}") from error
    settings.noise.add(watch.read())
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)} failed with status {done.returncode}: {told(done.stderr)}")
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise Failure(f"{' '.join(command)} didn't print JSON but: {told(done.stdout)[:200]}") from error


@dataclass(frozen=True)
class Ended:
    seconds: float
    """From before its start until after its end."""
    peak_mb: float
    """Its largest resident size."""


def run_alone(command: list[str], settings: Settings, takes_turn: bool = False) -> Ended:
    """Runs a command while no wgan-bench measures; `takes_turn`: it is one, and waits by itself."""
    with nullcontext() if takes_turn else machine_to_ourselves(), tempfile.TemporaryFile() as errors:
        watch = Watch()
        start = time.perf_counter()
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                                       env=settings.environment())
        except OSError as error:
            raise Failure(f"can't start {command[0]}: {error.strerror}") from error
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        settings.noise.add(watch.read())
        if process.returncode != 0:
            errors.seek(0)
            why = told(errors.read().decode(errors="replace"))
            raise Failure(f"{' '.join(command)} failed with status {process.returncode}: {why}")
    # Linux counts KiB, macOS bytes. What a process inherits from the one that started it counts too: ours is small.
    return Ended(seconds, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20))


def told(text: str) -> str:
    """The line that says what went wrong: below it there may be a usage, above it a traceback."""
    lines = text.strip().splitlines() or ["nothing"]
    return next((line for line in lines if line.startswith("Error:")), lines[-1])


# Workers


def require(python: str | Path, module: str) -> None:
    """Raises NotMeasured where that Python isn't there or can't import the module."""
    try:
        done = subprocess.run([str(python), "-c", f"import {module}"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise NotMeasured(f"{python}: {error.strerror}; Benchmarks/peers/setup_frameworks.sh installs it") from error
    if done.returncode != 0:
        raise NotMeasured(f"{python} can't import {module} ({told(done.stderr)}); "
                          "Benchmarks/peers/setup_frameworks.sh installs it")


class Worker:
    """A Python process of this folder that answers requests (service.py) until it is closed."""

    def __init__(self, script: str, settings: Settings, *arguments: str, python: str | Path = sys.executable):
        self.script, self.noise = script, settings.noise
        self.process = subprocess.Popen(
            [str(python), str(HERE / script), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=settings.environment(KEEP_MEMORY))

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, kind, *_) -> None:
        if kind:
            self.process.terminate()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def prepare(self, do: str, **arguments) -> dict:
        """What isn't timed: others may disturb it."""
        return self._ask(do, arguments)

    def measure(self, do: str, **arguments) -> dict:
        answer = self._ask(do, arguments)
        self.noise.add(answer["noise"])
        return answer

    def _ask(self, do: str, arguments: dict) -> dict:
        """Raises NotMeasured where the machine can't do it."""
        with machine_to_ourselves():
            try:
                print(json.dumps({"do": do} | arguments), file=self.process.stdin, flush=True)
                line = self.process.stdout.readline()
            except BrokenPipeError:
                line = ""
        if not line:
            raise Failure(f"{self.script} ended with status {self.process.wait()}: its lines above say why")
        answer = json.loads(line)
        if "unavailable" in answer:
            raise NotMeasured(answer["unavailable"])
        if "failure" in answer:
            raise Failure(f"{self.script}: {answer['failure']}")
        return answer


@contextmanager
def machine_to_ourselves():
    """Waits for a wgan-bench that measures, and lets others wait: the lock of wgan-bench's Turn.swift.

    Where it can't be opened nobody waits.
    """
    try:
        path = os.path.join(tempfile.gettempdir(), "wgan-bench.lock")
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError:
        yield
        return
    try:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("  a wgan-bench is measuring; waiting for it to end")
            fcntl.lockf(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
