# SPDX-License-Identifier: Apache-2.0
"""A small model of GGUF's arch "gemma4": sliding windows and full layers with different heads, the last layers reading
the K and V of earlier ones, norms of queries, keys and values, norms after each half of a layer, GeGLU, soft-capped logits.

Per-layer embeddings are off. The norms before attention, feed-forward have no gain (the export writes ones).
"""
import dataclasses

import torch
import torch.nn.functional as F
from torch import nn

import model
from model import RmsNorm


@dataclasses.dataclass
class Config:
    """Sizes; head_dim and n_head_kv are those of full layers, *_swa those of windowed ones."""

    n_vocab: int = 2048
    n_embd: int = 256
    n_layer: int = 6
    n_head: int = 8
    n_head_kv: int = 2
    n_head_kv_swa: int = 4
    head_dim: int = 64
    head_dim_swa: int = 32
    n_ff: int = 448
    n_ctx: int = 2048
    window: int = 128
    period: int = 2                             # every period-th layer is full
    n_shared: int = 2                           # trailing layers that reuse K and V
    n_pairs: int = 16                           # rotating pairs of full layers; the rest of the head stands still
    rope_base: float = 1e6
    softcap: float = 30.0
    eps: float = 1e-5

    def windowed(self, layer):
        """Whether a layer sees its window only."""
        return layer % self.period < self.period - 1

    def source(self, layer):
        """The layer whose K and V a layer reads: its own, or the last own one of its kind."""
        own = self.n_layer - self.n_shared
        return layer if layer < own else max(i for i in range(own) if self.windowed(i) == self.windowed(layer))

    def heads(self, layer):
        """(head size, KV heads) of a layer."""
        return (self.head_dim_swa, self.n_head_kv_swa) if self.windowed(layer) else (self.head_dim, self.n_head_kv)


class SoftCap(torch.autograd.Function):
    """cap * tanh(x / cap)."""

    @staticmethod
    def forward(ctx, x, cap):
        y = torch.tanh(x / cap)
        ctx.save_for_backward(y)
        return y * cap

    @staticmethod
    def backward(ctx, dy):
        y, = ctx.saved_tensors
        return torch.addcmul(dy, dy, y * y, value=-1), None


def rotate(x, cis):
    """RoPE on the pairs (i, i + D / 2); x (B, T, heads, D)."""
    a, b = x.chunk(2, -1)
    cos, sin = (z[:x.shape[1], None].to(x.dtype) for z in (cis.real, cis.imag))
    return torch.cat((a * cos - b * sin, a * sin + b * cos), -1)


