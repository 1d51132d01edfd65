#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes data/ for the tests of engine/gguf from the public Python package "gguf" (0.19 or later) and numpy.

usage: make_expected.py [FOLDER_OF_MODELS]

TYPE.decode.bin  u32 blocks, the blocks, then their values as f32
TYPE.encode.bin  u32 values, the values as f32, then their blocks
many_blocks.txt  one line a type (name, blocks, crc32 of their f32 values): blocks of pseudo-random bytes with scales of 1,
                 enough of them to reach every entry of every grid
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
Q2_0 = 42  # not in the package yet; neither does it decode Q1_0. Both are decoded here, after architectures.md 16.1;
Q2_0_SIZE = (64, 18)  # check_with_ggml.py holds them against ggml
MORE = [Type.F64, Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K, Type.IQ1_S, Type.IQ1_M, Type.IQ2_XXS, Type.IQ2_XS, Type.IQ2_S,
        Type.IQ3_XXS, Type.IQ3_S, Type.IQ4_NL, Type.IQ4_XS, Type.TQ1_0, Type.TQ2_0, Type.MXFP4, Type.NVFP4, Type.Q1_0, Q2_0]
SCALES_AT = {  # byte positions of half-precision scales in a block
    Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0], Type.Q6_K: [208],
    Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.IQ1_S: [0], Type.IQ2_XXS: [0],
    Type.IQ2_XS: [0], Type.IQ2_S: [0], Type.IQ3_XXS: [0], Type.IQ3_S: [0], Type.IQ4_NL: [0], Type.IQ4_XS: [0],
    Type.TQ1_0: [52], Type.TQ2_0: [64], Type.Q1_0: [0], Q2_0: [0],
}
SPECIAL_HALVES = [0x0000, 0x8000, 0x0001, 0x3C00, 0x7BFF, 0x7C00, 0xFC00, 0x7E00]
SPECIAL_BYTES = {Type.MXFP4: [0, 1, 2, 127, 254, 255], Type.NVFP4: [0, 1, 7, 8, 0x7E, 0x7F, 0x80, 0x88, 0xFE, 0xFF]}


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


def name_of(kind) -> str:
    return "Q2_0" if kind == Q2_0 else kind.name


def decode(blocks: np.ndarray, kind) -> np.ndarray:
    """(blocks, bytes) to f32 values."""
    if kind == Type.F64:
        return blocks.view(np.float64).astype(np.float32)
    if kind not in (Type.Q1_0, Q2_0):
        return dequantize(blocks, kind).astype(np.float32)
    d = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    if kind == Type.Q1_0:
        bits = np.unpackbits(blocks[:, 2:], axis=1, bitorder="little")
        return np.where(bits == 1, d, -d).astype(np.float32)
    pairs = (blocks[:, 2:, None] >> np.array([0, 2, 4, 6], np.uint8)) & 3
    return (pairs.reshape(len(blocks), 64).astype(np.float32) - 1) * d


def set_scale(block: np.ndarray, kind, bits: int) -> None:
    """Writes a half-precision number wherever the block has a scale of that kind."""
    for at in SCALES_AT.get(kind, []):
        block[at : at + 2] = np.frombuffer(struct.pack("<H", bits), np.uint8)
    if kind == Type.IQ1_M:  # a nibble in each of four 16-bit numbers
        for part in range(4):
            block[49 + 2 * part] = (block[49 + 2 * part] & 15) | ((bits >> (4 * part)) & 15) << 4


def more_blocks(kind, rng: np.random.Generator) -> np.ndarray:
    """As decode_blocks, with fewer of each."""
    values, size = Q2_0_SIZE if kind == Q2_0 else GGML_QUANT_SIZES[kind]
    if kind == Type.F64:
        doubles = np.concatenate([rng.normal(0, 1, 60), rng.integers(0, 2**64, 64, dtype=np.uint64).view(np.float64),
                                  [0.0, -0.0, np.inf, -np.inf, np.nan, 1e300, -1e-300, 1 + 2**-24, 1 + 3 * 2**-24]])
        return doubles.view(np.uint8).reshape(-1, 8)
    ordinary = rng.integers(0, 256, (5, size), dtype=np.uint8)
    for block, scale in zip(ordinary, rng.normal(0, 0.1, len(ordinary)).astype(np.float16).view(np.uint16)):
        set_scale(block, kind, int(scale))
    random = rng.integers(0, 256, (3, size), dtype=np.uint8)
    if kind in SPECIAL_BYTES:
        special = rng.integers(0, 256, (len(SPECIAL_BYTES[kind]), size), dtype=np.uint8)
        special[:, : 4 if kind == Type.NVFP4 else 1] = np.array(SPECIAL_BYTES[kind], np.uint8)[:, None]
    else:
        special = rng.integers(0, 256, (len(SPECIAL_HALVES), size), dtype=np.uint8)
        for block, bits in zip(special, SPECIAL_HALVES):
            set_scale(block, kind, bits)
    fixed = np.stack([np.zeros(size, np.uint8), np.full(size, 255, np.uint8)])
    return np.concatenate([ordinary, random, special, fixed])


def pseudo_random_bytes(count: int) -> np.ndarray:
    """The upper bytes of x -> 1664525 x + 1013904223 modulo 2^32, from 1 on."""
    out = np.empty(count, np.uint8)
    state = 1
    for i in range(count):
        state = (1664525 * state + 1013904223) & 0xFFFFFFFF
        out[i] = state >> 24
    return out


def many_blocks(kind) -> str:
    size = (Q2_0_SIZE if kind == Q2_0 else GGML_QUANT_SIZES[kind])[1]
    count = 512
    blocks = pseudo_random_bytes(count * size).reshape(count, size)
    for block in blocks:
        set_scale(block, kind, 0x3C00)
    return f"{name_of(kind)} {count} {zlib.crc32(np.ascontiguousarray(decode(blocks, kind)).tobytes()):08x}"


def write_more_blocks() -> None:
    for kind in MORE:
        blocks = more_blocks(kind, np.random.default_rng(20261125 + int(kind)))
        with np.errstate(all="ignore"):
            values = np.ascontiguousarray(decode(blocks, kind))
        header = struct.pack("<I", len(blocks))
        (DATA / f"{name_of(kind).lower()}.decode.bin").write_bytes(header + blocks.tobytes() + values.tobytes())
    lines = [many_blocks(kind) for kind in MORE if kind != Type.F64]
    (DATA / "many_blocks.txt").write_text("\n".join(lines) + "\n")


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
    write_more_blocks()
    for folder in sys.argv[1:]:
        for path in sorted(pathlib.Path(folder).glob("*.gguf")):
            (DATA / f"{path.stem}.txt").write_text(summary(path))


if __name__ == "__main__":
    main()
