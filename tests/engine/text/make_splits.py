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
CONTRACTION = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
SYMBOLS = r" ?[^\s\p{L}\p{N}]+[\r\n]*"
LLAMA3 = rf"{CONTRACTION}|{WORDS}|\p{{N}}{{1,3}}|{SYMBOLS}|{SPACES}"
QWEN2 = rf"{CONTRACTION}|{WORDS}|\p{{N}}|{SYMBOLS}|{SPACES}"
TITLE = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
CAPITALS = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
SLASHES = r" ?[^\s\p{L}\p{N}]+[\r\n/]*"
GPT4O = rf"{TITLE}{CONTRACTION}?|{CAPITALS}{CONTRACTION}?|\p{{N}}{{1,3}}|{SLASHES}|{SPACES}"
PUNCTUATION = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+"""
HAN_KANA = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
EAST_ASIAN = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
PORO = " ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+"
CASED = """
0041-005A 0061-007A 00B5 00C0-00D6 00D8-00F6 00F8-01BA 01BC-01BF 01C4-0293 0295-02AF 0370-0373 0376 0377 037B-037D 037F
0386 0388-038A 038C 038E-03A1 03A3-03F5 03F7-0481 048A-052F 0531-0556 10A0-10C5 13A0-13F5 13F8-13FD 1C90-1CBA 1CBD-1CBF
1D00-1D2B 1D6B-1D77 1D79-1D9A 1E00-1F15 1F18-1F1D 1F20-1F45 1F48-1F4D 1F50-1F57 1F59 1F5B 1F5D 1F5F-1F7D 1F80-1FB4
1FB6-1FBC 1FBE 1FC2-1FC4 1FC6-1FCC 1FD0-1FD3 1FD6-1FDB 1FE0-1FEC 1FF2-1FF4 1FF6-1FFC 2102 2107 210A-2113 2115 2119-211D
2124 2126 2128 212A-212D 212F-2134 2139 213C-213F 2145-2149 214E 2183 2184 2C00-2C7B 2C7E-2CE4 2CEB-2CEE 2CF2 2CF3
A640-A66D A680-A69B A722-A76F A771-A787 A78B-A78E AB70-ABBF FB00-FB06 FB13-FB17 FF21-FF3A FF41-FF5A 10400-1044F
104B0-104D3 104D8-104FB 10C80-10CB2 10CC0-10CF2 118A0-118DF 1E900-1E943
""".split()
CASED_LETTERS = "".join("-".join(f"\\U{int(end, 16):08x}" for end in entry.split("-")) for entry in CASED)
YOUTU = (
    "[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+"
    "|[\u3105-\u312f]+|[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
)
CASCADE = "|".join(rf"\s{{{n}}}(?!\S)" for n in (512, 256, 128, 64, 32, 16, 8, 4)) + r"|\s{1,2}(?!\S)|\s{1}"
ONE_BREAK = r"\s*[\r\n]|\s+(?!\S)|\s+"
RULES = {
    "gpt-2": [GPT2],
    "llama-bpe": [LLAMA3],
    "qwen2": [QWEN2],
    "smollm": [r"\p{N}", GPT2],
    "default": [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"],
    "falcon": [r"[\p{P}\$\+<=>\^~\|`]+", GPT2, r"[0-9][0-9][0-9]"],
    "qwen35": [
        rf"{CONTRACTION}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}"
        rf"| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{SPACES}"
    ],
    "deepseek-llm": [
        r"[\r\n]",
        rf"\s?[{CASED_LETTERS}]+",
        "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+",
        r"\s+\Z",
        EAST_ASIAN,
        r"\p{N}+",
    ],
    "deepseek-coder": [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", EAST_ASIAN, r"\p{N}"],
    "deepseek-v3": [r"\p{N}{1,3}", HAN_KANA, rf"{PUNCTUATION}[\r\n]*|{SPACES}"],
    "spark2_5": [r"\p{N}{1,3}", HAN_KANA, PUNCTUATION + r"|[\r\n]|\s+(?!\S)|\s+", r"\p{N}"],
    "tekken": [rf"{TITLE}|{CAPITALS}|\p{{N}}|{SLASHES}|{SPACES}"],
    "gpt-4o": [GPT4O],
    "youtu": [YOUTU, GPT4O.replace(r"\p{N}{1,3}", r"\p{N}")],
    "tiny_aya": [r"\d{1,3}(?=(?:\d{3})*\b)", GPT4O],
    "poro-chat": [PORO],
    "viking": [PORO, r"\p{N}"],
    "jais-2": [rf"{CONTRACTION}|{WORDS}|\p{{N}}{{1,3}}|{SYMBOLS}|\s*[\r\n]+|{CASCADE}"],
    "bailingmoe": [
        r"'(?:[sdmtSDMT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|" + ONE_BREAK
    ],
    "seed-coder": [rf"{CONTRACTION}|{WORDS}|\p{{N}}{{1}}| ?[^\s\p{{L}}\p{{N}}\r\n]+|{SPACES}"],
    "exaone-moe": [
        rf"{CONTRACTION}|[^\r\n\p{{L}}\p{{N}}]?(?:\p{{L}}\p{{M}}*(?: \p{{L}}\p{{M}}*)*)+|\p{{N}}"
        rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]?|{ONE_BREAK}"
    ],
    "ufakzeka": [rf"{WORDS}|\p{{N}}|{SYMBOLS}|{SPACES}"],
    "minicpm5": [r"\p{N}{1,3}", LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}+")],
    "laguna": [r"[^\n]+|[\n]+", QWEN2],
    "superbpe": [r"\p{N}+", r"(?=(\d{3})+(?!\d))"],
    "chameleon": [
        r"<sentinel:[0-9]+>",
        r"(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
        r"([\t\n]|    |  )",
        r"\p{N}",
        r"[\p{P}!-/:-@\[-`{-~]",
        GPT2,
    ],
    "gemma4": [r"[^\n]+|[\n]+"],
}
LONG = {"gpt-2", "llama-bpe", "default", "deepseek-v3", "gpt-4o"}  # rules that long texts are split by too
EXTRA = [
    "HTTPServer parseXMLFile iPhone McDonald's O'NEILL'S HTML5 \u0130stanbul'un \u00c9COLE\u00c9t\u00e9 \u01c5ABC\u01c6",
    "1234567890123 12 1234 abc1234def 123456x 1234567. \u0661\u0662\u0663\u0664 a1b22c333d4444 007",
    "path/to//file.txt\n/usr/bin/\r\n//comment\n <sentinel:12>IMGIMGABCZ<sentinel:x>",
    "\u30ab\u30bf123\u6f22\u5b57\u3002\u201c\u5f15\u7528\u201d\u2026\u2026 \u3105\u3106 \uff01\uff1f \u314b\u314b \uc548\ub155! \ufe30 a b c d ef g",
]


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
    texts = PLAIN + EXTRA
    for name, stages in RULES.items():
        for index, text in enumerate(texts):
            if name not in LONG and len(text) > 400:
                continue
            words = split(text, stages)
            assert "".join(words) == text
            lengths = [len(word.encode()) for word in words]
            rows.append(json.dumps({"rule": name, "text": index, "bytes": lengths}, separators=(",", ":")))
    rendered = ",\n".join(json.dumps(text) for text in texts)
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write(
            '{"source":"regex %s","texts":[\n%s\n],"splits":[\n%s\n]}\n' % (regex.__version__, rendered, ",\n".join(rows))
        )


if __name__ == "__main__":
    main()
