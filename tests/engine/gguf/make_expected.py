#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes data/ for the tests of engine/gguf from the public Python package "gguf" (0.17 or later) and numpy.

usage: make_expected.py [FOLDER_OF_MODELS]

TYPE.decode.bin  u32 blocks, the blocks, then their values as f32
TYPE.encode.bin  u32 values, the values as f32, then their blocks
MODEL.txt        one line a key (name, type, element type, elements, crc32 of the payload) and one line a tensor (name,
                 type, dims, offset from the start of the file, bytes, crc32 of the bytes, crc32 of the f32 values)
"""
import pathlib
import struct
import sys
import zlib

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader, GGUFValueType
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize, quantize

HERE = pathlib.Path(__file__).parent
DATA = HERE / "data"
DECODED = [Type.F32, Type.F16, Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.Q6_K]
SCALES_AT = {  # byte positions of half-precision scales in a block
    Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0], Type.Q6_K: [208],
}


def decode_blocks(kind: Type, rng: np.random.Generator) -> np.ndarray:
    """Random blocks with ordinary scales, then random bits throughout, then zeros, ones and each special scale."""
    values, size = GGML_QUANT_SIZES[kind]
    count = 256 if values == 1 else 24
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    places = SCALES_AT.get(kind, [])
    for at in places:
        scales = rng.normal(0, 0.1, count // 2).astype(np.float16).view(np.uint8).reshape(-1, 2)
        blocks[: count // 2, at : at + 2] = scales
    specials = [0x0000, 0x8000, 0x0001, 0x03FF, 0x0400, 0x3C00, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00]
    if places:
        extra = rng.integers(0, 256, (len(specials), size), dtype=np.uint8)
        for row, bits in zip(extra, specials):
            for at in places:
                row[at : at + 2] = np.frombuffer(struct.pack("<H", bits), np.uint8)
        blocks = np.concatenate([blocks, extra])
    fixed = np.stack([np.zeros(size, np.uint8), np.full(size, 255, np.uint8)])
    return np.concatenate([blocks, fixed])


def encode_values(rng: np.random.Generator) -> np.ndarray:
    """Rows of 32 finite values at many scales, with the ties and edges where quantisers differ."""
    rows = [rng.normal(0, s, 32) for s in (1e-30, 1e-9, 1e-6, 1e-3, 0.02, 1, 1, 1, 37, 4e3, 6e4)]
    rows += [rng.uniform(0, 1, 32), rng.uniform(-3, -2, 32), rng.uniform(6e4, 7e4, 32), rng.uniform(-1e6, 1e6, 32)]
    # no row of -0.0: there the package writes the scale +0, ggml's own C code -0 (blocks_test.cpp has that case)
    rows += [np.zeros(32), np.full(32, 0.7), np.full(32, -0.7)]
    rows += [np.tile([1.0, -1.0], 16), np.tile([-1.0, 1.0], 16)]  # which of two equal extremes counts
    rows += [np.arange(32) - 15.5, (np.arange(32) - 16) / 2, (np.arange(32) + 0.5) * 127 / 32]  # values between steps
    one = np.zeros(32)
    one[17] = -5.0
    rows += [one, np.concatenate([[127.0], np.arange(31) + 0.5]), np.concatenate([[-127.0], -np.arange(31) - 0.5])]
    return np.stack(rows).astype(np.float32)


def write_blocks() -> None:
    rng = np.random.default_rng(20261125)
    floats = encode_values(rng)
    for kind in DECODED:
        name = kind.name.lower()
        blocks = decode_blocks(kind, rng)
        with np.errstate(all="ignore"):
            values = dequantize(blocks, kind).astype(np.float32)
        (DATA / f"{name}.decode.bin").write_bytes(struct.pack("<I", len(blocks)) + blocks.tobytes() + values.tobytes())
        if kind == Type.Q6_K:
            continue  # the package does not encode it
        with np.errstate(all="ignore"):
            encoded = quantize(floats, kind)
        (DATA / f"{name}.encode.bin").write_bytes(
            struct.pack("<I", floats.size) + floats.tobytes() + encoded.tobytes())


def payload(field) -> bytes:
    if field.types[-1] != GGUFValueType.STRING:
        return b"".join(field.parts[i].tobytes() for i in field.data)
    texts = [field.parts[i].tobytes() for i in field.data]
    if field.types[0] == GGUFValueType.STRING:
        return texts[0]
    return b"".join(struct.pack("<Q", len(text)) + text for text in texts)


def summary(path: pathlib.Path) -> str:
    reader = GGUFReader(path)
    lines = []
    for field in reader.fields.values():
        if field.name.startswith("GGUF."):
            continue
        is_array = field.types[0] == GGUFValueType.ARRAY
        element = int(field.types[-1]) if is_array else 0
        count = len(field.data) if is_array else 1
        lines.append(f"key {field.name} {int(field.types[0])} {element} {count} {zlib.crc32(payload(field)):08x}")
    for tensor in reader.tensors:
        dims = "x".join(str(int(d)) for d in tensor.shape)
        raw = tensor.data.tobytes()
        values = dequantize(np.frombuffer(raw, np.uint8), tensor.tensor_type).astype(np.float32)
        lines.append(f"tensor {tensor.name} {int(tensor.tensor_type)} {dims} {int(tensor.data_offset)} "
                     f"{int(tensor.n_bytes)} {zlib.crc32(raw):08x} {zlib.crc32(values.tobytes()):08x}")
    return "\n".join(lines) + "\n"


def main() -> None:
    DATA.mkdir(exist_ok=True)
    write_blocks()
    for folder in sys.argv[1:]:
        for path in sorted(pathlib.Path(folder).glob("*.gguf")):
            (DATA / f"{path.stem}.txt").write_text(summary(path))


if __name__ == "__main__":
    main()
