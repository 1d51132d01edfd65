#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes data/pre_names.json: what llama.cpp makes of texts under each name of a pre-tokenizer.

The vocabulary is data/vocab_bytes.gguf, whose merges cross every border between words, so that ids tell where a text
was cut. Of the ids only a hash is kept: FNV-1a (32 bits) over their decimal digits, each number ending with a comma; no hash where llama.cpp is
known not to split as the model was trained.

usage: make_pre_names.py data
"""

import json
import pathlib
import sys
import tempfile

import gguf
import token_cases
import vocabulary_file as vf
from llama_vocabulary import SOURCE, LlamaVocabulary
from make_splits import EXTRA

NAMES = """
default gpt-2 phi-2 olmo exaone4 modern-bert mpt jais gigachat mellum a.x-4.0 jina-es jina-de jina-v2-es jina-v2-de
jina-v1-en jina-v2-code roberta-bpe trillion granite-docling llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0
lfm2 jina-v5-nano dbrx smaug-bpe chatglm-bpe glm4 starcoder refact codeshell exaone minerva-7b mellum2 smollm command-r
qwen2 deepseek-r1-qwen kormo f2llmv2 hunyuan solar-open grok-2 stablelm2 megrez qwen35 falcon deepseek-llm deepseek-coder
deepseek-v3 joyai-llm hunyuan-dense hy_v4 spark2_5 tekken gpt-4o llama4 kanana2 talkie minimax-m2 youtu tiny_aya
cohere2moe poro-chat bloom gpt3-finnish viking jais-2 bailingmoe bailingmoe2 llada-moe seed-coder exaone-moe ufakzeka
minicpm5 laguna superbpe chameleon
""".split()
# Where llama.cpp's expressions fall short of the published ones: the case of letters that are not ASCII, all case, white
# space and digits that are not ASCII.
ASCII_CASE = {"tekken", "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"}
NO_CASE = {"youtu", "tiny_aya", "cohere2moe"}
ASCII_SPACE = {"deepseek-llm", "deepseek-coder"}
ASCII_DIGITS = {"superbpe"}


def comparable(name: str, text: str) -> bool:
    if name in ASCII_CASE:
        return text.isascii()
    if name in NO_CASE:
        return text.isascii() and text == text.lower()
    if name in ASCII_SPACE:
        return all(c.isascii() or not c.isspace() for c in text)
    if name in ASCII_DIGITS:
        return all(c.isascii() or not c.isdecimal() for c in text)
    return True


def hash_of(ids: list[int]) -> str:
    value = 0x811C9DC5
    for byte in "".join(f"{i}," for i in ids).encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{value:08x}"


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    fields = gguf.GGUFReader(str(folder / "vocab_bytes.gguf")).fields
    tokens, types, merges = (
        fields[f"tokenizer.ggml.{key}"].contents() for key in ("tokens", "token_type", "merges")
    )
    ids = {"bos_token_id": len(tokens) - 2, "eos_token_id": len(tokens) - 1}
    texts = token_cases.SHORT + EXTRA
    rows = []
    for name in NAMES:
        with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
            vf.write(file.name, "gpt2", tokens, types, pre=name, merges=merges, ids=ids)
            try:
                vocabulary = LlamaVocabulary(file.name)
            except RuntimeError as error:
                print(name, error)
                continue
        row = {
            "name": name,
            "bos": vocabulary.encode("a", True, False) != vocabulary.encode("a", False, False),
            "cleans": vocabulary.decode(vocabulary.encode("a .", False, False)) == b"a.",
        }
        hashes = []
        for text in texts:
            same = comparable(name, text)
            hashes.append(hash_of(vocabulary.encode(text, False, False)) if same else "")
        row["hashes"] = hashes
        rows.append(json.dumps(row, separators=(",", ":")))
    rendered = ",\n".join(json.dumps(text) for text in texts)
    with open(folder / "pre_names.json", "w", encoding="ascii") as out:
        out.write('{"source":"%s","texts":[\n%s\n],"names":[\n%s\n]}\n' % (SOURCE, rendered, ",\n".join(rows)))


main()
