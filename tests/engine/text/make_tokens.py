#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes data/tokens_NAME.json for a GGUF file, with the ids that llama.cpp gives.

usage: make_tokens.py MODEL.gguf data/tokens_NAME.json
"""

import sys

import token_cases
from llama_vocabulary import LlamaVocabulary
from sample_texts import PLAIN


def main() -> None:
    vocabulary = LlamaVocabulary(sys.argv[1])
    texts = PLAIN if "--all" in sys.argv else token_cases.SHORT
    token_cases.write(sys.argv[2], vocabulary, token_cases.cases_of(vocabulary, texts))


main()
