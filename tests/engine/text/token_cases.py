# SPDX-License-Identifier: Apache-2.0
"""Writes data/tokens_NAME.json: texts and the ids of tokenizers other than KVScope's."""

import json

from llama_vocabulary import SOURCE, LlamaVocabulary
from sample_texts import PLAIN, SPECIAL


def cases_of(vocabulary: LlamaVocabulary, texts: list[str], native=None, by_llama=lambda text: text in SPECIAL) -> list[dict]:
    """Texts by `native` (the tokenizer that the model was published with) where there is one; those for which
    by_llama() holds, and special tokens that are parsed, by llama.cpp. Prints where the two differ."""
    around, bare = vocabulary.encode("a", True, False), vocabulary.encode("a", False, False)
    before = next(n for n in range(len(around)) if around[n : n + len(bare)] == bare)
    begin, ends = around[:before], around[before + len(bare) :]
    cases = []
    for text in texts + SPECIAL:
        ids = vocabulary.encode(text, True, False)
        if native is not None and not by_llama(text):
            own = begin + native(text) + ends
            if own != ids:
                print(f"  differs from llama.cpp: {text[:60]!r}")
                if "\u017f" in text:
                    continue  # a letter that only equals "s" where case is ignored
            ids = own
        case = {"text": text, "ids": ids}
        if text in SPECIAL:
            case["parsed"] = vocabulary.encode(text, True, True)
        if len(cases) % 8 == 0:
            case["bare"] = ids[len(begin) : len(ids) - len(ends)]
        cases.append(case)
    return cases


def write(target: str, vocabulary: LlamaVocabulary, cases: list[dict], native_source: str = "") -> None:
    source = f"{native_source}; special tokens: {SOURCE}" if native_source else SOURCE
    head = json.dumps({"source": source, "eog": vocabulary.end_of_generation()}, separators=(",", ":"))[:-1]
    rows = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    with open(target, "w", encoding="ascii") as out:
        out.write(f'{head},"cases":[\n{rows}\n]}}\n')


SHORT = [text for text in PLAIN if len(text) < 400]
