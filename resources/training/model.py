# SPDX-License-Identifier: Apache-2.0
"""A Llama (GGUF arch "llama") for CPU training: RMSNorm, RoPE on adjacent pairs, SwiGLU, GQA, tied embeddings.

The norms before attention and feed-forward have no gain of their own (the next matrix can carry it);
the export writes ones. Embeddings are large in the residual stream, so the output norm's gain starts small.
"""
import dataclasses
import math

import torch
import torch.nn.functional as F
from torch import nn

CHUNK = 256                                     # query rows of attention handled at once


@dataclasses.dataclass
class Config:
    """Sizes, by the names of GGUF's keys."""

    n_vocab: int = 2048
    n_embd: int = 256
    n_layer: int = 6
    n_head: int = 8
    n_head_kv: int = 4
    n_ff: int = 512
    n_ctx: int = 2048
    rope_base: float = 1e6
    eps: float = 1e-5

    @property
    def head_dim(self):
        """Channels of one head."""
        return self.n_embd // self.n_head


class RmsNorm(torch.autograd.Function):
    """x / sqrt(mean(x^2) + eps), in float32, handed on as dtype."""

    @staticmethod
    def forward(ctx, x, eps, dtype):
        r = torch.rsqrt(torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps))
        y = x * r
        ctx.save_for_backward(y, r)
        return y.to(dtype)

    @staticmethod
    def backward(ctx, dy):
        y, r = ctx.saved_tensors
        dy = dy.float()
        inner = (dy * y).sum(-1, keepdim=True).div_(y.shape[-1])
        return dy.addcmul_(y, inner, value=-1).mul_(r), None, None


class Attention(torch.autograd.Function):
    """Causal attention in blocks of query rows, so that the upper triangle is never computed.

    q: (B * kv heads, group, T, D), scaled; k, v: (B * kv heads, T, D or another size). window, sinks: see allowed();
    local > 0: the layer's own window, whose keys alone are computed.
    """
    @staticmethod
    def forward(ctx, q, k, v, window, sinks, local=0):
        n, group, t, d = q.shape
        out, probs, chunk = q.new_empty(n, group, t, v.shape[-1]), [], min(CHUNK, local or CHUNK)
        for a in range(0, t, chunk):
            b, low = min(a + chunk, t), max(0, a - local + 1) if local else 0
            rows = q[:, :, a:b].reshape(n, -1, d)
            s = (rows @ k[:, low:b].transpose(1, 2)).view(n, group, b - a, b - low)
            if window or local:
                seen = allowed(a, b, window or t, sinks)[:, low:] & allowed(a, b, local or t, 0)[:, low:]
                s.masked_fill_(~seen, -math.inf)
            else:
                s[..., a:].add_(torch.full((b - a, b - a), -math.inf, dtype=s.dtype).triu_(1))
            p = torch.softmax(s, -1).view(n, -1, b - low)
            out[:, :, a:b] = (p @ v[:, low:b]).view(n, group, b - a, -1)
            probs.append(p)
        ctx.save_for_backward(q, k, v)
        ctx.probs, ctx.chunk, ctx.local = probs, chunk, local
        return out

    @staticmethod
    def backward(ctx, dout):
        q, k, v = ctx.saved_tensors
        n, group, t, d = q.shape
        dq, dk, dv = torch.empty_like(q), torch.zeros(k.shape), torch.zeros(v.shape)
        for a, p in zip(range(0, t, ctx.chunk), ctx.probs):
            b, low = min(a + ctx.chunk, t), max(0, a - ctx.local + 1) if ctx.local else 0
            do = dout[:, :, a:b].reshape(n, -1, v.shape[-1])
            ds = torch._softmax_backward_data(do @ v[:, low:b].transpose(1, 2), p, -1, p.dtype)
            dq[:, :, a:b] = (ds @ k[:, low:b]).view(n, group, b - a, d)
            dk[:, low:b] += ds.transpose(1, 2) @ q[:, :, a:b].reshape(n, -1, d)
            dv[:, low:b] += p.transpose(1, 2) @ do
        ctx.probs = None
        return dq, dk.to(k.dtype), dv.to(v.dtype), None, None, None


def attend(q, k, v, window=0, sinks=0, local=0):
    """Attention as above; by torch's own kernel where there is one and nothing but the future is hidden."""
    kernel = getattr(F, "scaled_dot_product_attention", None)
    if kernel is None or window or local:
        return Attention.apply(q, k, v, window, sinks, local)
    size = v.shape[-1]
    k, v = (z[:, None].expand(-1, q.shape[1], -1, -1) for z in (k, F.pad(v, (0, k.shape[-1] - size))))
    return kernel(q, k, v, is_causal=True, scale=1.0)[..., :size]


def allowed(a, b, window, sinks):
    """Which keys 0..b-1 the queries a..b-1 may see: the first `sinks` and the last `window`."""
    i, j = torch.arange(a, b)[:, None], torch.arange(b)[None, :]
    return (j <= i) & ((j < sinks) | (i - j < window))


