#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes data/ for the tests of split and big-endian files from the public Python package "gguf" (0.19 or later) and numpy.

usage: make_order_files.py

whole.gguf                   keys of all kinds and tensors of the types that the package's converter of byte orders knows
big.gguf                     the same file, turned by that converter
big_written.gguf             the keys and plain tensors again, written big-endian by the package's writer
split-0000N-of-00004.gguf    whole.gguf's content, written in parts by the package; the first holds no tensors
block_order.bin              for each type: u32 type, u32 bytes, so many bytes of blocks, the same blocks big-endian. Of
                             types that the package decodes, the decoder of the package, with its numbers of several bytes
                             read as big-endian ones, has to give the same values; else nothing is written.
"""
import argparse
import builtins
import pathlib
import shutil
import struct

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFEndian, GGUFReader, GGUFWriter, quants
from gguf.constants import GGML_QUANT_SIZES
from gguf.scripts import gguf_convert_endian

DATA = pathlib.Path(__file__).parent / "data"
CONVERTED = [Type.F32, Type.F16, Type.BF16, Type.Q4_0, Type.Q8_0, Type.Q4_K, Type.Q6_K, Type.MXFP4, Type.NVFP4]
PLAIN = {Type.F32: np.float32, Type.F16: np.float16}

# Fields of several bytes, as numpy writes records; the rest of a block are bytes (ggml-org/ggml src/ggml-common.h).
FIELDS = {
    Type.F32: [("x", "u4")], Type.F16: [("x", "u2")], Type.BF16: [("x", "u2")], Type.F64: [("x", "u8")],
    Type.I8: [("x", "u1")], Type.I16: [("x", "u2")], Type.I32: [("x", "u4")], Type.I64: [("x", "u8")],
    Type.Q4_0: [("d", "u2"), ("qs", "16u1")],
    Type.Q4_1: [("d", "u2"), ("m", "u2"), ("qs", "16u1")],
    Type.Q5_0: [("d", "u2"), ("qh", "u4"), ("qs", "16u1")],
    Type.Q5_1: [("d", "u2"), ("m", "u2"), ("qh", "u4"), ("qs", "16u1")],
    Type.Q8_0: [("d", "u2"), ("qs", "32u1")],
    Type.Q8_1: [("d", "u2"), ("s", "u2"), ("qs", "32u1")],
    Type.Q2_K: [("scales", "16u1"), ("qs", "64u1"), ("d", "u2"), ("dmin", "u2")],
    Type.Q3_K: [("hmask", "32u1"), ("qs", "64u1"), ("scales", "12u1"), ("d", "u2")],
    Type.Q4_K: [("d", "u2"), ("dmin", "u2"), ("scales", "12u1"), ("qs", "128u1")],
    Type.Q5_K: [("d", "u2"), ("dmin", "u2"), ("scales", "12u1"), ("qh", "32u1"), ("qs", "128u1")],
    Type.Q6_K: [("ql", "128u1"), ("qh", "64u1"), ("scales", "16u1"), ("d", "u2")],
    Type.Q8_K: [("d", "u4"), ("qs", "256u1"), ("bsums", "16u2")],
    Type.IQ2_XXS: [("d", "u2"), ("groups", [("grid", "4u1"), ("signs", "u4")], 8)],
    Type.IQ2_XS: [("d", "u2"), ("qs", "32u2"), ("scales", "8u1")],
    Type.IQ2_S: [("d", "u2"), ("qs", "64u1"), ("qh", "8u1"), ("scales", "8u1")],
    Type.IQ3_XXS: [("d", "u2"), ("qs", "64u1"), ("signs", "8u4")],
    Type.IQ3_S: [("d", "u2"), ("qs", "64u1"), ("qh", "8u1"), ("signs", "32u1"), ("scales", "4u1")],
    Type.IQ1_S: [("d", "u2"), ("qs", "32u1"), ("qh", "8u2")],
    Type.IQ1_M: [("qs", "32u1"), ("qh", "16u1"), ("scales", "4u2")],
    Type.IQ4_NL: [("d", "u2"), ("qs", "16u1")],
    Type.IQ4_XS: [("d", "u2"), ("scales_h", "u2"), ("scales_l", "4u1"), ("qs", "128u1")],
    Type.TQ1_0: [("qs", "48u1"), ("qh", "4u1"), ("d", "u2")],
    Type.TQ2_0: [("qs", "64u1"), ("d", "u2")],
    Type.MXFP4: [("e", "u1"), ("qs", "16u1")],
    Type.NVFP4: [("d", "4u1"), ("qs", "32u1")],
}
LATER = {41: (18, [("d", "u2"), ("qs", "16u1")]), 42: (18, [("d", "u2"), ("qs", "16u1")])}  # Q1_0, Q2_0


class BigNumber:
    """Stands for numpy.uint32 and the like: as the type of a view it is big-endian."""

    def __init__(self, name):
        self.native = getattr(np, name)
        self.dtype = np.dtype(self.native).newbyteorder(">")

    def __call__(self, value):
        return self.native(value)


class BigNumpy:
    """numpy as a decoder on a big-endian machine would have it."""

    def __init__(self, kind):
        for name in ("float16", "uint16", "int16", "uint32"):
            setattr(self, name, BigNumber(name))
        if kind == Type.IQ1_M:
            self.float16 = np.float16  # viewed in a number that was put together, which has the order of this machine

    def __getattr__(self, name):
        return getattr(np, name)


def decode(kind, blocks, big):
    quants.np = BigNumpy(kind) if big else np
    try:
        return quants.dequantize(blocks, kind)
    finally:
        quants.np = np


def turn(fields, size, blocks):
    record = np.dtype(fields)
    assert record.itemsize == size, (fields, record.itemsize, size)
    return blocks.view(record).byteswap().view(np.uint8).reshape(blocks.shape)


def write_block_order(rng):
    out = b""
    sizes = {kind: GGML_QUANT_SIZES[kind][1] for kind in FIELDS} | {Type.Q8_1: 36} | {kind: size for kind, (size, _) in LATER.items()}
    fields = FIELDS | {kind: record for kind, (_, record) in LATER.items()}
    for kind in sorted(fields, key=int):
        blocks = rng.integers(0, 256, (3, sizes[kind]), dtype=np.uint8)
        turned = turn(fields[kind], sizes[kind], blocks)
        if kind in quants._type_traits:
            with np.errstate(all="ignore"):
                expected, actual = decode(kind, blocks, False), decode(kind, turned, True)
            assert np.array_equal(expected, actual, equal_nan=True), kind
        out += struct.pack("<II", int(kind), blocks.size) + blocks.tobytes() + turned.tobytes()
    (DATA / "block_order.bin").write_bytes(out)


def add_keys(writer):
    writer.add_uint8("k.u8", 200)
    writer.add_int8("k.i8", -2)
    writer.add_uint16("k.u16", 60000)
    writer.add_int16("k.i16", -300)
    writer.add_uint32("k.u32", 4000000000)
    writer.add_int32("k.i32", -70000)
    writer.add_float32("k.f32", 0.1)
    writer.add_bool("k.bool", True)
    writer.add_string("k.string", "words – ünïcode")
    writer.add_uint64("k.u64", 2**63 + 5)
    writer.add_int64("k.i64", -(2**40))
    writer.add_float64("k.f64", -1.1)
    writer.add_array("k.numbers", [1, -2, 300000])
    writer.add_array("k.floats", [0.5, -3.25, 1e20])
    writer.add_array("k.words", ["one", "", "drei"])
    writer.add_array("k.bools", [True, False, True])


def tensors(rng):
    for kind in CONVERTED:
        values, size = GGML_QUANT_SIZES[kind]
        row = 256 if values > 1 else 8
        shape = (3, row // values * size)
        if kind in PLAIN:
            yield kind, rng.normal(0, 1, (3, row)).astype(PLAIN[kind])
        else:
            yield kind, rng.integers(0, 256, shape, dtype=np.uint8)


def write_model(path, rng, **options):
    writer = GGUFWriter(path, "quux", **options)
    add_keys(writer)
    for kind, data in tensors(rng):
        if options.get("endianess") == GGUFEndian.BIG and kind not in PLAIN:
            continue  # the writer leaves the turning of blocks to its caller
        writer.add_tensor(f"blk.0.{kind.name.lower()}.weight", data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def convert(source, target):
    shutil.copyfile(source, target)
    asked, builtins.input = builtins.input, lambda _: "YES"
    try:
        gguf_convert_endian.convert_byteorder(GGUFReader(target, "r+"), argparse.Namespace(order="big", dry_run=False))
    finally:
        builtins.input = asked
    # the converter turns what its reader has as parts; counts and lengths are among them, the preamble is too
    assert GGUFReader(target).endianess == GGUFEndian.BIG


def main():
    seed = 5
    write_block_order(np.random.default_rng(seed))
    write_model(DATA / "whole.gguf", np.random.default_rng(seed))
    write_model(DATA / "big_written.gguf", np.random.default_rng(seed), endianess=GGUFEndian.BIG)
    write_model(DATA / "split.gguf", np.random.default_rng(seed), split_max_tensors=3, small_first_shard=True)
    convert(DATA / "whole.gguf", DATA / "big.gguf")


if __name__ == "__main__":
    main()
