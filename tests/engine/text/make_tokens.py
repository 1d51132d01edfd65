#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes data/tokens_NAME.json: texts and the ids that llama.cpp (PyPI package xllamacpp) gives.

usage: make_tokens.py MODEL.gguf data/tokens_NAME.json
"""

import json
import sys
import urllib.request

import xllamacpp
from sample_texts import PLAIN, SPECIAL


def main() -> None:
    model, target = sys.argv[1:]
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = 128
    params.warmup = False
    params.n_gpu_layers = 0
    server = xllamacpp.Server(params)

    def post(path: str, body: dict) -> dict:
        request = urllib.request.Request(
            server.listening_address + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        return json.load(urllib.request.urlopen(request))

    def tokenize(text: str, special: bool, parse: bool) -> list[int]:
        return post("/tokenize", {"content": text, "add_special": special, "parse_special": parse})["tokens"]

    cases = []
    for text in PLAIN + SPECIAL:
        case = {"text": text, "ids": tokenize(text, True, False)}
        if text in SPECIAL:
            case["parsed"] = tokenize(text, True, True)
        if len(cases) % 8 == 0:
            case["bare"] = tokenize(text, False, False)
        cases.append(case)
    with open(target, "w", encoding="ascii") as out:
        rows = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        out.write('{"source":"llama.cpp by xllamacpp %s","cases":[\n%s\n]}\n' % (xllamacpp.__version__, rows))


main()
