"""Pictures to decode where there are no photographs: made of noise, always the same, compressing like photographs."""

import random
from pathlib import Path

from PIL import Image

# Kind, how many, how large.
KINDS = [("jpeg", 48, (178, 218)), ("jpeg", 16, (640, 480)), ("jpeg", 6, (2000, 1500)),
         ("png", 24, (178, 218)), ("png", 8, (640, 480))]
JPEG_QUALITY = 88
# The share of a camera's own noise: gives JPEG files a quarter of a byte a pixel, as photographs have.
GRAIN = 0.09


def make(folder: Path) -> dict[str, list[Path]]:
    """Writes them into the folder: the files of each kind."""
    kinds: dict[str, list[Path]] = {}
    for kind, count, (width, height) in KINDS:
        files = kinds[f"{kind} {width}x{height}"] = []
        for number in range(count):
            files.append(folder / f"{width}x{height}-{number:03}.{'jpg' if kind == 'jpeg' else 'png'}")
            picture((width, height), number).save(files[-1], **({"quality": JPEG_QUALITY} if kind == "jpeg" else {}))
    return kinds


def picture(size: tuple[int, int], seed: int) -> Image.Image:
    """Noise of all scales, the coarser the stronger, as in photographs; alike in all channels but for a tint."""
    source = random.Random(seed)

    def noise(cell: float) -> Image.Image:
        small = tuple(max(2, round(length / cell)) for length in size)
        return Image.frombytes("L", small, source.randbytes(small[0] * small[1])).resize(size, Image.Resampling.BICUBIC)

    def octaves(coarsest: float) -> Image.Image:
        result, cell, strength = noise(coarsest), coarsest, 0.5
        while (cell := cell / 2) >= 1:
            result = Image.blend(result, noise(cell), strength)
            strength *= 0.6
        return result

    grey = Image.blend(octaves(max(size) / 4), noise(1), GRAIN)
    return Image.merge("RGB", [Image.blend(grey, noise(max(size) / 3), 0.3) for _ in range(3)])
