# SPDX-License-Identifier: Apache-2.0
"""The forward pass of a `llama` GGUF in NumPy, written for the tests from the description of the architecture.

It shares nothing with the engine: the file is read and decoded by the `gguf` package, attention is one einsum over the
whole sequence without a cache, and rotation angles follow the formulas of the file format's users.
"""
import math

import gguf
import numpy as np


class Llama:
    def __init__(self, path, dtype=np.float64):
        self.dtype = dtype
        self.reader = gguf.GGUFReader(path)
        self.tensors = {t.name: t for t in self.reader.tensors}
        self.n_layers = self.key("block_count")
        self.n_embd = self.key("embedding_length")
        self.heads = self.per_layer("attention.head_count")
        self.kv_heads = self.per_layer("attention.head_count_kv", self.heads)
        self.dk = self.key("attention.key_length", self.n_embd // self.heads[0])
        self.dv = self.key("attention.value_length", self.n_embd // self.heads[0])
        self.eps = self.key("attention.layer_norm_rms_epsilon")
        self.n_rot = self.key("rope.dimension_count", self.dk)
        self.weights = {name: self.decode(name) for name in self.tensors}

    def key(self, name, default=None):
        field = self.reader.get_field("llama." + name)
        if field is None:
            return default
        value = field.contents()
        return value

    def per_layer(self, name, default=None):
        value = self.key(name)
        if value is None:
            return default
        return list(value) if isinstance(value, list) else [value] * self.n_layers

    def decode(self, name):
        tensor = self.tensors[name]
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        return np.asarray(values, dtype=np.float32).astype(self.dtype)

    def linear(self, x, stem):
        y = x @ self.weights[stem + ".weight"].T
        if stem + ".bias" in self.weights:
            y = y + self.weights[stem + ".bias"]
        return y

    def norm(self, x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.eps) * self.weights[name]

    def angles(self, n):
        """cos and sin, (n, n_rot / 2), with the magnitude of the scaling type in them."""
        d, base = self.n_rot, float(self.key("rope.freq_base", 10000.0))
        kind = self.key("rope.scaling.type", "linear")
        factor = float(self.key("rope.scaling.factor", 0.0) or 1.0)
        original = self.key("rope.scaling.original_context_length", self.key("context_length"))
        magnitude = float(self.key("rope.scaling.attn_factor", 1.0))
        i = np.arange(d // 2, dtype=np.float64)
        theta = base ** (-2.0 * i / d)
        if kind == "longrope":
            which = "long" if self.key("context_length") > original else "short"
            theta = theta / self.weights[f"rope_factors_{which}.weight"].astype(np.float64)
        elif "rope_freqs.weight" in self.weights:
            theta = theta / self.weights["rope_freqs.weight"].astype(np.float64)
        if kind == "yarn":
            fast = float(self.key("rope.scaling.yarn_beta_fast", 32.0))
            slow = float(self.key("rope.scaling.yarn_beta_slow", 1.0))
            dim = lambda r: d * math.log(original / (2 * math.pi * r)) / (2 * math.log(base))
            low, high = max(0, math.floor(dim(fast))), min(d - 1, math.ceil(dim(slow)))
            keep = 1 - np.clip((i - low) / max(0.001, high - low), 0, 1)  # 1: not interpolated
            theta = theta / factor * (1 - keep) + theta * keep
            grow = lambda m: 1.0 if factor <= 1 else 0.1 * m * math.log(factor) + 1
            log_mul = float(self.key("rope.scaling.yarn_log_multiplier", 0.0))
            magnitude *= grow(1) / grow(log_mul) if log_mul else grow(1)
        elif kind != "none":
            theta = theta / factor
        angle = np.arange(n, dtype=np.float64)[:, None] * theta[None, :]
        return np.cos(angle) * magnitude, np.sin(angle) * magnitude

    def rotate(self, x, cos, sin):
        """x: (n, heads, dk); neighbouring values are a pair."""
        out = x.copy()
        a, b = x[..., 0 : self.n_rot : 2], x[..., 1 : self.n_rot : 2]
        c, s = cos[:, None, :].astype(self.dtype), sin[:, None, :].astype(self.dtype)
        out[..., 0 : self.n_rot : 2] = a * c - b * s
        out[..., 1 : self.n_rot : 2] = a * s + b * c
        return out

    def qkv(self, x, il):
        if f"blk.{il}.attn_qkv.weight" in self.weights:
            h, g = self.heads[il], self.kv_heads[il]
            return np.split(self.linear(x, f"blk.{il}.attn_qkv"), [h * self.dk, (h + g) * self.dk], axis=1)
        return [self.linear(x, f"blk.{il}.attn_{p}") for p in "qkv"]

    def layer(self, hidden, il, cos, sin):
        n = len(hidden)
        h, g = self.heads[il], self.kv_heads[il]
        q, k, v = self.qkv(self.norm(hidden, f"blk.{il}.attn_norm.weight"), il)
        q = self.rotate(q.reshape(n, h, self.dk), cos, sin)
        k = self.rotate(k.reshape(n, g, self.dk), cos, sin)
        k = np.repeat(k, h // g, axis=1)
        v = np.repeat(v.reshape(n, g, self.dv), h // g, axis=1)
        scores = np.einsum("qhd,khd->hqk", q, k) / math.sqrt(self.dk)
        scores = np.where(np.tril(np.ones((n, n), bool))[None], scores, -np.inf)
        p = np.exp(scores - scores.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        heads = np.einsum("hqk,khd->qhd", p, v).reshape(n, -1).astype(self.dtype)
        hidden = hidden + self.linear(heads, f"blk.{il}.attn_output")
        x = self.norm(hidden, f"blk.{il}.ffn_norm.weight")
        gate = self.linear(x, f"blk.{il}.ffn_gate")
        up = self.linear(x, f"blk.{il}.ffn_up")
        return hidden + self.linear(gate / (1 + np.exp(-gate)) * up, f"blk.{il}.ffn_down")

    def logits(self, tokens):
        """(len(tokens), n_vocab)"""
        cos, sin = self.angles(len(tokens))
        hidden = self.weights["token_embd.weight"][np.asarray(tokens)]
        for il in range(self.n_layers):
            hidden = self.layer(hidden, il, cos, sin)
        head = "output" if "output.weight" in self.weights else "token_embd"
        return self.norm(hidden, "output_norm.weight") @ self.weights[head + ".weight"].T