class Block(nn.Module):
    """One layer. A layer that borrows has no attn_k, attn_v, attn_k_norm."""

    def __init__(self, c, layer):
        super().__init__()
        self.c, self.layer, (self.d, self.kv) = c, layer, c.heads(layer)
        own, e = c.source(layer) == layer, c.n_embd
        sizes = {"attn_q": (c.n_head * self.d, e), "attn_k": (self.kv * self.d, e), "attn_v": (self.kv * self.d, e),
                 "attn_output": (e, c.n_head * self.d), "ffn_gate": (c.n_ff, e), "ffn_up": (c.n_ff, e),
                 "ffn_down": (e, c.n_ff)}
        for name, (rows, cols) in sizes.items():
            if own or name not in ("attn_k", "attn_v"):
                setattr(self, name, nn.Parameter(torch.randn(rows, cols) * cols ** -0.5))
        self.attn_q_norm = nn.Parameter(torch.full((self.d,), 1.5))
        if own:
            self.attn_k_norm = nn.Parameter(torch.full((self.d,), 1.5))
        self.post_attention_norm = nn.Parameter(torch.full((e,), 0.1))
        self.post_ffw_norm = nn.Parameter(torch.full((e,), 0.1))

    def split(self, y, w, n, dtype):
        """Heads (B, T, n, D) of a product, each normed."""
        z = F.linear(y, w.to(dtype)).view(*y.shape[:2], n, self.d)
        return RmsNorm.apply(z, self.c.eps, dtype)

    def queries(self, y, cis, dtype):
        """(B * KV heads, group, T, D), normed and rotated."""
        b, t, _ = y.shape
        q = rotate(self.split(y, self.attn_q, self.c.n_head, dtype) * self.attn_q_norm.to(dtype), cis)
        q = q.view(b, t, self.kv, -1, self.d).permute(0, 2, 3, 1, 4)
        return q.reshape(b * self.kv, -1, t, self.d)

    def keys_values(self, y, cis, dtype):
        """K, normed and rotated, and V, normed: (B * KV heads, T, D) each."""
        b, t, _ = y.shape
        k = rotate(self.split(y, self.attn_k, self.kv, dtype) * self.attn_k_norm.to(dtype), cis)
        v = self.split(y, self.attn_v, self.kv, dtype)
        return tuple(z.transpose(1, 2).reshape(b * self.kv, t, self.d) for z in (k, v))

    def forward(self, x, cis, kept, dtype, window, sinks):
        """kept: {layer: its K and V}, to which an own layer adds."""
        c, (b, t, _) = self.c, x.shape
        y = RmsNorm.apply(x, c.eps, dtype)
        if hasattr(self, "attn_k"):
            kept[self.layer] = self.keys_values(y, cis, dtype)
        local = c.window if c.windowed(self.layer) else 0
        o = model.attend(self.queries(y, cis, dtype), *kept[c.source(self.layer)], window, sinks, local)
        o = o.view(b, self.kv, -1, t, self.d).permute(0, 3, 1, 2, 4).reshape(b, t, -1)
        o = F.linear(o, self.attn_output.to(dtype))
        x = x + RmsNorm.apply(o, c.eps, torch.float32) * self.post_attention_norm
        y = RmsNorm.apply(x, c.eps, dtype)
        gate, up = (F.linear(y, w.to(dtype)) for w in (self.ffn_gate, self.ffn_up))
        m = F.linear(F.gelu(gate, approximate="tanh") * up, self.ffn_down.to(dtype))
        return x + RmsNorm.apply(m, c.eps, torch.float32) * self.post_ffw_norm


class Gemma4(nn.Module):
    """The whole network; parameters are named as in GGUF, without ".weight"."""

    ARCH = "gemma4"

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.token_embd = nn.Parameter(torch.randn(c.n_vocab, c.n_embd) * 0.3 * c.n_embd ** -0.5)
        self.output_norm = nn.Parameter(torch.full((c.n_embd,), 0.1 * c.n_embd ** 0.5))
        self.blk = nn.ModuleList(Block(c, layer) for layer in range(c.n_layer))
        self.cis = [self.angles(layer) for layer in range(c.n_layer)]

    def rope_factors(self):
        """The tensor rope_freqs: 1 for the rotating pairs of a full layer's head, 1e30 for those that stand still."""
        factors = torch.full((self.c.head_dim // 2,), 1e30)
        factors[:self.c.n_pairs] = 1
        return factors

    def angles(self, layer):
        """cos + i sin by position and pair."""
        d = self.c.heads(layer)[0]
        freq = self.c.rope_base ** (-torch.arange(0, d, 2) / d)
        if not self.c.windowed(layer):
            freq = freq / self.rope_factors()
        angle = torch.outer(torch.arange(self.c.n_ctx), freq)
        return torch.polar(torch.ones_like(angle), angle)

    def forward(self, ids, dtype=torch.float32, window=0, sinks=0):
        """Logits (B, T, vocabulary). window > 0 limits attention further, as a forgetful cache would."""
        x, kept = F.embedding(ids, self.token_embd) * self.c.n_embd ** 0.5, {}
        for block, cis in zip(self.blk, self.cis):
            x = block(x, cis, kept, dtype, window, sinks)
        x = RmsNorm.apply(x, self.c.eps, torch.float32) * self.output_norm
        return SoftCap.apply(F.linear(x.to(dtype), self.token_embd.to(dtype)), self.c.softcap)

    def small(self):
        """Parameters that AdamW trains: embeddings and gains. Muon has the matrices of the blocks."""
        return [self.token_embd, self.output_norm] + [p for p in self.blk.parameters() if p.ndim == 1]
