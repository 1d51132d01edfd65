# SPDX-License-Identifier: Apache-2.0
"""Writes GGUF files that hold a tokenizer and nothing else."""

import gguf

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6


def byte_alphabet() -> list[str]:
    """The character that stands for each byte in byte-level BPE (architectures.md 17.3)."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    characters = {byte: chr(byte) for byte in own}
    others = [byte for byte in range(256) if byte not in characters]
    characters.update({byte: chr(256 + i) for i, byte in enumerate(others)})
    return [characters[byte] for byte in range(256)]


ALPHABET = byte_alphabet()


def byte_text(data: bytes) -> str:
    return "".join(ALPHABET[byte] for byte in data)


def merges_of_ranks(ranks: dict[bytes, int]) -> list[str]:
    """The merges that make each token of a tiktoken vocabulary: its two parts when only earlier tokens may be used."""
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) == 1:
            continue
        parts = [token[i : i + 1] for i in range(len(token))]
        while len(parts) > 2:
            pairs = [(ranks.get(a + b, 1 << 30), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))]
            best, at = min(pairs)
            if best >= rank:
                break
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        if len(parts) == 2:
            merges.append(f"{byte_text(parts[0])} {byte_text(parts[1])}")
    return merges


def write(
    path: str,
    model: str,
    tokens: list,
    types: list[int],
    *,
    name: str = "vocabulary",
    pre: str | None = None,
    merges: list[str] | None = None,
    scores: list[float] | None = None,
    ids: dict[str, int] | None = None,
    flags: dict[str, bool] | None = None,
    charsmap: bytes | None = None,
) -> None:
    """`ids` and `flags` are keys without "tokenizer.ggml."."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_tokenizer_model(model)
    if pre is not None:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if merges is not None:
        writer.add_token_merges(merges) if merges else None
    if scores is not None:
        writer.add_token_scores(scores)
    for key, value in (ids or {}).items():
        writer.add_uint32(f"tokenizer.ggml.{key}", value)
    for key, value in (flags or {}).items():
        writer.add_bool(f"tokenizer.ggml.{key}", value)
    if charsmap is not None:
        writer.add_precompiled_charsmap(charsmap)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