class Block(nn.Module):
    """One layer: attention and feed-forward, each added to the residual stream."""

    def __init__(self, c):
        super().__init__()
        kv = c.head_dim * c.n_head_kv
        self.c = c
        for name, rows, cols in (("attn_q", c.n_embd, c.n_embd), ("attn_k", kv, c.n_embd), ("attn_v", kv, c.n_embd),
                                 ("attn_output", c.n_embd, c.n_embd), ("ffn_gate", c.n_ff, c.n_embd),
                                 ("ffn_up", c.n_ff, c.n_embd), ("ffn_down", c.n_embd, c.n_ff)):
            zero = name in ("attn_output", "ffn_down")
            start = torch.zeros(rows, cols) if zero else torch.randn(rows, cols) * cols ** -0.5
            setattr(self, name, nn.Parameter(start))

    def heads(self, x, cis, dtype):
        """q (B * kv heads, group, T, D), rotated and scaled, and k, v (B * kv heads, T, D)."""
        c, (b, t, _) = self.c, x.shape
        y = RmsNorm.apply(x, c.eps, dtype)
        lin = lambda w, n: F.linear(y, w.to(dtype)).view(b, t, n, c.head_dim)
        q = rotate(lin(self.attn_q, c.n_head), cis, c.head_dim ** -0.5)
        k, v = rotate(lin(self.attn_k, c.n_head_kv), cis), lin(self.attn_v, c.n_head_kv)
        q = q.view(b, t, c.n_head_kv, -1, c.head_dim).permute(0, 2, 3, 1, 4).reshape(b * c.n_head_kv, -1, t, c.head_dim)
        return q, *(z.transpose(1, 2).reshape(b * c.n_head_kv, t, c.head_dim) for z in (k, v))

    def forward(self, x, cis, dtype, window, sinks):
        c, (b, t, _) = self.c, x.shape
        o = attend(*self.heads(x, cis, dtype), window, sinks)
        o = o.view(b, c.n_head_kv, -1, t, c.head_dim).permute(0, 3, 1, 2, 4).reshape(b, t, -1)
        x = x + F.linear(o, self.attn_output.to(dtype))
        y = RmsNorm.apply(x, c.eps, dtype)
        gate, up = (F.linear(y, w.to(dtype)) for w in (self.ffn_gate, self.ffn_up))
        return x + F.linear(F.silu(gate) * up, self.ffn_down.to(dtype))


def rotate(x, cis, scale=1.0):
    """RoPE on adjacent pairs, as GGUF's arch "llama" wants it."""
    z = torch.view_as_complex(x.float().view(*x.shape[:-1], -1, 2)) * (cis[: x.shape[1], None] * scale)
    return torch.view_as_real(z).flatten(-2).to(x.dtype)


class Llama(nn.Module):
    """The whole network; parameters are named as in GGUF, without ".weight"."""

    ARCH = "llama"

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.token_embd = nn.Parameter(torch.randn(c.n_vocab, c.n_embd) * 0.3)
        self.output_norm = nn.Parameter(torch.full((c.n_embd,), 0.1))
        self.blk = nn.ModuleList(Block(c) for _ in range(c.n_layer))
        freq = c.rope_base ** (-torch.arange(0, c.head_dim, 2) / c.head_dim)
        angle = torch.outer(torch.arange(c.n_ctx), freq)
        self.cis = torch.polar(torch.ones_like(angle), angle)

    @torch.no_grad()
    def start_induction(self, peak=2.0, match=2.2, write=0.3):
        """Starts two layers as a rough induction circuit, which training then keeps, sharpens and extends.

        Layer 0: four heads attend 1, 2, 3, 4 tokens back, because embedding channel 0 is the same for every token
        and RoPE turns such constant queries and keys into a kernel over distance; each writes what it saw into
        32 channels of its own. Layer 1: a key shows the tokens before it, a query asks for the token it is at and
        those before, in the slowly rotating half of the head; the value puts the key's own token forward.
        Without this the circuit needs far more tokens than 50 minutes of CPU give.
        """
        c, (first, second), d = self.c, self.blk[:2], self.c.head_dim
        half, group = c.n_embd // 2, c.n_head // c.n_head_kv
        self.token_embd[:, half:] *= 0.05
        self.token_embd[:, 1:half] *= 2 ** 0.5
        self.token_embd[:, 0] = 1.2
        fast = self.cis[1, :8]
        pairs = lambda z: torch.view_as_real(torch.cat((z, torch.zeros(d // 2 - 8)))).flatten()
        project = first.attn_v[:d].clone()
        project[:, 0] = 0
        project[:, half:] = 0
        for h in range(4):                      # head h looks h + 1 tokens back
            kv, rows = slice(h // group * d, (h // group + 1) * d), slice(h * d, (h + 1) * d)
            first.attn_v[kv] = project
            first.attn_k[kv], first.attn_q[rows], first.attn_output[:, rows] = 0, 0, 0
            first.attn_k[kv, 0] = peak * pairs(torch.ones_like(fast))
            first.attn_q[rows, 0] = peak * pairs(fast ** -(h + 1))
            first.attn_output[half + h * d:half + (h + 1) * d, rows] = write * torch.eye(d)
        content = [project] + [torch.eye(c.n_embd)[half + h * d:half + (h + 1) * d] for h in range(4)]
        for kv, (backs, each) in enumerate((((1,), 16), ((1, 2), 8), ((1, 2, 3, 4), 4), ((2, 3), 8))):
            rows, asking = slice(kv * d, (kv + 1) * d), slice(kv * group * d, (kv * group + 1) * d)
            shown, asked = (torch.cat([content[b - ago][:each] for b in backs]) for ago in (0, 1))
            second.attn_k[rows] = torch.cat((torch.zeros_like(shown), match * shown))
            second.attn_q[asking] = torch.cat((torch.zeros_like(asked), match * asked))
            second.attn_v[rows, 0] = 0
            second.attn_v[rows, half:] = 0
            second.attn_output[:, asking] = second.attn_v[rows].T

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
