# SPDX-License-Identifier: Apache-2.0
"""Makes rows.txt: rows of f32 and what the Python package gguf (and numpy for f16) encodes and decodes them to.

Usage: python make_rows.py > rows.txt      (needs numpy and gguf)
A line: type, values a row, then hex of the values (f32, little endian), of the encoded and of the decoded row.
"""
import numpy as np
from gguf import GGMLQuantizationType as T
from gguf import quants

rng = np.random.default_rng(20250)


def rows(n):
    """Rows of n values that reach the corners of the block formats."""
    x = rng.standard_normal(n)
    yield x
    yield x * 1e-6
    yield x * 3e4 / np.abs(x).max()
    yield np.zeros(n)
    yield np.full(n, -0.75)
    yield np.where(np.arange(n) % 2 == 0, 1.5, -1.5)  # equal magnitudes: the first decides the sign of the q4_0 scale
    yield (np.arange(n) - n / 2) / 2.0  # exact halves: ties of the rounding
    yield np.where(np.arange(n) == n - 1, 40.0, x)  # one outlier
    yield np.where(np.arange(n) < 32, x, 0.0)  # blocks of zeros
    yield x * 1e-9  # scales below the smallest half
    yield np.linspace(-127, 127, n)


def emit(name, n, values):
    if name == "f16":
        encoded = values.astype("<f2")
        decoded = encoded.astype("<f4")
    else:
        kind = T[name.upper()]
        encoded = quants.quantize(values.reshape(1, -1), kind)
        decoded = quants.dequantize(encoded, kind).astype("<f4")
    print(name, n, values.tobytes().hex(), encoded.tobytes().hex(), decoded.tobytes().hex())


with np.errstate(all="ignore"):
    for name in ("f16", "q8_0", "q4_0"):
        for n in (32, 64, 96):
            for row in rows(n):
                emit(name, n, row.astype("<f4"))
