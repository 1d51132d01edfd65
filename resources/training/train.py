#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a small model that needs its whole context. CPU only; see README.md.

  python3 train.py --out run            # a Llama; about 28 minutes on 2 cores
  python3 train.py --out run --resume   # goes on from run/model.pt
  python3 train.py --out run --arch gemma4 --warm-start ../models/kjv-gqa-q8_0.gguf   # a sibling
"""
import argparse
import ctypes
import dataclasses
import json
import os
import random
import sys
import time

import torch
import torch.nn.functional as F

import archs
import bpe
import data
import gguf_read

# stage: sequence length, sequences a step, steps, mix of text : copies : recall
STAGES = "256x16x600x35:35:30 512x12x300x40:30:30 1024x8x250x45:28:27 2048x4x340x50:25:25"
WARM_STAGES = "512x8x100x40:30:30 1024x4x250x45:28:27 2048x4x150x50:25:25"


# what products are computed in: AVX512-BF16 is faster with torch 1.13, float32 with torch 2 on most CPUs
DTYPE = torch.bfloat16


def parse_stages(text):
    """[(context, sequences a step, steps, mix)] from the form of STAGES."""
    stages = []
    for part in text.split():
        n, size, steps, mix = part.split("x")
        stages.append((int(n), int(size), int(steps), [float(m) for m in mix.split(":")]))
    return stages


class Muon:
    """Momentum, orthogonalised by Newton-Schulz, for the matrices of the blocks (Jordan et al., 2024)."""

    def __init__(self, params, lr, momentum=0.95, decay=0.05, relative=False):
        """relative: steps in proportion to a matrix's own size at the start; 1 for one as random as the Llama's."""
        self.lr, self.momentum, self.decay = lr, momentum, decay
        size = lambda p: (p.detach().square().sum() / p[..., 0, 0].numel() / min(p.shape[-2:])).sqrt().item()
        self.size = {id(p): size(p) if relative else 1.0 for p in params}
        shapes = {}
        for p in params:
            shapes.setdefault(p.shape, []).append(p)
        self.groups = [(ps, torch.zeros(len(ps), *shape)) for shape, ps in shapes.items()]

    def step(self, scale):
        """One update; scale multiplies the learning rate."""
        for params, buf in self.groups:
            g = torch.stack([p.grad for p in params])
            buf.lerp_(g, 1 - self.momentum)
            g.lerp_(buf, self.momentum)
            u = orthogonal(g.view(-1, *g.shape[-2:])).view_as(g)       # heads and experts each for themselves
            lr = self.lr * scale
            step = lr * max(1.0, u.shape[-2] / u.shape[-1]) ** 0.5
            for p, d in zip(params, u):
                p.data.mul_(1 - lr * self.decay).add_(d, alpha=-step * self.size[id(p)])

    def state(self):
        """The momenta and sizes, for a checkpoint."""
        return [buf for _, buf in self.groups], [[self.size[id(p)] for p in ps] for ps, _ in self.groups]

    def load(self, state):
        """Takes what state() gave."""
        bufs, sizes = state if isinstance(state, tuple) else (state, [()] * len(state))     # a list before sizes were kept
        for (params, mine), theirs, each in zip(self.groups, bufs, sizes):
            mine.copy_(theirs)
            self.size.update({id(p): size for p, size in zip(params, each)})


def orthogonal(g):
    """The nearest orthogonal matrices, roughly: five Newton-Schulz steps."""
    x = (g / (torch.linalg.vector_norm(g, dim=(1, 2), keepdim=True) + 1e-7)).to(DTYPE)
    tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if tall else x
    for _ in range(5):
        a = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.775 * a + 2.0315 * (a @ a)) @ x
    return (x.transpose(1, 2) if tall else x).float()


def keep_freed_memory():
    """glibc: never hand big buffers back to the kernel, or each step pays for its page faults again."""
    libc = ctypes.CDLL(None)
    libc.mallopt(-4, 0)                         # M_MMAP_MAX
    libc.mallopt(-1, 2 ** 31 - 1)               # M_TRIM_THRESHOLD


def get_corpus(out, n_vocab):
    """The corpus with the run's tokenizer, trained when the run has none yet."""
    books = data.read_bible()
    path = os.path.join(out, "tokenizer.json")
    if os.path.exists(path):
        tok = bpe.Tokenizer.load(path)
    else:
        tok = bpe.train("".join(t for b, t in books.items() if b not in data.HELD_OUT), n_vocab)
        tok.save(path)
    return data.Corpus(books, tok)


def rate(step, total, warmup, decay_from):
    """Learning-rate factor: linear warm-up, constant, linear to zero."""
    done = step / total
    return min(1.0, (step + 1) / warmup, max(0.0, 1 - done) / (1 - decay_from))


def loss_of(net, batch):
    """The weighted mean, the mean over the answers of the recall documents, and the indexers' own loss."""
    ids, targets, weight = (torch.from_numpy(x) for x in batch)
    logits = net(ids, DTYPE).float()
    each = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    weight = weight.flatten()
    answers = each.detach()[weight > 1].mean().item()
    extra = sum(net.index_losses()) if hasattr(net, "index_losses") else 0
    return (each * weight).sum() / weight.sum(), answers, extra


