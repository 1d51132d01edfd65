# SPDX-License-Identifier: Apache-2.0
"""A small model of GGUF's arch "deepseek2": multi-head latent attention (one latent and one rotated key a token serve all
heads), low-rank queries, SwiGLU, no experts.

Trained with K and V expanded for each head; the tensors are those of the absorbed form, which computes the same.
All norms are without gain (the export writes ones), but for the last.
"""
import dataclasses

import torch
import torch.nn.functional as F
from torch import nn

import model
from model import RmsNorm


@dataclasses.dataclass
class Config:
    """Sizes: a head's key is `nope` channels from the latent and `rope` that all heads share."""

    n_vocab: int = 2048
    n_embd: int = 256
    n_layer: int = 6
    n_head: int = 8
    q_rank: int = 128
    kv_rank: int = 96
    nope: int = 32
    rope: int = 32
    n_value: int = 32
    n_ff: int = 448
    n_ctx: int = 2048
    rope_base: float = 1e6
    eps: float = 1e-5


class Block(nn.Module):
    """One layer; attn_k_b (heads, kv_rank, nope) and attn_v_b (heads, n_value, kv_rank)."""

    def __init__(self, c):
        super().__init__()
        self.c, e, h = c, c.n_embd, c.n_head
        sizes = {"attn_q_a": (c.q_rank, e), "attn_q_b": (h * (c.nope + c.rope), c.q_rank),
                 "attn_kv_a_mqa": (c.kv_rank + c.rope, e), "attn_k_b": (h, c.kv_rank, c.nope),
                 "attn_v_b": (h, c.n_value, c.kv_rank), "attn_output": (e, h * c.n_value),
                 "ffn_gate": (c.n_ff, e), "ffn_up": (c.n_ff, e), "ffn_down": (e, c.n_ff)}
        for name, shape in sizes.items():
            zero = name in ("attn_output", "ffn_down")
            fan_in = c.kv_rank if name == "attn_k_b" else shape[-1]
            setattr(self, name, nn.Parameter(torch.zeros(shape) if zero else torch.randn(shape) * fan_in ** -0.5))

    def latent(self, y, cis, dtype):
        """The normed latent (B, T, kv_rank) and the rotated shared key (B, T, 1, rope): what a cache keeps."""
        u = F.linear(y, self.attn_kv_a_mqa.to(dtype))
        low, turned = u.split((self.c.kv_rank, self.c.rope), -1)
        return RmsNorm.apply(low, self.c.eps, dtype), model.rotate(turned[:, :, None], cis)

    def queries(self, y, cis, dtype):
        """(B, T, heads, nope + rope), scaled; the last channels rotated."""
        c, (b, t, _) = self.c, y.shape
        low = RmsNorm.apply(F.linear(y, self.attn_q_a.to(dtype)), c.eps, dtype)
        q = F.linear(low, self.attn_q_b.to(dtype)).view(b, t, c.n_head, -1)
        still, turned = q.split((c.nope, c.rope), -1)
        scale = (c.nope + c.rope) ** -0.5
        return torch.cat((still * scale, model.rotate(turned, cis, scale)), -1)

    def heads(self, x, cis, dtype):
        """q (B * heads, 1, T, D) and k, v (B * heads, T, D or n_value) of plain multi-head attention."""
        c, (b, t, _) = self.c, x.shape
        y = RmsNorm.apply(x, c.eps, dtype)
        low, turned = self.latent(y, cis, dtype)
        still = F.linear(low, self.attn_k_b.to(dtype).transpose(1, 2).flatten(0, 1)).view(b, t, c.n_head, c.nope)
        k = torch.cat((still, turned.expand(-1, -1, c.n_head, -1)), -1)
        v = F.linear(low, self.attn_v_b.to(dtype).flatten(0, 1)).view(b, t, c.n_head, c.n_value)
        q, k, v = (z.transpose(1, 2).reshape(b * c.n_head, t, -1) for z in (self.queries(y, cis, dtype), k, v))
        return q[:, None], k, v

    def forward(self, x, cis, dtype, window, sinks):
        c, (b, t, _) = self.c, x.shape
        o = model.attend(*self.heads(x, cis, dtype), window, sinks)
        o = o.view(b, c.n_head, t, c.n_value).transpose(1, 2).reshape(b, t, -1)
        x = x + F.linear(o, self.attn_output.to(dtype))
        y = RmsNorm.apply(x, c.eps, dtype)
        gate, up = (F.linear(y, w.to(dtype)) for w in (self.ffn_gate, self.ffn_up))
        return x + F.linear(F.silu(gate) * up, self.ffn_down.to(dtype))


class DeepSeek2(nn.Module):
    """The whole network; parameters are named as in GGUF, without ".weight"."""

    ARCH = "deepseek2"

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.token_embd = nn.Parameter(torch.randn(c.n_vocab, c.n_embd) * 0.3)
        self.output_norm = nn.Parameter(torch.full((c.n_embd,), 0.1))
        self.blk = nn.ModuleList(Block(c) for _ in range(c.n_layer))
        freq = c.rope_base ** (-torch.arange(0, c.rope, 2) / c.rope)
        angle = torch.outer(torch.arange(c.n_ctx), freq)
        self.cis = torch.polar(torch.ones_like(angle), angle)

    def forward(self, ids, dtype=torch.float32, window=0, sinks=0):
        """Logits (B, T, vocabulary). window > 0 limits attention, to see what a forgetful cache would do."""
        x = F.embedding(ids, self.token_embd)
        for block in self.blk:
            x = block(x, self.cis, dtype, window, sinks)
        x = RmsNorm.apply(x, self.c.eps, torch.float32) * self.output_norm
        return F.linear(x.to(dtype), self.token_embd.to(dtype))

    def small(self):
        """Parameters that AdamW trains; Muon has the matrices of the blocks."""
        return [self.token_embd, self.output_norm]
