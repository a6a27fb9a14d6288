"""Two runs of `wgan train` side by side: their curves, their last galleries, the time that each took.

    python3 compare_runs.py --out FOLDER auto=runs/auto direct=runs/direct

writes runs.md, runs.svg (d_loss over generator steps, the median of 25 steps) and runs.png (the galleries) to FOLDER.
"""

import argparse
import csv
import pathlib
import statistics

from PIL import Image, ImageDraw

WIDTH, HEIGHT, LEFT, BOTTOM = 900, 380, 70, 330
COLORS = ["#0072b2", "#d55e00", "#009e73"]
WINDOW = 25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", nargs="+", help="NAME=FOLDER of a run")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    runs = {name: pathlib.Path(folder) for name, folder in (text.split("=", 1) for text in arguments.runs)}
    metrics = {name: read(folder / "metrics.csv") for name, folder in runs.items()}
    last = min(rows[-1]["step"] for rows in metrics.values())
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "runs.svg").write_text(curves(metrics, last))
    (arguments.out / "runs.md").write_text(table(metrics, last))
    galleries(runs, last).save(arguments.out / "runs.png")


def read(path: pathlib.Path) -> list[dict[str, float]]:
    with open(path, newline="") as file:
        # A cell is empty where nothing was evaluated on held-out pictures.
        return [{key: float(value) for key, value in row.items() if value} for row in csv.DictReader(file)]


def table(metrics: dict, last: float) -> str:
    marks = [int(last * share / 5) for share in range(1, 6)]
    lines = ["| run | seconds | " + " | ".join(f"d_loss at {mark}" for mark in marks) + " |",
             "|---" * (2 + len(marks)) + "|"]
    for name, rows in metrics.items():
        end = next(row for row in rows if row["step"] >= last)
        values = [statistics.median(row["d_loss"] for row in rows if mark - WINDOW < row["step"] <= mark)
                  for mark in marks]
        lines.append(f"| {name} | {end['seconds']:.0f} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    return "\n".join(lines) + f"\n\nMedians of {WINDOW} generator steps.\n"


def curves(metrics: dict, last: float) -> str:
    smooth = {name: [(rows[i]["step"], statistics.median(row["d_loss"] for row in rows[max(0, i - WINDOW):i + 1]))
                     for i in range(WINDOW, len(rows), 5)] for name, rows in metrics.items()}
    values = [value for points in smooth.values() for _, value in points]
    low, high = min(values), max(max(values), 0)

    def place(step: float, value: float) -> str:
        x, y = LEFT + (WIDTH - LEFT - 20) * step / last, 20 + (BOTTOM - 20) * (high - value) / (high - low)
        return f"{x:.1f},{y:.1f}"

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
             f'font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for i in range(6):
        value, step = low + (high - low) * i / 5, last * i / 5
        x, y = place(0, value).split(",")
        parts.append(f'<line x1="{x}" y1="{y}" x2="{WIDTH - 20}" y2="{y}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 8}" y="{y}" text-anchor="end">{value:.2f}</text>')
        parts.append(f'<text x="{place(step, low).split(",")[0]}" y="{BOTTOM + 18}" text-anchor="middle">'
                     f'{step:.0f}</text>')
    for i, (name, points) in enumerate(smooth.items()):
        line = " ".join(place(step, value) for step, value in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{COLORS[i % 3]}" stroke-width="1.5"/>'
                     f'<text x="{LEFT + 20 + 160 * i}" y="{HEIGHT - 8}" fill="{COLORS[i % 3]}">{name}</text>')
    parts.append(f'<text x="{WIDTH - 20}" y="{HEIGHT - 8}" text-anchor="end">d_loss over generator steps</text></svg>')
    return "\n".join(parts) + "\n"


def galleries(runs: dict, last: float) -> Image.Image:
    pictures = [(name, Image.open(folder / "samples" / f"{int(last):06d}.png").convert("RGB"))
                for name, folder in runs.items()]
    width = sum(picture.width for _, picture in pictures) + 8 * (len(pictures) - 1)
    sheet = Image.new("RGB", (width, 16 + max(picture.height for _, picture in pictures)), "white")
    x = 0
    for name, picture in pictures:
        ImageDraw.Draw(sheet).text((x + 2, 2), f"{name}, generator step {int(last)}", fill="black")
        sheet.paste(picture, (x, 16))
        x += picture.width + 8
    return sheet


if __name__ == "__main__":
    main()
