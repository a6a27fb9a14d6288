"""Times the same training steps in PyTorch and in wgan, in turn, and prints how the speeds compare.

    python3 compare.py --ours .build/release/wgan-bench

Round after round, each contestant runs once in a process of its own: wgan, PyTorch NCHW, PyTorch channels-last, wgan,
... A machine that gets slower for a while then slows all of them, and ratios are taken within each round. README.md
says what is timed. A ratio above 1 means that wgan is faster.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

from step import configurations, parser, step_flags

HERE = Path(__file__).resolve().parent
OURS = "wgan"
# How far ratios may be apart, as a share of their median, before we call the result shaky.
SHAKY = 0.10
STEPS = ("critic_ms", "generator_ms")


class Failure(Exception):
    """One line that says what went wrong and what mends it."""


def run(command: list[str], who: str) -> dict:
    """The last line that a contestant prints, as JSON."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    except OSError as error:
        raise Failure(f"{who}: can't start {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise Failure(f"{who} failed with status {done.returncode}: {' '.join(command)}")
    lines = done.stdout.strip().splitlines()
    try:
        result = json.loads(lines[-1])
        for step in STEPS:
            for figure in ("min", "median"):
                if not result[step][figure] > 0:
                    raise ValueError
    except (IndexError, KeyError, TypeError, ValueError) as error:
        shown = lines[-1][:200] if lines else "nothing"
        raise Failure(f"{who} didn't print its times as JSON but: {shown}") from error
    return result


def spread(values: list[float]) -> float:
    return (max(values) - min(values)) / statistics.median(values)


def print_table(results: dict[str, list[dict]]) -> None:
    print(f"\n{'':24} {'critic step, ms':>28}   {'generator step, ms':>28}   {'peak':>7}")
    print(f"{'':24} {'min':>8} {'median':>9} {'spread':>9}   {'min':>8} {'median':>9} {'spread':>9}   {'MB':>7}")
    for who, rounds in results.items():
        cells = []
        for step in STEPS:
            medians = [r[step]["median"] for r in rounds]
            cells.append(f"{min(r[step]['min'] for r in rounds):8.1f} {statistics.median(medians):9.1f} "
                         f"{spread(medians):9.0%}")
        rss = [r["rss_mb"] for r in rounds if "rss_mb" in r]
        print(f"{who:24} {cells[0]}   {cells[1]}   {f'{max(rss):.0f}' if rss else '-':>7}")


def print_ratios(results: dict[str, list[dict]], critic_steps: int) -> None:
    """Speed of wgan over that of PyTorch's best configuration, which is that one's time over ours."""
    peers = [who for who in results if who != OURS]
    doubts = []
    print("\nSpeed, wgan / PyTorch's best (above 1: wgan is faster)")
    print(f"  {'':38} {'median of rounds':>16} {'range':>14} {'of the minima':>14}   PyTorch's best")
    for title, weights in {
        "critic step": {"critic_ms": 1},
        "generator step": {"generator_ms": 1},
        f"{critic_steps} critic steps + 1 generator step": {"critic_ms": critic_steps, "generator_ms": 1},
    }.items():

        def times(who: str, figure: str) -> list[float]:
            return [sum(r[step][figure] * weight for step, weight in weights.items()) for r in results[who]]

        best = min(peers, key=lambda who: statistics.median(times(who, "median")))
        ratios = [theirs / ours for theirs, ours in zip(times(best, "median"), times(OURS, "median"), strict=True)]
        of_minima = min(min(times(who, "min")) for who in peers) / min(times(OURS, "min"))
        middle = statistics.median(ratios)
        extent = f"{min(ratios):.2f} ... {max(ratios):.2f}"
        print(f"  {title:38} {middle:16.2f} {extent:>14} {of_minima:14.2f}   {best}")
        if spread(ratios) > SHAKY:
            doubts.append(f"{title}: the ratio ranges over {spread(ratios):.0%} of its median")
        if abs(of_minima / middle - 1) > SHAKY:
            doubts.append(f"{title}: medians and minima give ratios {abs(of_minima / middle - 1):.0%} apart")
    if min(len(rounds) for rounds in results.values()) < 3:
        doubts.append("fewer than 3 rounds can't show how much the times vary")
    if doubts:
        print("\nShaky; quieten the machine, or take more --rounds:")
        print("\n".join(f"  {doubt}" for doubt in doubts))


def main() -> int:
    p = parser(__doc__)
    p.add_argument("--ours", type=Path, default=HERE.parents[1] / ".build" / "release" / "wgan-bench",
                   help="the wgan-bench to time (default: this package's release build)")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--critic-steps", type=int, default=5, help="per generator step, in the ratio of both (default 5)")
    p.add_argument("--json", type=Path, help="also write every round's figures to this file")
    arguments = p.parse_args()
    if min(arguments.rounds, arguments.repeat, arguments.threads) < 1:
        p.error("--rounds, --repeat and --threads must be 1 or more")
    if not arguments.ours.is_file():
        raise Failure(f"{arguments.ours} isn't there: run swift build -c release --product wgan-bench, or name it with "
                      "--ours")

    flags = step_flags(arguments)
    contestants = {OURS: [str(arguments.ours), "step", *flags, "--format", "json"]}
    for name in configurations(arguments.compile):
        contestants[f"PyTorch {name}"] = [sys.executable, str(HERE / "step.py"), *flags, "--configuration", name]

    print(f"{arguments.size}x{arguments.size}x{arguments.channels}, features {arguments.features}, batch "
          f"{arguments.batch_size}, extra layers {arguments.extra_layers}, {arguments.threads} threads, fp32; "
          f"{arguments.rounds} rounds of {arguments.repeat} steps of each kind", flush=True)
    results: dict[str, list[dict]] = {who: [] for who in contestants}
    for number in range(1, arguments.rounds + 1):
        for who, command in contestants.items():
            result = run(command, who)
            results[who].append(result)
            print(f"  round {number}: {who:24} critic {result['critic_ms']['median']:8.1f} ms, generator "
                  f"{result['generator_ms']['median']:8.1f} ms", flush=True)
    print_table(results)
    print_ratios(results, arguments.critic_steps)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"compare.py: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
