#!/usr/bin/env python3
"""Makes the picture files beside it, in the forms that the project's own encoders don't write, and what they must
decode to.

    pip install pillow==13.0.0 numpy && python3 make_fixtures.py     (and cjpeg, from libjpeg-turbo-progs)

All pictures are drawings made here. `X.jpg` or `X.png` is the input; `X.expected.png`, or where several share one
`NAME.expected.png`, is the answer in 8-bit sRGB, as PIL decodes the file (JPEG) or as the drawing was before it was
written (PNG, which loses nothing; PIL itself cuts or clips 16-bit samples). The table in `fixtures.csv` says which
belongs to which: input, expected, the largest difference that is allowed.
"""

import io
import os
import shutil
import struct
import subprocess
import zlib

import numpy
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, HEIGHT = 45, 31
table = []


def path(name):
    return os.path.join(HERE, name)


def drawing(width=WIDTH, height=HEIGHT):
    """A gradient with a disc and a corner mark: nothing in it is symmetric. RGB, uint8."""
    y, x = numpy.mgrid[0:height, 0:width].astype(float)
    r = 255 * x / (width - 1)
    g = 255 * y / (height - 1)
    b = 255 * (1 - x / (width - 1)) * (1 - y / (height - 1))
    rgb = numpy.stack([r, g, b], axis=-1)
    disc = numpy.clip(height / 3.5 - numpy.hypot(x - width * 0.6, y - height * 0.45) + 0.5, 0, 1)[..., None]
    rgb = rgb * (1 - disc) + numpy.array([235.0, 180.0, 150.0]) * disc
    rgb[: height // 5, : width // 4] = (30, 30, 200)
    return numpy.rint(rgb).astype(numpy.uint8)


def save_expected(name, rgb):
    image = rgb if isinstance(rgb, Image.Image) else Image.fromarray(rgb)
    image.convert("RGB").save(path(name + ".expected.png"), optimize=True)


def row(file, expected, tolerance):
    table.append(f"{file},{expected}.expected.png,{tolerance}")


# JPEG ---------------------------------------------------------------------------------------------------------------


def jpeg(name, image, tolerance=1, data=None, **options):
    if data is None:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", **{"quality": 90, **options})
        data = buffer.getvalue()
    with open(path(name + ".jpg"), "wb") as file:
        file.write(data)
    save_expected(name, Image.open(io.BytesIO(data)))
    row(name + ".jpg", name, tolerance)


def jpegs():
    rgb = Image.fromarray(drawing())
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        jpeg("ycc-" + subsampling.replace(":", ""), rgb, subsampling=subsampling)
    jpeg("progressive", rgb, progressive=True)
    jpeg("restarts", rgb, restart_marker_blocks=2)
    jpeg("grey", rgb.convert("L"))
    jpeg("rgb-coded", rgb, keep_rgb=True)

    # Adobe's CMYK, inverted in the file; PIL inverts on both ways.
    cmyk = numpy.array(rgb.convert("CMYK"))
    black = cmyk[..., :3].min(axis=-1) // 2
    cmyk[..., :3] -= black[..., None]
    cmyk[..., 3] = black
    jpeg("cmyk", Image.fromarray(cmyk, "CMYK"))

    # YCCK: the same with the inverted inks as YCbCr. PIL doesn't write it, so it writes the four planes as they are and
    # the Adobe segment's last byte is set to 2 (YCCK).
    inverted = 255 - cmyk
    planes = numpy.array(Image.fromarray(255 - inverted[..., :3]).convert("YCbCr"))
    planes = numpy.concatenate([planes, inverted[..., 3:]], axis=-1)
    buffer = io.BytesIO()
    Image.fromarray(255 - planes, "CMYK").save(buffer, "JPEG", quality=90)
    data = bytearray(buffer.getvalue())
    adobe = data.index(b"Adobe")
    assert data[adobe + 11] == 0
    data[adobe + 11] = 2
    jpeg("ycck", None, data=bytes(data))

    # What TurboJPEG has no name for, and arithmetic coding.
    if shutil.which("cjpeg"):
        buffer = io.BytesIO()
        rgb.save(buffer, "PPM")
        for name, options in {
            "ycc-3x1": ["-sample", "3x1"],
            "ycc-1x2": ["-sample", "1x2"],
            "arithmetic": ["-arithmetic"],
        }.items():
            command = ["cjpeg", "-quality", "90", *options]
            made = subprocess.run(command, input=buffer.getvalue(), capture_output=True, check=True)
            jpeg(name, None, data=made.stdout)


# The eight orientations, all the same picture once upright -----------------------------------------------------------


def exif(orientation, little, extra=b""):
    order = "<" if little else ">"
    head = struct.pack(order + "2sHI", b"II" if little else b"MM", 42, 8)
    # The camera's maker (a string kept outside the directory) comes first: the parser must step over it.
    maker = struct.pack(order + "HHII", 0x010F, 2, 6, 38)
    turn = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return head + struct.pack(order + "H", 2) + maker + turn + struct.pack(order + "I", 0) + b"wgan!\0" + extra


STORED = {  # from the upright picture to what a camera stores for that orientation
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: numpy.rot90(a),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: numpy.rot90(a, -1),
}


def orientations():
    upright = drawing()
    for orientation, stored in STORED.items():
        image = Image.fromarray(numpy.ascontiguousarray(stored(upright)))
        buffer = io.BytesIO()
        image.save(
            buffer, "JPEG", quality=95, subsampling="4:4:4",
            exif=b"Exif\0\0" + exif(orientation, little=orientation % 2 == 0))
        with open(path(f"orientation-{orientation}.jpg"), "wb") as file:
            file.write(buffer.getvalue())
        row(f"orientation-{orientation}.jpg", "drawing", 20)  # against the drawing itself: JPEG loses a little
    png("orientation-6", numpy.ascontiguousarray(STORED[6](upright)), 2, 8, exif=exif(6, little=False))


# PNG ----------------------------------------------------------------------------------------------------------------

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def packed(samples, depth):
    """[height][width][channels] integers as unfiltered PNG rows (filter 2, up, in every other one)."""
    out = b""
    above = None
    for y, line in enumerate(samples.reshape(samples.shape[0], -1)):
        if depth == 16:
            data = line.astype(">u2").tobytes()
        else:
            bits = ((line[:, None] >> numpy.arange(depth - 1, -1, -1)) & 1).astype(numpy.uint8).reshape(-1)
            data = numpy.packbits(bits).tobytes()
        if above is not None and y % 2:
            up = bytes((a - b) & 255 for a, b in zip(data, above))
            out += b"\2" + up
        else:
            out += b"\0" + data
        above = data
    return out


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, samples, colour, depth, expected="drawing", tolerance=0, interlaced=False, exif=None, **chunks):
    samples = numpy.asarray(samples).astype(numpy.int64)
    if samples.ndim == 2:
        samples = samples[..., None]
    height, width = samples.shape[:2]
    if interlaced:
        rows = b""
        for x, y, dx, dy in ADAM7:
            part = samples[y::dy, x::dx]
            if part.size:
                rows += packed(part, depth)
    else:
        rows = packed(samples, depth)
    data = b"\x89PNG\r\n\x1a\n"
    data += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced)))
    for kind in ("gAMA", "PLTE", "tRNS"):
        if kind in chunks:
            data += chunk(kind.encode(), chunks[kind])
    if exif is not None:
        data += chunk(b"eXIf", exif)
    half = zlib.compress(rows, 9)
    cut = len(half) // 2
    data += chunk(b"IDAT", half[:cut]) + chunk(b"IDAT", half[cut:]) + chunk(b"IEND", b"")
    with open(path(name + ".png"), "wb") as file:
        file.write(data)
    row(name + ".png", expected, tolerance)