def arguments():
    """The command line; the sizes are those of --arch."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--arch", default="llama", choices=archs.NAMES)
    p.add_argument("--out", default="run")
    p.add_argument("--warm-start", help="a GGUF of the Llama whose weights a sibling starts with")
    p.add_argument("--init", help="a checkpoint whose weights are the start, in place of a conversion")
    p.add_argument("--stages", help="default: STAGES, or WARM_STAGES with --warm-start")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--dtype", default="bfloat16", choices=("bfloat16", "float32"))
    p.add_argument("--lr", type=float, default=0.012, help="Muon, block matrices")
    p.add_argument("--lr-embd", type=float, default=0.012, help="AdamW, embeddings, norms and what else is small")
    p.add_argument("--fine", type=float, default=0.03, help="share of --lr-embd for routers and hyper-connections")
    p.add_argument("--decay-from", type=float, default=0.45, help="share of the steps before the rate falls")
    p.add_argument("--save-every", type=float, default=180, help="seconds between checkpoints")
    p.add_argument("--plain-start", action="store_true", help="random start: no induction circuit")
    p.add_argument("--resume", action="store_true")
    known, _ = p.parse_known_args()
    for f in dataclasses.fields(archs.config_of(known.arch)):
        p.add_argument("--" + f.name.replace("_", "-"), type=type(f.default), default=f.default)
    a = p.parse_args()
    a.stages = a.stages or (WARM_STAGES if a.warm_start else STAGES)
    return a


def start(a):
    """(network, corpus) before the first step: random, with the induction circuit, or from the Llama's weights."""
    config = archs.config_of(a.arch)
    net = archs.build(a.arch, config(**{f.name: getattr(a, f.name) for f in dataclasses.fields(config)}))
    if not a.warm_start:
        corpus = get_corpus(a.out, net.c.n_vocab)
        if not a.plain_start and hasattr(net, "start_induction"):
            net.start_induction()
        return net, corpus
    llama, tok = gguf_read.load(a.warm_start)
    tok.save(os.path.join(a.out, "tokenizer.json"))
    corpus = get_corpus(a.out, net.c.n_vocab)
    if a.init:
        net.load_state_dict(torch.load(a.init)["net"])
    elif not a.resume:
        archs.convert(net, llama, corpus)
    return net, corpus


def save(path, net, muon, adam, **progress):
    """Writes a checkpoint whole or not at all."""
    torch.save({"arch": net.ARCH, "config": dataclasses.asdict(net.c), "net": net.state_dict(), "muon": muon.state(),
                "adam": adam.state_dict(), **progress}, path + ".new")
    os.replace(path + ".new", path)


def main():
    """Entry point."""
    global DTYPE
    a = arguments()
    DTYPE = getattr(torch, a.dtype)
    keep_freed_memory()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    os.makedirs(a.out, exist_ok=True)
    net, corpus = start(a)
    small = net.small()
    fine = net.fine() if hasattr(net, "fine") else []
    large = [p for p in net.parameters() if p.requires_grad and not any(p is x for x in small + fine)]
    muon = Muon(large, a.lr, relative=net.ARCH == "deepseek4")
    groups = [{"params": small, "factor": 1.0}] + ([{"params": fine, "factor": a.fine}] if fine else [])
    adam = torch.optim.AdamW(groups, lr=a.lr_embd, betas=(0.9, 0.95), weight_decay=0.01)
    stages = parse_stages(a.stages)
    plan = [stage for stage in stages for _ in range(stage[2])]
    path, first, tokens, spent = os.path.join(a.out, "model.pt"), 0, 0, 0.0
    if a.resume:
        saved = torch.load(path)
        net.load_state_dict(saved["net"])
        muon.load(saved["muon"])
        adam.load_state_dict(saved["adam"])
        first, tokens, spent = saved["step"], saved["tokens"], saved["seconds"]
    print(f"{sum(x.numel() for x in net.parameters()) / 1e6:.2f} M parameters, {len(corpus.train)} training tokens, "
          f"{len(plan)} steps, {sum(s[0] * s[1] * s[2] for s in stages) / 1e6:.1f} M tokens to see")

    log = open(os.path.join(a.out, "log.jsonl"), "a" if a.resume else "w", buffering=1)
    left = lambda step, speed: sum(s[0] * s[1] / speed.get(s[0], min(speed.values())) for s in plan[step:])
    speed, began, saved_at = {}, time.time() - spent, time.time()
    for step in range(first, len(plan)):
        tick = time.time()
        n, size, _, mix = plan[step]
        batch = corpus.batch(random.Random(a.seed * 1000003 + step), size, n, mix)
        net.zero_grad(set_to_none=True)
        if hasattr(net, "at_step"):
            net.at_step(step, len(plan))
        loss, answers, extra = loss_of(net, batch)
        (loss + extra).backward()
        scale = rate(step, len(plan), min(30, len(plan) // 10 + 1), a.decay_from)
        for group in adam.param_groups:
            group["lr"] = a.lr_embd * scale * group["factor"]
        adam.step()
        muon.step(scale)
        tokens += n * size
        now = n * size / (time.time() - tick)
        speed[n] = 0.9 * speed.get(n, now) + 0.1 * now
        spent = time.time() - began
        log.write(json.dumps({"step": step, "n": n, "loss": round(loss.item(), 4), "answers": round(answers, 4),
                              "tokens": tokens, "seconds": round(spent, 1),
                              **({"index": round(float(extra), 4)} if extra != 0 else {})}) + "\n")
        bar = "#" * (24 * (step + 1) // len(plan))
        print(f"\r[{bar:<24}] {step + 1}/{len(plan)} ctx {n} loss {loss.item():.3f} answers {answers:.3f} "
              f"{speed[n]:.0f} tok/s {spent / 60:.1f} min, {left(step + 1, speed) / 60:.1f} left ",
              end="", file=sys.stderr, flush=True)
        if time.time() - saved_at > a.save_every or step + 1 == len(plan):
            save(path, net, muon, adam, step=step + 1, tokens=tokens, seconds=spent)
            saved_at = time.time()
    print(file=sys.stderr)


if __name__ == "__main__":
    main()
