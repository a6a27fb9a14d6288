"""compare.py's worker: picture files to 64x64 with Pillow, and through a loader as torchvision's users write it.

All on one thread.
"""

import math
from typing import Callable

from PIL import Image

from service import serve
from timing import steady


def plain(path: str, size: int) -> bytes:
    """Decodes all of it. Each pixel of the result is the mean of those it covers in the largest centred square."""
    with Image.open(path) as picture:
        picture = picture.convert("RGB")
        return picture.resize((size, size), Image.Resampling.BOX, box=square(picture.size)).tobytes()


def reduced(path: str, size: int) -> bytes:
    """As fast as Pillow can: a JPEG file is decoded at 1/8, 1/4 or 1/2 of its size where that leaves enough of it."""
    with Image.open(path) as picture:
        picture.draft("RGB", (size, size))
        picture = picture.convert("RGB")
        return picture.resize((size, size), Image.Resampling.BOX, box=square(picture.size), reducing_gap=1.0).tobytes()


def square(size: tuple[int, int]) -> tuple[float, float, float, float]:
    width, height = size
    side = min(size)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def transform(size: int) -> tuple[Callable, str]:
    """Resize, CenterCrop, ToTensor, Normalize: torchvision's where it's installed, else the same written out."""
    try:
        from torchvision import transforms
        from torchvision import __version__ as version
        return transforms.Compose([
            transforms.Resize(size), transforms.CenterCrop(size), transforms.ToTensor(),
            transforms.Normalize([0.5] * 3, [0.5] * 3)]), f"torchvision {version}"
    except ImportError:
        import numpy
        import torch

        def by_hand(picture: Image.Image) -> torch.Tensor:
            width, height = picture.size
            scale = size / min(picture.size)
            picture = picture.resize((max(size, math.floor(width * scale)), max(size, math.floor(height * scale))),
                                     Image.Resampling.BILINEAR)
            left, top = (picture.width - size) // 2, (picture.height - size) // 2
            picture = picture.crop((left, top, left + size, top + size))
            pixels = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1).contiguous()
            return pixels.to(torch.float32).div_(255).sub_(0.5).div_(0.5)

        return by_hand, "written by hand"


def loader(files: list[str], size: int):
    """Batches without end, by PyTorch's DataLoader in this process."""
    import torch
    from torch.utils.data import DataLoader, Dataset

    torch.set_num_threads(1)
    step, _ = transform(size)

    class Files(Dataset):
        def __len__(self) -> int:
            return len(files)

        def __getitem__(self, index: int) -> torch.Tensor:
            with open(files[index], "rb") as file:
                return step(Image.open(file).convert("RGB"))

    while True:
        yield from DataLoader(Files(), batch_size=min(16, len(files)), shuffle=True, drop_last=True)


def configure() -> dict:
    return {"loader": transform(64)[1]}


def measure(way: str, files: list[str], size: int, seconds: float) -> dict:
    """Milliseconds a picture; a sample is all files once, or a batch of the loader."""
    if way == "loader":
        batches = loader(files, size)
        count = len(next(batches))
        return per_picture(steady(lambda: next(batches), seconds), count)
    function = {"plain": plain, "reduced": reduced}[way]

    def all_files():
        for path in files:
            function(path, size)

    return per_picture(steady(all_files, seconds, fewest=1), len(files))


def per_picture(timing: dict, count: int) -> dict:
    return {name: milliseconds / count for name, milliseconds in timing.items()}


if __name__ == "__main__":
    serve({"configure": configure, "measure": measure})
