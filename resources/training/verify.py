#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a GGUF in llama.cpp with this folder's tokenizer and PyTorch model.

  python3 verify.py --run run --gguf kjv-gqa-q8_0.gguf --bin <llama.cpp build>/bin
"""
import argparse
import json
import os
import random
import re
import subprocess
import tempfile

import torch
import torch.nn.functional as F

import data
import export_gguf

STRINGS = [
    "In the beginning God created the heaven and the earth.", "Hello", " leading space", "  two spaces", "trailing  ",
    "a\nb", "\n\nIn the", "a \n b", "tab\tand  more", "1234567890", "Genesis 12\n\n", "don't we'll I've it's 'tis",
    "THE LORD", "Mahershalalhashbaz", "x" * 70, "!!! ??? ...", "(one) [two] {three}", "na\u00efve caf\u00e9",
    "\u00fcber", "\u03b1\u03b2\u03b3 \u05d0\u05d1\u05d2", "\u65e5\u672c\u8a9e\u306e\u6587", "\U0001f600 emoji",
    "mixed 12ab34 CD", "a-b_c/d\\e", "\"quoted\"; 'so'", "http://example.org/?q=1&r=2", "   \n   \n",
    "\u00bd \u00b2 \u2167", "e\u0301 combining", "The sign of Hebron was the lion.\nWhat was"]


def tool(a, name, *args, text=None):
    """What a program of llama.cpp prints: (stdout, stderr)."""
    command = [os.path.join(a.bin, name), "-m", a.gguf, *args]
    done = subprocess.run(command, input=text, capture_output=True, text=True, errors="replace")
    return done.stdout, done.stderr


def greedy(net, ids, n):
    """The n likeliest next tokens, one after the other."""
    ids = list(ids)
    with torch.no_grad():
        for _ in range(n):
            ids.append(net(torch.tensor([ids]))[0, -1].argmax().item())
    return ids[-n:]


def complete(a, prompt, n):
    """llama.cpp's greedy continuation."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.write(prompt)
        f.flush()
        out, _ = tool(a, "llama-completion", "-no-cnv", "--temp", "0", "-ngl", "0", "-dev", "none", "-c", "2048",
                      "-n", str(n), "--no-display-prompt", "--ignore-eos", "--no-warmup", "-f", f.name)
    return out


def check_tokens(a, tok):
    """Tokens of STRINGS."""
    wrong = []
    for text in STRINGS:
        out, _ = tool(a, "llama-tokenize", "--ids", "--no-bos", "--no-escape", "--stdin", "--log-disable", text=text)
        theirs = json.loads(out[out.index("["):])
        if theirs != tok.encode(text):
            wrong.append((text, theirs, tok.encode(text)))
    print(f"tokens: {len(STRINGS) - len(wrong)} of {len(STRINGS)} strings equal", *wrong, sep="\n  ")


def check_perplexity(a, net, tok, held, n=2048):
    """Perplexity of the held-out text by chunks of n, second half scored."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.write(held)
        f.flush()
        out, err = tool(a, "llama-perplexity", "-dev", "none", "-ngl", "0", "-c", str(n), "-b", str(n), "-f", f.name)
    theirs = float(re.search(r"PPL = ([\d.]+)", out + err).group(1))
    ids = [tok.BOS] + tok.encode(held)
    total, count = 0.0, 0
    with torch.no_grad():
        for at in range(0, len(ids) - n + 1, n):
            chunk = torch.tensor([[tok.BOS] + ids[at + 1:at + n]])
            logits = net(chunk)[0, n // 2:-1]
            total += F.cross_entropy(logits, chunk[0, n // 2 + 1:], reduction="sum").item()
            count += len(logits)
    ours = torch.tensor(total / count).exp().item()
    print(f"perplexity: llama.cpp {theirs:.4f}, PyTorch f32 {ours:.4f}, {100 * (theirs / ours - 1):+.3f} %")


def check_greedy(a, net, tok, held, n=50):
    """Greedy continuations of three held-out passages."""
    equal = []
    for start in (0, 20000, 60000):
        prompt = tok.decode(tok.encode(held[start:start + 1500])[:300])
        ours = greedy(net, [tok.BOS] + tok.encode(prompt), n)
        theirs = tok.encode(complete(a, prompt, n))
        equal.append(next((i for i, (x, y) in enumerate(zip(ours, theirs)) if x != y), min(len(ours), len(theirs))))
    print(f"greedy: equal for {equal} of {n} tokens")


def check_recall(a, corpus, tok, trials=10):
    """Answers to facts about 1500 tokens back, in llama.cpp."""
    rng, right, shown = random.Random(7), 0, ""
    for _ in range(trials):
        ids, answer = data.probe(corpus, rng, 1500)
        prompt = tok.decode(ids[:-len(tok.encode(answer))])
        text = complete(a, prompt, 16)
        right += text.startswith(answer + ".")
        shown = f"{prompt[-60:]!r} -> {text[:40]!r} (true: {answer!r})"
    print(f"recall over about 1500 tokens in llama.cpp: {right} of {trials}; e.g. {shown}")


def main():
    """Entry point."""
    p = argparse.ArgumentParser()
    p.add_argument("--run", default="run")
    p.add_argument("--gguf", required=True)
    p.add_argument("--bin", required=True)
    p.add_argument("--only-tokens", action="store_true")
    a = p.parse_args()
    net, tok = export_gguf.load(a.run)
    torch.set_num_threads(2)
    check_tokens(a, tok)
    if a.only_tokens:
        return
    books = data.read_bible()
    held = "".join(t for b, t in books.items() if b in data.HELD_OUT)
    check_greedy(a, net, tok, held)
    check_recall(a, data.Corpus(books, tok), tok)
    check_perplexity(a, net, tok, held[:150000])


if __name__ == "__main__":
    main()
