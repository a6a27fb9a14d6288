"""Compares what TensorBoard reads in a folder of events with the run's metrics.csv and galleries.

    python3 check-tensorboard.py [--cut] RUN EVENTS

--cut: the run was killed, so the last row may be missing. Exits 1 where anything else differs.
"""

import csv
import math
import struct
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

arguments = sys.argv[1:]
cut = "--cut" in arguments
run, events = [Path(argument) for argument in arguments if argument != "--cut"]

reader = EventAccumulator(str(events), size_guidance={"scalars": 0, "images": 0})
reader.Reload()
tags = reader.Tags()
problems = []


def single(value: str) -> float:
    """As simple_value has it: a Float of 32 bits."""
    return struct.unpack("f", struct.pack("f", float(value)))[0]


with open(run / "metrics.csv") as file:
    rows = list(csv.DictReader(file))
expected: dict[str, list[tuple[int, float]]] = {}
for row in rows:
    for column, cell in row.items():
        if column != "step" and cell != "":
            expected.setdefault(column, []).append((int(row["step"]), single(cell)))

found = {}
for tag in tags["scalars"]:
    group, column = tag.split("/")
    found[column] = [(event.step, event.value) for event in reader.Scalars(tag)]
if set(found) != set(expected):
    problems.append(f"columns {sorted(found)}, expected {sorted(expected)}")
for column, points in expected.items():
    seen = found.get(column, [])
    if cut and len(seen) < len(points):
        points = points[:-1]
    same = len(seen) == len(points) and all(
        a[0] == b[0] and (a[1] == b[1] or math.isnan(a[1]) and math.isnan(b[1])) for a, b in zip(seen, points))
    if not same:
        problems.append(f"{column}: {len(seen)} points, expected {len(points)}")

galleries = sorted((int(path.stem), path.read_bytes()) for path in (run / "samples").glob("*.png"))
pictures = [(event.step, event.encoded_image_string) for event in reader.Images("samples")]
if pictures != galleries and not (cut and pictures == galleries[:-1]):
    problems.append(f"galleries of {[step for step, _ in pictures]}, expected {[step for step, _ in galleries]}")
for event in reader.Images("samples"):
    if (event.width, event.height) != struct.unpack(">II", event.encoded_image_string[16:24]):
        problems.append(f"the gallery of {event.step} has {event.width} x {event.height} pixels")

for problem in problems:
    print(f"check-tensorboard: {problem}")
if problems:
    sys.exit(1)
print(f"{events.name}: {len(rows)} rows of {len(expected)} columns and {len(galleries)} galleries, as in {run.name}")
