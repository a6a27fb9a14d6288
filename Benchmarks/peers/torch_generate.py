"""What `wgan generate` does, in PyTorch: 64 pictures of a checkpoint's generator, as one PNG file.

    python3 torch_generate.py checkpoint.safetensors grid.png 2    # threads
"""

import sys

import torch
from PIL import Image
from safetensors import safe_open

from wgan_reference import Configuration, Generator

COUNT, COLUMNS, GAP = 64, 8, 2


def main(checkpoint: str, path: str, threads: str) -> None:
    torch.set_num_threads(int(threads))
    with torch.inference_mode():
        with safe_open(checkpoint, "pt") as file:
            weights = {name.removeprefix("generator."): file.get_tensor(name)
                       for name in file.keys() if name.startswith("generator.")}
        c = Configuration()
        with torch.device("meta"):  # Not drawn at random only to be replaced.
            generator = Generator(c)
        missing, unexpected = generator.load_state_dict(weights, strict=False, assign=True)
        if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
            sys.exit(f"{checkpoint} isn't a generator of the preset blog: {[*missing, *unexpected][0]}")
        pictures = generator.eval()(torch.randn(COUNT, c.latent, 1, 1))
        # [n, 3, size, size] in [-1, 1] -> bytes [height, width, 3] of the grid.
        cells = torch.nn.functional.pad(pictures, (0, GAP, 0, GAP), value=1.0)
        rows = cells.reshape(-1, COLUMNS, *cells.shape[1:]).permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
        grid = rows.add(1).mul(127.5).round_().to(torch.uint8).contiguous()
    Image.frombytes("RGB", (grid.shape[1], grid.shape[0]), grid.numpy().tobytes()).save(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
