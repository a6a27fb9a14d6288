#!/usr/bin/env python3
"""Writes sliced-wasserstein.safetensors: the sliced Wasserstein distance as Karras et al. published it with
"Progressive growing of GANs" (sliced_wasserstein.py, numpy and scipy), on small random pictures, with the patches'
places and the directions that it used, so that other code can use the same ones.

    python3 make_golden.py        # needs numpy and scipy
"""

import json
import os
import struct

import numpy as np
import scipy.ndimage

SIDE, PATCHES, DIRECTIONS = 7, 16, 8
FILTER = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]).astype(np.float32) / 256


def pyr_down(pictures):  # [picture][channel][y][x], as OpenCV's pyrDown
    return scipy.ndimage.convolve(pictures, FILTER[None, None], mode="mirror")[:, :, ::2, ::2]


def pyr_up(pictures):
    n, c, h, w = pictures.shape
    spread = np.zeros((n, c, 2 * h, 2 * w), pictures.dtype)
    spread[:, :, ::2, ::2] = pictures
    return scipy.ndimage.convolve(spread, FILTER[None, None] * 4, mode="mirror")


def laplacian_pyramid(pictures, levels):
    pyramid = [np.float32(pictures)]
    for _ in range(1, levels):
        pyramid.append(pyr_down(pyramid[-1]))
        pyramid[-2] = pyramid[-2] - pyr_up(pyramid[-1])
    return pyramid


def descriptors(level, places):
    found = []
    for picture, (x, y) in enumerate(places):
        found.append(level[picture // PATCHES, :, y:y + SIDE, x:x + SIDE])
    found = np.stack(found)
    found = found - found.mean(axis=(0, 2, 3), keepdims=True)
    found = found / found.std(axis=(0, 2, 3), keepdims=True)
    return found.reshape(len(found), -1)


def sliced_wasserstein(a, b, directions):  # directions: [component][direction]
    return np.abs(np.sort(a @ directions, axis=0) - np.sort(b @ directions, axis=0)).mean() * 1e3


def main():
    random = np.random.default_rng(12)
    count, size, channels = 5, 32, 3
    smooth = scipy.ndimage.gaussian_filter(random.normal(size=(count, channels, size, size)), (0, 0, 3, 3)) * 400
    a = np.clip(random.normal(120, 40, (count, channels, size, size)), 0, 255).round()
    b = np.clip(smooth + random.normal(100, 12, (count, channels, size, size)), 0, 255).round()
    tensors = {"a": a.transpose(0, 2, 3, 1), "b": b.transpose(0, 2, 3, 1)}
    for level, (one, other) in enumerate(zip(laplacian_pyramid(a, 2), laplacian_pyramid(b, 2))):
        side = one.shape[2]
        places = [random.integers(0, side - SIDE + 1, (count * PATCHES, 2)) for _ in range(2)]
        directions = random.normal(size=(channels * SIDE * SIDE, DIRECTIONS))
        directions = (directions / np.sqrt((directions ** 2).sum(axis=0))).astype(np.float32)
        tensors[f"level/{level}"] = one.transpose(0, 2, 3, 1)
        for name, values in zip("ab", places):
            tensors[f"places/{name}/{level}"] = values
        # Components in the order [y][x][channel], a direction a row.
        tensors[f"directions/{level}"] = directions.reshape(channels, SIDE, SIDE, -1).transpose(3, 1, 2, 0)
        tensors[f"distance/{level}"] = np.array(
            [sliced_wasserstein(descriptors(one, places[0]), descriptors(other, places[1]), directions)])

    header, data = {}, b""
    for name, values in tensors.items():
        values = np.ascontiguousarray(values, dtype="<f4")
        header[name] = {
            "dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "sliced-wasserstein.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
