#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes data/splits.json: the words that pre-tokenizers cut texts into, by the PyPI package `regex`.

The expressions are those published with the models (tokenizer.json), as lists of stages; what lies between matches is
a word too. In them \\s is White_Space, which `regex` takes it for.

usage: make_splits.py data/splits.json
"""

import json
import sys

import regex
from sample_texts import PLAIN

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
RULES = {
    "gpt-2": [GPT2],
    "llama-bpe": [LLAMA3],
    "qwen2": [LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")],
    "smollm": [r"\p{N}", GPT2],
    "default": [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"],
}


def split(text: str, stages: list[str]) -> list[str]:
    pieces = [text] if text else []
    for stage in stages:
        after = []
        for piece in pieces:
            end = 0
            for match in regex.finditer(stage, piece):
                after += [piece[end : match.start()], match.group()]
                end = match.end()
            after.append(piece[end:])
        pieces = [piece for piece in after if piece]
    return pieces


def main() -> None:
    rows = []
    for name, stages in RULES.items():
        for index, text in enumerate(PLAIN):
            words = split(text, stages)
            assert "".join(words) == text
            lengths = [len(word.encode()) for word in words]
            rows.append(json.dumps({"rule": name, "text": index, "bytes": lengths}, separators=(",", ":")))
    texts = ",\n".join(json.dumps(text) for text in PLAIN)
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write(
            '{"source":"regex %s","texts":[\n%s\n],"splits":[\n%s\n]}\n' % (regex.__version__, texts, ",\n".join(rows))
        )


main()
