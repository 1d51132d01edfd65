#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of unicode_tables.h from the `unicodedata` module of Python: what the WPM tokenizer needs.

usage: make_unicode_tables.py engine/text
"""

import sys
import unicodedata

POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
HANGUL = range(0xAC00, 0xD7A4)


def ranges(wanted) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for c in range(0x110000):
        if not wanted(chr(c)):
            continue
        if found and found[-1][1] == c - 1:
            found[-1] = (found[-1][0], c)
        else:
            found.append((c, c))
    return found


def lower_ranges() -> list[tuple[int, int, int, int]]:
    """(first, last, step, what to add) of the letters with a lower case of one character."""
    found: list[tuple[int, int, int, int]] = []
    for c in POINTS:
        lower = chr(c).lower()
        if len(lower) != 1 or ord(lower) == c:
            continue
        delta = ord(lower) - c
        if found:
            first, last, step, add = found[-1]
            gap = c - last
            if add == delta and gap in (1, 2) and (first == last or gap == step):
                found[-1] = (first, c, gap, add)
                continue
        found.append((c, c, 1, delta))
    return found


def plain(c: int) -> str:
    return "".join(d for d in unicodedata.normalize("NFD", chr(c)) if unicodedata.category(d) != "Mn")


def decompositions() -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int, int]]]:
    """(first, last, base) of characters that lose their marks, and (character, up to three parts) of the others."""
    single: list[tuple[int, int, int]] = []
    several = []
    for c in POINTS:
        if c in HANGUL or unicodedata.category(chr(c)) == "Mn":
            continue
        parts = [ord(d) for d in plain(c)]
        if parts == [c]:
            continue
        if len(parts) == 1:
            if single and single[-1][1] == c - 1 and single[-1][2] == parts[0]:
                single[-1] = (single[-1][0], c, parts[0])
            else:
                single.append((c, c, parts[0]))
        else:
            assert len(parts) in (2, 3)
            several.append((c, *parts, *[0] * (3 - len(parts))))
    return single, several


def array(kind: str, name: str, rows: list[tuple[int, ...]]) -> str:
    lines, line = [], "   "
    for row in rows:
        entry = " {" + ",".join(f"{v:#x}" if i < 2 or v > 255 else str(v) for i, v in enumerate(row)) + "},"
        if len(line) + len(entry) > 120:
            lines.append(line)
            line = "   "
        line += entry
    body = "\n".join([*lines, line])
    return f"constexpr std::array<{kind}, {len(rows)}> {name}{{{{\n{body}\n}}}};\n"


def write(path: str, tables: list[tuple[str, str, str, list]]) -> None:
    with open(path, "w", encoding="ascii") as out:
        out.write("// SPDX-License-Identifier: Apache-2.0\n")
        out.write(f"// Unicode {unicodedata.unidata_version}, written by make_unicode_tables.py.\n")
        out.write('#include <array>\n\n#include "engine/text/unicode_tables.h"\n\n')
        out.write("namespace kvscope::text {\nnamespace {\n\n// clang-format off\n")
        out.write("\n".join(array(kind, name, rows) for kind, _, name, rows in tables))
        out.write("// clang-format on\n\n}  // namespace\n\n")
        for kind, function, name, _ in tables:
            out.write(f"std::span<const {kind}> {function}() {{\n    return {name};\n}}\n\n")
        out.write("}  // namespace kvscope::text\n")


def main() -> None:
    category = unicodedata.category
    single, several = decompositions()
    marks = ranges(lambda c: category(c) == "Mn")
    properties = [
        ("CodeRange", "punctuationRanges", "kPunctuation", ranges(lambda c: category(c)[0] == "P")),
        ("CodeRange", "otherRanges", "kOther", ranges(lambda c: category(c) in ("Cc", "Cf", "Co"))),
        ("CodeRange", "nonspacingMarkRanges", "kNonspacingMarks", marks),
        ("LowerCaseRange", "lowerCaseRanges", "kLowerCase", lower_ranges()),
    ]
    bases = [
        ("BaseRange", "baseRanges", "kBases", single),
        ("PartsOfCharacter", "partsOfCharacters", "kParts", several),
    ]
    write(sys.argv[1] + "/unicode_properties.cpp", properties)
    write(sys.argv[1] + "/unicode_bases.cpp", bases)


main()
