#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes run/model.pt as GGUF, architecture "llama", with its tokenizer.

  python3 export_gguf.py --run run --out kjv-gqa-q8_0.gguf --type q8_0
"""
import argparse
import os

import numpy as np
import torch

import bpe
import gguf_write as g
import model


def load(run):
    """(network, tokenizer) of a run's folder."""
    saved = torch.load(os.path.join(run, "model.pt"))
    net = model.Llama(model.Config(**saved["config"]))
    net.load_state_dict(saved["net"])
    return net.eval(), bpe.Tokenizer.load(os.path.join(run, "tokenizer.json"))


def tokenizer_meta(tok):
    """The tokenizer.ggml keys."""
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": list(tok.tokens),
        "tokenizer.ggml.token_type": [g.I32(g.CONTROL if i < 2 else g.NORMAL) for i in range(len(tok))],
        "tokenizer.ggml.merges": [f"{a} {b}" for a, b in tok.merges],
        "tokenizer.ggml.bos_token_id": g.U32(tok.BOS),
        "tokenizer.ggml.eos_token_id": g.U32(tok.EOS),
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.add_eos_token": False,
    }


def tensors(net):
    """(GGUF name, float32 array) of every tensor; the gains that training folds away are ones."""
    ones = np.ones(net.c.n_embd, np.float32)
    array = lambda p: p.detach().numpy()
    yield "token_embd.weight", array(net.token_embd)
    for i, block in enumerate(net.blk):
        yield f"blk.{i}.attn_norm.weight", ones
        yield f"blk.{i}.ffn_norm.weight", ones
        for name, p in block.named_parameters():
            yield f"blk.{i}.{name}.weight", array(p)
    yield "output_norm.weight", array(net.output_norm)


def main():
    """Entry point."""
    p = argparse.ArgumentParser()
    p.add_argument("--run", default="run")
    p.add_argument("--out", required=True)
    p.add_argument("--type", default="q8_0", choices=sorted(g.BY_NAME))
    p.add_argument("--name", default="KJV GQA 4M")
    a = p.parse_args()
    net, tok = load(a.run)
    c = net.c
    meta = g.llama_meta(a.name, c.n_vocab, c.n_embd, c.n_layer, c.n_head, c.n_head_kv, c.n_ff, c.n_ctx,
                        g.BY_NAME[a.type], c.rope_base, c.eps)
    meta.update(tokenizer_meta(tok))
    entries = [(name, x.shape, g.F32 if x.ndim == 1 else g.BY_NAME[a.type], lambda x=x: x) for name, x in tensors(net)]
    g.write(a.out, meta, entries)
    print(f"{a.out}: {os.path.getsize(a.out)} bytes, {len(entries)} tensors")


if __name__ == "__main__":
    main()
