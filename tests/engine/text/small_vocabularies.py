#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains small vocabularies on the sample texts, one a kind, and writes them as GGUF files.

Needs the PyPI packages gguf, tokenizers, sentencepiece and protobuf; RWKV's tokens come from the vocabulary file in the
package rwkv.

usage: small_vocabularies.py data RWKV_VOCABULARY.txt
"""

import ast
import io
import json
import pathlib
import sys
import unicodedata

import sentencepiece
import tokenizers
import vocabulary_file as vf
from sample_texts import PLAIN
from sentencepiece import sentencepiece_model_pb2
from tokenizers import models, normalizers, pre_tokenizers, trainers

TEXTS = [text for text in PLAIN if len(text) < 400]


def byte_level(folder: pathlib.Path) -> None:
    """Byte-level BPE whose merges cross every border, so that a wrong split shows in the ids."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(vocab_size=1800, initial_alphabet=vf.ALPHABET, show_progress=False)
    tokenizer.train_from_iterator(TEXTS * 2, trainer)
    data = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(data["vocab"], key=data["vocab"].get)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in data["merges"]]
    types = [vf.NORMAL] * len(tokens) + [vf.CONTROL] * 2
    tokens += ["<s>", "</s>"]
    ids = {"bos_token_id": len(tokens) - 2, "eos_token_id": len(tokens) - 1}
    vf.write(str(folder / "vocab_bytes.gguf"), "gpt2", tokens, types, pre="gpt-2", merges=merges, ids=ids)


def bert(folder: pathlib.Path) -> None:
    for name, lower in (("bert", True), ("bert_cased", False)):
        tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        trainer = trainers.WordPieceTrainer(vocab_size=700, special_tokens=special, show_progress=False)
        tokenizer.train_from_iterator([t for t in TEXTS if len(t) < 150], trainer)
        vocab = tokenizer.get_vocab()
        pieces = sorted(vocab, key=vocab.get)
        tokens = [p if p in special else p[2:] if p.startswith("##") else "\u2581" + p for p in pieces]
        types = [vf.UNKNOWN if p == "[UNK]" else vf.CONTROL if p in special else vf.NORMAL for p in pieces]
        vf.write(
            str(folder / f"vocab_{name}.gguf"),
            "bert",
            tokens,
            types,
            ids={
                "bos_token_id": 2,
                "seperator_token_id": 3,
                "unknown_token_id": 1,
                "padding_token_id": 0,
                "mask_token_id": 4,
            },
            flags={"normalizer.lowercase": lower, "normalizer.strip_accents": lower},
        )


def normalisation_rules(path: pathlib.Path) -> None:
    """Compatibility forms, as NFKC has them, of some blocks; white space and control characters as T5's rules."""
    blocks = [range(0xA0, 0x180), range(0x2000, 0x2080), range(0x2100, 0x2190), range(0xFB00, 0xFB07)]
    blocks += [range(0xFF01, 0xFF5F), range(0x3000, 0x3001), range(0x1E00, 0x1F00)]
    rules = {c: unicodedata.normalize("NFKC", chr(c)) for block in blocks for c in block}
    for block in (range(0x41, 0x5B), range(0x61, 0x7B)):
        for base in block:
            for mark in (0x300, 0x301, 0x308):
                pair = chr(base) + chr(mark)
                if len(unicodedata.normalize("NFKC", pair)) == 1:
                    rules[pair] = unicodedata.normalize("NFKC", pair)
    rules.update({c: " " for c in (0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x2028, 0x2029, 0xFEFF, 0x200B)})
    rules.update({c: "" for c in [*range(1, 9), 0x0B, *range(0x0E, 0x20), 0x7F, 0x8F, 0x9F]})
    lines = []
    for source, target in rules.items():
        text = chr(source) if isinstance(source, int) else source
        if text != target:
            lines.append(" ".join(f"{ord(c):X}" for c in text) + "\t" + " ".join(f"{ord(c):X}" for c in target))
    path.write_text("\n".join(sorted(lines)) + "\n", encoding="ascii")