def over_white(rgb, alpha):
    """PIL's own mixing, on the sRGB values."""
    rgba = numpy.dstack([rgb, alpha])
    white = Image.new("RGBA", rgba.shape[1::-1], (255, 255, 255, 255))
    return Image.alpha_composite(white, Image.fromarray(rgba, "RGBA"))


def grey3(grey):
    return numpy.repeat(grey.astype(numpy.uint8)[..., None], 3, axis=-1)


def pngs():
    rgb = drawing()
    save_expected("drawing", rgb)
    grey = numpy.array(Image.fromarray(rgb).convert("L"))
    save_expected("drawing-grey", grey3(grey))
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    alpha = numpy.clip((x * 7 + y * 3) % 300, 0, 255).astype(numpy.uint8)
    save_expected("drawing-over-white", over_white(rgb, alpha))
    save_expected("grey-over-white", over_white(grey3(grey), alpha))

    for interlaced in (False, True):
        tail = "-adam7" if interlaced else ""
        for depth in (1, 2, 4):
            top = 2**depth - 1
            levels = (grey.astype(int) * top + 127) // 255
            if not interlaced:
                save_expected(f"grey-{depth}", grey3(levels * (255 // top)))
            png(f"grey-{depth}{tail}", levels, 0, depth, f"grey-{depth}", interlaced=interlaced)
        png(f"rgb-8{tail}", rgb, 2, 8, interlaced=interlaced)
        png(f"rgba-8{tail}", numpy.dstack([rgb, alpha]), 6, 8, "drawing-over-white", 1, interlaced=interlaced)
    png("grey-8", grey, 0, 8, "drawing-grey")
    # Sixteen bits: what is added is below half of an 8-bit level (257) and must not move the result.
    noise = ((x % 3 - 1) * 120)[..., None].repeat(3, axis=-1)
    deep = numpy.clip(rgb.astype(int) * 257 + noise, 0, 65535)
    deep_grey = numpy.clip(grey.astype(int) * 257 + noise[..., 0], 0, 65535)
    png("grey-16", deep_grey, 0, 16, "drawing-grey")
    png("rgb-16", deep, 2, 16)
    png("rgb-16-adam7", deep, 2, 16, interlaced=True)
    png("rgba-16", numpy.dstack([grey3(grey).astype(int) * 257, alpha.astype(int) * 257]), 6, 16, "grey-over-white", 2)
    png("grey-alpha-8", numpy.dstack([grey, alpha]), 4, 8, "grey-over-white", 1)
    png("grey-alpha-16", numpy.dstack([deep_grey, alpha.astype(int) * 257]), 4, 16, "grey-over-white", 2)

    # A gamma chunk that says linear light. Expected is the sRGB curve; libpng applies a power of 2.2, which is up to 7
    # levels away in the shadows.
    v = rgb / 255.0
    linear = numpy.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    png("linear-16", numpy.rint(linear * 65535), 2, 16, tolerance=8, gAMA=struct.pack(">I", 100000))
    # The usual gamma chunk changes nothing.
    png("gamma-8", rgb, 2, 8, tolerance=1, gAMA=struct.pack(">I", 45455))

    # Palettes, the second half of each one see-through to some degree.
    for depth in (1, 2, 4, 8):
        colours = 2**depth
        indexed = Image.fromarray(rgb).quantize(colours, dither=Image.Dither.NONE)
        index = numpy.array(indexed)
        palette = numpy.array(indexed.getpalette("RGB"), dtype=numpy.uint8).reshape(-1, 3)
        palette = numpy.concatenate([palette, numpy.zeros((colours - len(palette), 3), numpy.uint8)])
        plain = palette[index]
        save_expected(f"palette-{depth}", plain)
        png(f"palette-{depth}", index, 3, depth, f"palette-{depth}", PLTE=palette.tobytes(), interlaced=depth == 4)
        if depth in (2, 8):
            alphas = numpy.linspace(255, 0, colours).astype(numpy.uint8)
            save_expected(f"palette-{depth}-alpha", over_white(plain, alphas[index]))
            png(
                f"palette-{depth}-alpha", index, 3, depth, f"palette-{depth}-alpha", 1, PLTE=palette.tobytes(),
                tRNS=alphas.tobytes())

    # One transparent colour.
    mark = rgb[0, 0].astype(int)
    alpha = numpy.where((rgb == rgb[0, 0]).all(axis=-1), 0, 255).astype(numpy.uint8)
    save_expected("rgb-8-key", over_white(rgb, alpha))
    png("rgb-8-key", rgb, 2, 8, "rgb-8-key", tRNS=struct.pack(">HHH", *mark))
    levels = (grey.astype(int) * 15 + 127) // 255
    alpha = numpy.where(levels == 8, 0, 255).astype(numpy.uint8)
    save_expected("grey-4-key", over_white(grey3(levels * 17), alpha))
    png("grey-4-key", levels, 0, 4, "grey-4-key", tRNS=struct.pack(">H", 8))


# Scaling ------------------------------------------------------------------------------------------------------------


def scaling():
    """From `drawing` to other sizes. Area averaging with partial coverage is what PIL's BOX gives for a picture first
    repeated (NEAREST) by the target's size; PIL's BILINEAR up is ours."""
    image = Image.fromarray(drawing())
    for width, height in ((15, 31), (9, 6), (20, 13), (44, 30), (1, 1)):
        repeated = image.resize((WIDTH * width, HEIGHT * height), Image.Resampling.NEAREST)
        save_expected(f"scaled-{width}x{height}", repeated.resize((width, height), Image.Resampling.BOX))
        table.append(f"drawing.expected.png,scaled-{width}x{height}.expected.png,1")
    for width, height in ((46, 32), (90, 62), (100, 77)):
        save_expected(f"scaled-{width}x{height}", image.resize((width, height), Image.Resampling.BILINEAR))
        table.append(f"drawing.expected.png,scaled-{width}x{height}.expected.png,1")


if __name__ == "__main__":
    jpegs()
    pngs()
    orientations()
    scaling()
    with open(path("fixtures.csv"), "w") as file:
        file.write("\n".join(table) + "\n")
