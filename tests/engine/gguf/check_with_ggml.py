#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds data/*.bin against ggml's own C functions: dequantize_row_TYPE and quantize_row_TYPE_ref.

usage: check_with_ggml.py LIBRARY   (a shared library that exports them, such as the one in the PyPI package xllamacpp)
"""
import ctypes
import pathlib
import struct
import sys

import numpy as np

DATA = pathlib.Path(__file__).parent / "data"
BLOCKS = {
    "q4_0": (32, 18), "q4_1": (32, 20), "q5_0": (32, 22), "q5_1": (32, 24), "q8_0": (32, 34), "q6_K": (256, 210),
    "q2_K": (256, 84), "q3_K": (256, 110), "q4_K": (256, 144), "q5_K": (256, 176), "iq1_s": (256, 50),
    "iq1_m": (256, 56), "iq2_xxs": (256, 66), "iq2_xs": (256, 74), "iq2_s": (256, 82), "iq3_xxs": (256, 98),
    "iq3_s": (256, 110), "iq4_nl": (32, 18), "iq4_xs": (256, 136), "tq1_0": (256, 54), "tq2_0": (256, 66),
    "mxfp4": (32, 17), "nvfp4": (64, 36), "q1_0": (128, 18), "q2_0": (64, 18),
}
ENCODED = ["q4_0", "q4_1", "q5_0", "q5_1", "q8_0"]


def call(function, source: np.ndarray, out: np.ndarray, values: int) -> np.ndarray:
    function.restype = None
    function(source.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(values))
    return out


def load(name: str) -> tuple[int, bytes]:
    raw = (DATA / name).read_bytes()
    return struct.unpack("<I", raw[:4])[0], raw[4:]


def check_decode(library, kind: str) -> bool:
    values, size = BLOCKS[kind]
    count, raw = load(f"{kind.lower()}.decode.bin")
    blocks = np.frombuffer(raw[: count * size], np.uint8).copy()
    expected = np.frombuffer(raw[count * size :], np.float32)
    got = call(library[f"dequantize_row_{kind}"], blocks, np.zeros(count * values, np.float32), count * values)
    same = (got.view(np.uint32) == expected.view(np.uint32)) | (np.isnan(got) & np.isnan(expected))
    return bool(same.all())


def check_encode(library, kind: str) -> bool:
    count, raw = load(f"{kind}.encode.bin")
    floats = np.frombuffer(raw[: 4 * count], np.float32).copy()
    expected = np.frombuffer(raw[4 * count :], np.uint8)
    got = call(library[f"quantize_row_{kind}_ref"], floats, np.zeros(len(expected), np.uint8), count)
    return bool((got == expected).all())


def main() -> int:
    library = ctypes.CDLL(sys.argv[1])
    results = {f"{kind} decode": check_decode(library, kind) for kind in BLOCKS}
    results |= {f"{kind} encode": check_encode(library, kind) for kind in ENCODED}
    for name, good in results.items():
        print(f"{name}: {'equal' if good else 'DIFFERENT'}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