def unigram(folder: pathlib.Path) -> None:
    rules = folder / "rules.tsv"
    normalisation_rules(rules)
    for name, remove_extra in (("t5", True), ("t5_spaces", False)):
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([t for t in TEXTS if t.strip() and "\0" not in t] * 3),
            model_writer=model,
            model_type="unigram",
            vocab_size=620,
            normalization_rule_tsv=str(rules),
            remove_extra_whitespaces=remove_extra,
            character_coverage=0.98,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            user_defined_symbols=["<extra_id_0>", "<extra_id_1>"],
            hard_vocab_limit=False,
            minloglevel=2,
            num_threads=1,
        )
        (folder / f"{name}.spm").write_bytes(model.getvalue())
        proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
        vf.write(
            str(folder / f"vocab_{name}.gguf"),
            "t5",
            [piece.piece for piece in proto.pieces],
            [int(piece.type) for piece in proto.pieces],
            scores=[piece.score for piece in proto.pieces],
            ids={"eos_token_id": 1, "unknown_token_id": 2, "padding_token_id": 0},
            flags={
                "add_space_prefix": True,
                "remove_extra_whitespaces": remove_extra,
                "add_bos_token": False,
                "add_eos_token": True,
            },
            charsmap=proto.normalizer_spec.precompiled_charsmap,
        )
    rules.unlink()


def gemma(folder: pathlib.Path) -> None:
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Split(tokenizers.Regex("\n+"), "isolated")
    control = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    visible = ["<|channel>", "<channel|>", "<|tool>", "<tool|>"]
    breaks = ["\n" * n for n in range(1, 6)]
    tokens = [*control, *visible, *breaks, *[f"<0x{byte:02X}>" for byte in range(256)]]
    types = [vf.CONTROL] * 5 + [vf.USER_DEFINED] * 4 + [vf.NORMAL] * 5 + [vf.BYTE] * 256
    types[3] = vf.UNKNOWN
    trainer = trainers.BpeTrainer(vocab_size=700, show_progress=False)
    texts = [t.replace(" ", "\u2581") for t in TEXTS if len(t) < 120 and "\n" not in t]
    tokenizer.train_from_iterator(texts * 2, trainer)
    data = json.loads(tokenizer.to_str())["model"]
    known = set(tokens)
    tokens += [t for t in sorted(data["vocab"], key=data["vocab"].get) if t not in known]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in data["merges"]]
    vf.write(
        str(folder / "vocab_gemma4.gguf"),
        "gemma4",
        tokens,
        types + [vf.NORMAL] * (len(tokens) - len(types)),
        merges=merges,
        ids={"bos_token_id": 2, "eos_token_id": 1, "unknown_token_id": 3, "padding_token_id": 0},
        flags={"add_bos_token": False, "add_space_prefix": False},
    )


def rwkv_tokens(path: str) -> list[bytes]:
    """The tokens of a World vocabulary in order of their ids, which begin at 1."""
    tokens = []
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        token = ast.literal_eval(line[line.index(" ") : line.rindex(" ")])
        tokens.append(token.encode() if isinstance(token, str) else token)
    return tokens


def write_rwkv(path: str, tokens: list[bytes]) -> None:
    texts = ["<s>", *[repr(token)[2:-1] for token in tokens]]
    types = [vf.CONTROL] + [vf.NORMAL] * len(tokens)
    vf.write(path, "rwkv", texts, types, ids={"bos_token_id": 0, "eos_token_id": 0})


def rwkv(folder: pathlib.Path, vocabulary: str) -> None:
    everything = "\n".join(TEXTS).encode()
    tokens = [t for t in rwkv_tokens(vocabulary) if len(t) == 1 or t in everything]
    write_rwkv(str(folder / "vocab_rwkv_small.gguf"), tokens[:1500])


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    byte_level(folder)
    bert(folder)
    unigram(folder)
    gemma(folder)
    rwkv(folder, sys.argv[2])


if __name__ == "__main__":
    main()
