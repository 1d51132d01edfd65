#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes iq1_grid.h, iq2_grids.h and iq3_grids.h: the grids of ggml's IQ tensor types, from the public Python package
"gguf" (0.17 or later).

An entry is 16 bits. IQ1 and IQ2: eight values of 2 bits, the first in the lowest bits. IQ3: four values of 4 bits.
What a code stands for is in the comment above each table."""
import pathlib

import numpy as np
from gguf import quants

HERE = pathlib.Path(__file__).parent
LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"
MADE = "// Made by make_iq_grids.py.\n"
GRIDS = [  # C++ name, class, what a code t stands for
    ("kIq2XxsGrid", quants.IQ2_XXS, "{8, 25, 43}[t]"),
    ("kIq2XsGrid", quants.IQ2_XS, "{8, 25, 43}[t]"),
    ("kIq2SGrid", quants.IQ2_S, "{8, 25, 43}[t]"),
    ("kIq3XxsGrid", quants.IQ3_XXS, "{4, 12, 20, 28, 36, 44, 52, 62}[t]"),
    ("kIq3SGrid", quants.IQ3_S, "2 t + 1"),
    ("kIq1Grid", quants.IQ1_S, "t - 1"),
]


def entries(kind) -> np.ndarray:
    """(entries) 16-bit words of codes."""
    kind.init_grid()
    values = kind.grid.reshape(kind.grid_shape).astype(np.int64)
    codes = np.searchsorted(np.array(kind.grid_map), values)
    assert (np.array(kind.grid_map)[codes] == values).all()
    bits = 16 // kind.grid_shape[1]
    return (codes << (bits * np.arange(kind.grid_shape[1]))).sum(axis=1)


def rows(words, each: int) -> str:
    texts = [f"0x{word:04X}" for word in words]
    return ",\n".join("    " + ", ".join(texts[i : i + each]) for i in range(0, len(texts), each))


def write_header(path: pathlib.Path, grids) -> None:
    text = LICENCE + MADE + "#pragma once\n\n#include <array>\n#include <cstdint>\n\nnamespace kvscope {\n\n"
    text += "// clang-format off\n"
    for name, kind, meaning in grids:
        words = entries(kind)
        count = kind.grid_shape[1]
        text += f"/// {len(words)} entries of {count} codes of {16 // count} bits; a code t stands for {meaning}.\n"
        text += f"inline constexpr std::array<std::uint16_t, {len(words)}> {name}{{\n{rows(words, 14)}}};\n\n"
    path.write_text(text + "// clang-format on\n\n}  // namespace kvscope\n")


def main() -> None:
    write_header(HERE / "iq1_grid.h", GRIDS[5:])
    write_header(HERE / "iq2_grids.h", GRIDS[:3])
    write_header(HERE / "iq3_grids.h", GRIDS[3:5])


if __name__ == "__main__":
    main()
