"""How two sides compare that were timed in turn, round after round: medians, minima, their ratio, can it be trusted.

A ratio is their time over ours: above 1, wgan is faster.
"""

import statistics
from dataclasses import dataclass, field

# How far the rounds' ratios may lie apart, or the ratio of the minima from that of the medians, before we say "shaky".
TOLERANCE = 0.10
FEWEST_ROUNDS = 3


@dataclass
class Times:
    """One contestant's times of one piece of work: a median and a minimum of each round, in any one unit."""

    medians: list[float] = field(default_factory=list)
    minima: list[float] = field(default_factory=list)

    def add(self, median: float, minimum: float | None = None) -> None:
        self.medians.append(median)
        self.minima.append(median if minimum is None else minimum)

    def add_timing(self, timing: dict) -> None:
        """`{"min": ..., "median": ...}`, as both sides' tools print it."""
        self.add(timing["median"], timing["min"])

    @property
    def median(self) -> float:
        return statistics.median(self.medians)

    @property
    def minimum(self) -> float:
        return min(self.minima)


@dataclass(frozen=True)
class Comparison:
    """Of our times with those of the fastest of them."""

    best: str
    """The contestant whose median over all rounds is the smallest: the same one in every round."""
    ratio: float
    """Of the medians over all rounds."""
    ratio_min: float
    ratio_max: float
    """Of the rounds' own ratios."""
    ratio_of_minima: float
    """Of the shortest times of all rounds."""
    shaky: bool

    @staticmethod
    def of(ours: Times, theirs: dict[str, Times]) -> "Comparison":
        best = min(theirs, key=lambda name: theirs[name].median)
        peer = theirs[best]
        rounds = [theirs_ / ours_ for theirs_, ours_ in zip(peer.medians, ours.medians, strict=True)]
        ratio, of_minima = peer.median / ours.median, peer.minimum / ours.minimum
        shaky = (len(rounds) < FEWEST_ROUNDS or max(rounds) - min(rounds) > TOLERANCE * ratio
                 or abs(of_minima - ratio) > TOLERANCE * ratio)
        return Comparison(best, ratio, min(rounds), max(rounds), of_minima, shaky)

    def json(self) -> dict:
        """The fields that every row of the report has."""
        return {"ratio": rounded(self.ratio), "ratio_min": rounded(self.ratio_min),
                "ratio_max": rounded(self.ratio_max), "ratio_of_minima": rounded(self.ratio_of_minima),
                "shaky": self.shaky}

    titles = ("ratio", "of rounds", "of minima", "")

    def cells(self) -> list[str]:
        """What `titles` names, for a table."""
        return [f"{self.ratio:.2f}", f"{self.ratio_min:.2f} ... {self.ratio_max:.2f}", f"{self.ratio_of_minima:.2f}",
                "shaky" if self.shaky else ""]


def rounded(value: float, digits: int = 4) -> float:
    """To so many significant digits: what lies behind them is noise."""
    return float(f"{value:.{digits}g}")


def table(titles: list[str], rows: list[list[str]], left_aligned: int = 1) -> str:
    """Columns of text: the first ones to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in [titles, *rows]) for column in range(len(titles))]

    def line(row: list[str]) -> str:
        cells = (cell.ljust(width) if column < left_aligned else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths, strict=True)))
        return "  ".join(cells).rstrip()

    return "\n".join(line(row) for row in [titles, *rows])
