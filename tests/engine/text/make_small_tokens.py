#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes data/tokens_NAME.json for the vocabularies of small_vocabularies.py, by the libraries that trained them.

usage: make_small_tokens.py data RWKV_PACKAGE_FOLDER
"""

import pathlib
import sys
import tempfile

import gguf
import sentencepiece
import token_cases
import tokenizers
from llama_vocabulary import LlamaVocabulary
from sample_texts import SPECIAL
from tokenizers import models, normalizers, pre_tokenizers


def strings(reader: gguf.GGUFReader, key: str) -> list[str]:
    return reader.fields[key].contents()


def bert(reader: gguf.GGUFReader, lower: bool):
    """WordPiece without a limit on the length of a word, as llama.cpp has none."""
    tokens = strings(reader, "tokenizer.ggml.tokens")
    mark = "\u2581"
    pieces = [t if t.startswith("[") and t.endswith("]") else t[1:] if t.startswith(mark) else "##" + t for t in tokens]
    vocab = {piece: i for i, piece in enumerate(pieces)}
    model = models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=1 << 30)
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return lambda text: tokenizer.encode(text).ids


def gemma(reader: gguf.GGUFReader):
    """Merges inside lines, byte fallback; the runs of line ends are in no merge and are looked up."""
    tokens = strings(reader, "tokenizer.ggml.tokens")
    vocab = {token: i for i, token in enumerate(tokens)}
    merges = [tuple(merge.split(" ")) for merge in strings(reader, "tokenizer.ggml.merges")]
    model = models.BPE(vocab, merges, unk_token="<unk>", byte_fallback=True, ignore_merges=False)
    tokenizer = tokenizers.Tokenizer(model)

    def encode(text: str) -> list[int]:
        ids: list[int] = []
        for is_break, piece in pieces_of(text):
            if is_break and piece in vocab:
                ids.append(vocab[piece])
            else:
                ids += tokenizer.encode(piece.replace(" ", "\u2581")).ids
        return ids

    return encode


def pieces_of(text: str):
    at = 0
    while at < len(text):
        end = at
        while end < len(text) and (text[end] == "\n") == (text[at] == "\n"):
            end += 1
        yield text[at] == "\n", text[at:end]
        at = end


def unigram(folder: pathlib.Path, name: str):
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{name}.spm"))
    return lambda text: processor.encode(text)


def rwkv(reader: gguf.GGUFReader, package: str):
    sys.path.insert(0, package)
    from rwkv_tokenizer import TRIE_TOKENIZER

    lines = []
    for i, text in enumerate(strings(reader, "tokenizer.ggml.tokens")[1:], 1):
        data = text.encode("latin-1").decode("unicode_escape").encode("latin-1")
        lines.append(f"{i} {data!r} {len(data)}\n")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", delete=False) as file:
        file.writelines(lines)
    return TRIE_TOKENIZER(file.name).encode


def by_llama_of(name: str):
    """Texts with special tokens; but RWKV's is in no vocabulary of its own tokenizer, and llama.cpp cuts it out unasked.
    And ties: sentencepiece adds scores up as f32, llama.cpp as f64."""
    if name.startswith("rwkv"):
        return lambda text: False
    if name.startswith("t5"):
        return lambda text: text in SPECIAL or len(set(text)) * 10 < len(text)
    return lambda text: text in SPECIAL


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    for name in ("bytes", "bert", "bert_cased", "t5", "t5_spaces", "gemma4", "rwkv_small"):
        print(name)
        path = str(folder / f"vocab_{name}.gguf")
        reader = gguf.GGUFReader(path)
        vocabulary = LlamaVocabulary(path)
        native, source = None, ""
        hugging_face = f"tokenizers {tokenizers.__version__}"
        if name.startswith("bert"):
            native, source = bert(reader, name == "bert"), hugging_face
        elif name.startswith("t5"):
            native, source = unigram(folder, name), f"sentencepiece {sentencepiece.__version__}"
        elif name == "gemma4":
            native, source = gemma(reader), hugging_face
        elif name == "rwkv_small":
            native, source = rwkv(reader, sys.argv[2]), "the tokenizer of the package rwkv"
        # U+2581 is no letter of BERT's files; llama.cpp puts no space before white space alone.
        odd = {"bert": "\u2581", "t5_spaces": "</s> "}.get(name.removesuffix("_cased"))
        cases = token_cases.cases_of(vocabulary, token_cases.SHORT, native, by_llama_of(name))
        cases = [case for case in cases if odd is None or odd not in case["text"]]
        token_cases.write(str(folder / f"tokens_{name}.json"), vocabulary, cases, source)


main()
