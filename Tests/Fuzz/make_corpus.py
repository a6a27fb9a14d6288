"""Makes the inputs in Tests/Fuzz/corpus that aren't text: python3 Tests/Fuzz/make_corpus.py"""

import io
import json
import pathlib
import struct
import tarfile
import zipfile

corpus = pathlib.Path(__file__).parent / "corpus"


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def write(name, data):
    path = corpus / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def cache(sides, names, identity=b"fuzz", size=4, channels=3):
    """As PictureIndex.swift lays it out; the pictures' checksums are left 0, so each counts as damaged when read."""
    pixels, entries, text = b"", b"", b""
    for (width, height), name in zip(sides, names):
        entries += struct.pack("<QqqQQIIII", 80 + len(pixels), 100, 5, 0, 0, width, height, len(text), len(name))
        pixels += bytes(range(width * height * channels))
        text += name
    index = entries + text + identity
    end = 80 + len(pixels)
    header = b"WGANPICS" + struct.pack("<IIII", 2, size, channels, 0)
    header += struct.pack("<QQQQQ", len(names), end, len(index), len(text), end + len(index))
    header += struct.pack("<Q", fnv(index))
    return header + struct.pack("<Q", fnv(header)) + pixels + index


def safetensors(tensors, metadata):
    header, data = {"__metadata__": metadata} if metadata else {}, b""
    for name, kind, shape, content in tensors:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


numbers = [0.5, -1.0, 2.0, 0.25]
kinds = [
    ("a", "F32", [2, 2], struct.pack("<4f", *numbers)),
    ("b", "F16", [4], struct.pack("<4e", *numbers)),
    ("c", "F64", [1, 4], struct.pack("<4d", *numbers)),
    ("d", "BF16", [2], struct.pack("<2H", 0x3F80, 0xC000)),
    ("e.num_batches_tracked", "I64", [], struct.pack("<q", 7)),
    ("f", "F32", [0, 3], b""),
]

write("cache/two", cache([(4, 4), (4, 6)], [b"a.jpg", b"b/c.png"]))
write("cache/none", cache([], []))
write("safetensors/kinds", safetensors(kinds, {"crc32c.a": "00000000"}))
write("safetensors/plain", safetensors(kinds[:1], {}))
write("latents/noise", safetensors([("noise", "F32", [1, 4], kinds[0][3])], {}))
header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4), }".ljust(117) + b"\n"
write("latents/array.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + kinds[0][3])
run = json.loads((corpus / "config/demo").read_text())
state = (corpus / "state/plain").read_text()
steps = {"version": "0.1.0", "generator_steps": "2", "critic_steps": "10"}
write(
    "safetensors/checkpoint",
    safetensors(
        [("generator.w", "F32", [2, 2], kinds[0][3])],
        {"format": "wgan", "configuration": json.dumps(run["training"]), "state": state, **steps},
    ),
)


def archive(mode):
    """Two files and a folder: a zip, or a tar compressed as `mode` says."""
    file, names = io.BytesIO(), ("a.png", "b/c.png")
    if mode == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name in names:
                zipped.writestr(zipfile.ZipInfo(name), b"\x89PNG" + name.encode() * 9)
    else:
        with tarfile.open(fileobj=file, mode=mode) as tar:
            for name in names:
                entry = tarfile.TarInfo(name)
                entry.size = 9
                tar.addfile(entry, io.BytesIO(b"\x89PNG12345"))
    # A tar file is filled up to 10 KB, which is more than a fuzzer's input.
    return file.getvalue()[:3072]


for mode in "zip", "w", "w:xz", "w:bz2":
    write("archives/" + mode.replace("w:", "tar-").replace("w", "tar"), archive(mode))
