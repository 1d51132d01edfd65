#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints tables for a trained run, on held-out books: loss by position, copying and recall by distance, with and
without a window of recent keys (what a cache that forgets would do).

  python3 evaluate.py --run run > tables.md
  python3 evaluate.py --gguf ../models/kjv-gqa-q8_0.gguf > tables.md
"""
import argparse
import copy
import random

import numpy as np
import torch
import torch.nn.functional as F

import data
import export_gguf
import gguf_read
import train

EDGES = (0, 16, 64, 128, 256, 512, 1024, 1536, 2048)


def views(text):
    """[(name, window, sinks)] from "full 4+256": sinks + window."""
    for part in text.split():
        sinks, window = (0, 0) if part == "full" else map(int, part.split("+"))
        yield part, window, sinks


def row(name, values, form):
    """Prints a row of a table."""
    print(f"| {name} | " + " | ".join(form.format(v) for v in values) + " |", flush=True)


def header(first, names):
    """Prints the head of a table."""
    print(f"\n| {first} | " + " | ".join(map(str, names)) + " |\n| --- |" + " --- |" * len(names))


def position_table(net, corpus, a, documents, title):
    """Mean loss by position in the document."""
    n, bos = net.c.n_ctx, corpus.tok.BOS
    header(title, [f"{x}-{y}" for x, y in zip(EDGES, EDGES[1:])] + ["all", "perplexity"])
    for name, window, sinks in views(a.views):
        total = torch.zeros(n, dtype=torch.float64)
        for document in documents:
            ids = torch.from_numpy(np.concatenate(([bos], document)))
            logits = net(ids[None, :-1], window=window, sinks=sinks)[0]
            total += F.cross_entropy(logits, ids[1:], reduction="none").double()
        loss = total / len(documents)
        means = [loss[x:y].mean().item() for x, y in zip(EDGES, EDGES[1:])]
        row(name, means + [loss.mean().item(), loss.mean().exp().item()], "{:.3f}")
    print(f"\n{len(documents)} documents of {n} tokens.")


def slices(source, n, stride):
    """Pieces of n tokens, their starts `stride` apart."""
    return [source[at:at + n] for at in range(0, len(source) - n, stride)]


def hits(net, ids, window, sinks):
    """Whether each token but the first is the model's first choice."""
    ids = torch.tensor(ids)
    return net(ids[None, :-1], window=window, sinks=sinks)[0].argmax(-1) == ids[1:]


def copy_table(net, corpus, a, distances, shuffled):
    """How often a passage seen `distance` tokens ago is copied right."""
    kind = "shuffled tokens" if shuffled else "held-out passage"
    header(f"copy, {kind}", ["first sight"] + distances)
    for name, window, sinks in views(a.views):
        rng, first, again = random.Random(a.seed), [], []
        for d in distances:
            seen = []
            for _ in range(a.trials // 2):
                ids = data.copy_probe(corpus, rng, d, shuffled=shuffled)
                ok = hits(net, ids, window, sinks).float()
                seen.append(ok[-64 + 4:-1].mean().item())
                first.append(ok[64 + 4:64 + 63].mean().item())
            again.append(100 * np.mean(seen))
        row(name, [100 * np.mean(first)] + again, "{:.1f}")


def recall_table(net, corpus, a, distances):
    """How often the whole answer to a fact told `distance` tokens ago is right."""
    header("recall, whole answer right", distances)
    for name, window, sinks in views(a.views):
        rng, shares = random.Random(a.seed), []
        for d in distances:
            right = 0
            for _ in range(a.trials):
                ids, answer = data.probe(corpus, rng, d)
                right += bool(hits(net, ids, window, sinks)[-len(corpus.tok.encode(answer)):].all())
            shares.append(100 * right / a.trials)
        row(name, shares, "{:.1f}")


def head_table(net, corpus, a, distance=1000):
    """Attention from the last token before the answer to the answer's first token, `distance` tokens back."""
    rng, mass = random.Random(a.seed), torch.zeros(net.c.n_layer, net.c.n_head)
    for _ in range(a.trials):
        ids, answer = data.probe(corpus, rng, distance)
        ids = torch.tensor(ids[:-len(corpus.tok.encode(answer))])
        x = F.embedding(ids[None], net.token_embd)
        for layer, block in enumerate(net.blk):
            q, k, _ = block.heads(x, net.cis, x.dtype)
            p = torch.softmax(q[:, :, -1] @ k.transpose(1, 2), -1).flatten(0, 1)
            mass[layer] += p[:, len(ids) - distance] / a.trials
            x = block(x, net.cis, x.dtype, 0, 0)
    header(f"attention on the answer, {distance} tokens back", [f"head {h}" for h in range(net.c.n_head)])
    for layer, values in enumerate(mass.tolist()):
        row(f"layer {layer}", values, "{:.3f}")


def main():
    """Entry point."""
    p = argparse.ArgumentParser()
    p.add_argument("--run", default="run")
    p.add_argument("--gguf", help="an exported model instead of a run's folder")
    p.add_argument("--views", help='default: "full 4+256", of deepseek4 "full"')
    p.add_argument("--trials", type=int, default=50)
    p.add_argument("--stride", type=int, default=1024)
    p.add_argument("--seed", type=int, default=5)
    p.add_argument("--distances", default="100 200 500 1000 1500 1800")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--tables", default="recall heads copies positions")
    p.add_argument("--documents", default="held-out training copies recall", help="of the tables of positions")
    p.add_argument("--bf16", action="store_true", help="several times faster")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    train.keep_freed_memory()
    net, tok = gguf_read.load(a.gguf) if a.gguf else export_gguf.load(a.run)
    a.views = a.views or ("full" if net.ARCH == "deepseek4" else "full 4+256")
    if a.bf16:
        exact = net.forward
        net.forward = lambda ids, window=0, sinks=0: exact(ids, torch.bfloat16, window, sinks).float()
    corpus = data.Corpus(data.read_bible(), tok)
    distances = [int(d) for d in a.distances.split()]
    with torch.no_grad():
        if "recall" in a.tables:
            recall_table(net, corpus, a, distances)
        if "heads" in a.tables and net.ARCH in ("llama", "deepseek2"):
            head_table(net, corpus, a)
        if "copies" in a.tables:
            copy_table(net, corpus, a, distances, shuffled=False)
            copy_table(net, corpus, a, distances, shuffled=True)
        if "positions" in a.tables:
            n, rng, held = net.c.n_ctx, random.Random(a.seed), copy.copy(corpus)
            held.train = corpus.held
            if "held-out" in a.documents:
                position_table(net, corpus, a, slices(corpus.held, n, a.stride), "loss, held-out books")
            if "training" in a.documents:
                position_table(net, corpus, a, slices(corpus.train, n, 20 * a.stride), "loss, training books")
            for make in (m for m in (held.copies, held.recall) if m.__name__ in a.documents):
                documents = [make(rng, n)[0] for _ in range(a.trials // 2)]
                position_table(net, corpus, a, documents, f"loss, {make.__name__}")


if __name__ == "__main__":
    main()
