# SPDX-License-Identifier: Apache-2.0
"""Byte-level BPE with GPT-2's pre-tokenizer: tokenizer.ggml.model "gpt2", tokenizer.ggml.pre "gpt-2"."""
import collections
import json

import regex

SPLIT = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")


def byte_alphabet():
    """GPT-2's printable character for every byte."""
    plain = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, extra = {}, 0
    for b in range(256):
        table[b] = chr(b) if b in plain else chr(256 + extra)
        extra += b not in plain
    return table


class Tokenizer:
    """Ids: 0 <s>, 1 </s>, 2..257 the bytes, then one id per merge."""
    BOS, EOS = 0, 1

    def __init__(self, merges):
        """merges: pairs of pieces, the earliest first."""
        self.merges = [tuple(m) for m in merges]
        self.to_char = byte_alphabet()
        self.to_byte = {c: b for b, c in self.to_char.items()}
        self.tokens = ["<s>", "</s>"] + [self.to_char[b] for b in range(256)] + [a + b for a, b in self.merges]
        self.ids = {t: i for i, t in enumerate(self.tokens)}
        self.rank = {m: i for i, m in enumerate(self.merges)}
        self.cache = {}

    def __len__(self):
        return len(self.tokens)

    def _word(self, word):
        """The ids of one piece of the pre-tokenizer."""
        parts = [self.to_char[b] for b in word.encode("utf-8")]
        while len(parts) > 1:
            ranks = [self.rank.get(pair, 1 << 30) for pair in zip(parts, parts[1:])]
            at = min(range(len(ranks)), key=ranks.__getitem__)
            if ranks[at] == 1 << 30:
                break
            parts[at:at + 2] = [parts[at] + parts[at + 1]]
        return [self.ids[p] for p in parts]

    def encode(self, text):
        """The ids of a text, without <s>."""
        out = []
        for word in SPLIT.findall(text):
            if word not in self.cache:
                self.cache[word] = self._word(word)
            out += self.cache[word]
        return out

    def decode(self, ids):
        """The text of ids; <s> and </s> have none."""
        chars = "".join(self.tokens[i] for i in ids if i > 1)
        return bytes(self.to_byte[c] for c in chars).decode("utf-8", "replace")

    def save(self, path):
        """Writes the merges as JSON."""
        with open(path, "w") as f:
            json.dump(self.merges, f, ensure_ascii=False)

    @classmethod
    def load(cls, path):
        """Reads what save() wrote."""
        with open(path) as f:
            return cls(json.load(f))


def train(text, n_vocab):
    """Merges the most frequent pair until there are n_vocab tokens; ties go to the smaller pair."""
    alphabet = byte_alphabet()
    counts = collections.Counter(SPLIT.findall(text))
    words = [[alphabet[b] for b in w.encode("utf-8")] for w in counts]
    freq = list(counts.values())
    pairs, where = collections.Counter(), collections.defaultdict(set)
    for i, w in enumerate(words):
        for p in zip(w, w[1:]):
            pairs[p] += freq[i]
            where[p].add(i)
    merges = []
    while len(merges) < n_vocab - 258:
        best = max(pairs, key=lambda p: (pairs[p], [-ord(c) for c in p[0] + p[1]]))
        merges.append(best)
        for i in where.pop(best):
            w = words[i]
            for p in zip(w, w[1:]):
                pairs[p] -= freq[i]
            at = 0
            while at < len(w) - 1:
                if (w[at], w[at + 1]) == best:
                    w[at:at + 2] = [best[0] + best[1]]
                at += 1
            for p in zip(w, w[1:]):
                pairs[p] += freq[i]
                where[p].add(i)
        del pairs[best]
    return Tokenizer(merges)
