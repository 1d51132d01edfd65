#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a GGUF in llama.cpp, by the package xllamacpp, with this folder's tokenizer and PyTorch model: logits at every
position of held-out text, perplexity of the second half of each chunk.

  python3 verify_logits.py --gguf ../models/kjv-mla-q8_0.gguf
"""
import argparse
import sys
from pathlib import Path

import numpy as np
import torch

import data
import gguf_read
import verify

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "golden"))
import llama_cpp  # noqa: E402


def nats(logits, ids):
    """Cross-entropy of the tokens after the first, of the second half."""
    half = len(ids) // 2
    rows, after = torch.from_numpy(logits)[half:-1], torch.tensor(ids[half + 1:])
    return torch.nn.functional.cross_entropy(rows, after).item()


def main():
    """Entry point."""
    p = argparse.ArgumentParser()
    p.add_argument("--gguf", required=True)
    p.add_argument("--chunks", type=int, default=4)
    p.add_argument("--n", type=int, default=2048)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    net, tok = gguf_read.load(a.gguf)
    theirs = llama_cpp.Model(a.gguf, context=a.n, threads=a.threads)
    equal = sum(theirs.tokenize(text) == [tok.BOS] + tok.encode(text) for text in verify.STRINGS)
    books = data.read_bible()
    held = tok.encode("".join(t for b, t in books.items() if b in data.HELD_OUT))
    losses, errors, same = [], [], []
    for at in range(a.chunks):
        ids = [tok.BOS] + held[at * a.n:(at + 1) * a.n - 1]
        with torch.no_grad():
            ours = net(torch.tensor([ids]))[0].numpy()
        other = llama_cpp.Model(a.gguf, context=a.n, threads=a.threads).logits(ids)
        losses.append((nats(other, ids), nats(ours, ids)))
        errors.append(np.linalg.norm(ours - other, axis=1) / np.linalg.norm(other, axis=1))
        same.append(ours.argmax(1) == other.argmax(1))
    other, ours = np.exp(np.mean(losses, 0))
    errors = np.concatenate(errors)
    print(f"tokens: {equal} of {len(verify.STRINGS)} strings equal\n"
          f"perplexity of {a.chunks} chunks of {a.n}, second half: llama.cpp {other:.4f}, PyTorch f32 {ours:.4f}, "
          f"{100 * (other / ours - 1):+.3f} %\n"
          f"logits: relative L2 mean {errors.mean():.1e}, median {np.median(errors):.1e}, max {errors.max():.1e}; "
          f"same top {100 * np.concatenate(same).mean():.2f} %")


if __name__ == "__main__":
    main()
