#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes run/model.pt as GGUF, with its tokenizer.

  python3 export_gguf.py --run run --out kjv-gqa-q8_0.gguf --type q8_0
"""
import argparse
import os

import numpy as np
import torch

import archs
import bpe
import gguf_write as g
import layout


def load(run):
    """(network, tokenizer) of a run's folder."""
    saved = torch.load(os.path.join(run, "model.pt"))
    arch = saved.get("arch", "llama")
    net = archs.build(arch, archs.config_of(arch)(**saved["config"]))
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


def kind_of(name, array, kind):
    """I32 for tables, F32 for what is small, added up or routes, F16 for hyper-connections and compressors (as published
    files have it), else the file's type."""
    if array.dtype == np.int32:
        return g.I32_TENSOR
    if array.ndim == 1 or name.endswith(("_ape.weight", "ffn_gate_inp.weight")):
        return g.F32
    return min(kind, g.F16) if "hc_" in name or "_compressor_" in name else kind


def main():
    """Entry point."""
    p = argparse.ArgumentParser()
    p.add_argument("--run", default="run")
    p.add_argument("--out", required=True)
    p.add_argument("--type", default="q8_0", choices=sorted(g.BY_NAME))
    p.add_argument("--name", default="KJV GQA 4M")
    a = p.parse_args()
    net, tok = load(a.run)
    kind = g.BY_NAME[a.type]
    meta = layout.common(net.c, net.ARCH, kind, a.name)
    meta.update({f"{net.ARCH}.{key}": value for key, value in layout.OF[net.ARCH].keys(net.c).items()})
    meta.update(tokenizer_meta(tok))
    entries = [(name, x.shape, kind_of(name, x, kind), lambda x=x: x) for name, x in layout.tensors(net)]
    g.write(a.out, meta, entries)
    print(f"{a.out}: {os.path.getsize(a.out)} bytes, {len(entries)} tensors")


if __name__ == "__main__":
    main()
