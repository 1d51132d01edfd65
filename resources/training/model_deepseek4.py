# SPDX-License-Identifier: Apache-2.0
"""A small model of GGUF's arch "deepseek4": one shared head that is key and value, a window everywhere, entries of 4
tokens chosen by an indexer (CSA) or of 128 tokens (HCA), sinks, four residual streams, experts in every layer.

All positions at once: blocks are pooled for the whole sequence, and masks say which query sees what. The norms before
attention, feed-forward and of the query's latent have no gain (the export writes ones).
"""
import dataclasses

import torch
import torch.nn.functional as F
from torch import nn

import model
from hyper import Hyper, OutputHyper
from model import RmsNorm
from moe import Experts

CHUNK = 128                                     # query rows of attention handled at once


@dataclasses.dataclass
class Config:
    """Sizes, by the names of GGUF's keys where they have one. ratios: 0 window only, 4 CSA, 128 HCA."""

    n_vocab: int = 2048
    n_embd: int = 256
    n_layer: int = 6
    n_head: int = 8
    head_dim: int = 128
    n_rot: int = 16
    q_rank: int = 96
    out_rank: int = 64                          # per group
    n_group: int = 2
    window: int = 64
    ratios: str = "0 4 128 4 128 4"
    n_index: int = 4                            # heads of the indexer
    index_dim: int = 64
    top_k: int = 64
    n_expert: int = 8
    n_used: int = 4
    n_ff: int = 64                              # of one expert, and of the shared one
    n_hash: int = 1                             # leading layers that choose experts by token
    expert_scale: float = 4.0
    clamp: float = 10.0
    sinkhorn: int = 20
    hyper_eps: float = 1e-6
    n_ctx: int = 2048
    rope_base: float = 1e3
    compress_base: float = 1e6
    eps: float = 1e-5

    def ratio(self, layer):
        """The compression of a layer."""
        return int(self.ratios.split()[layer])


def turn(x, cis, n_rot, back=False):
    """RoPE on the last n_rot channels of x (..., T, D), or its opposite; cis (T, n_rot / 2)."""
    still, turned = x.split((x.shape[-1] - n_rot, n_rot), -1)
    z = torch.view_as_complex(turned.float().reshape(*turned.shape[:-1], n_rot // 2, 2)) * (cis.conj() if back else cis)
    return torch.cat((still, torch.view_as_real(z).flatten(-2).to(x.dtype)), -1)


class SharedAttention(torch.autograd.Function):
    """Attention over the window's vectors, the entries and a sink, in one softmax; what is a key is the value too.

    q (B, H, T, D), scaled; x (B, T, D); entries (B, W, D), entry w visible from position (w + 1) * ratio - 1;
    sinks (H,); chosen (B, T, W) or None: entries beside it are hidden. Gives o (B, H, T, D) and the mean attention of the
    heads on the entries (B, T, W).
    """
    @staticmethod
    def forward(ctx, q, x, entries, sinks, window, ratio, chosen):
        b, h, t, d = q.shape
        out, probs, mass = torch.empty_like(q), [], x.new_zeros(b, t, entries.shape[1])
        for lo in range(0, t, CHUNK):
            hi, seen = min(lo + CHUNK, t), min(entries.shape[1], (lo + CHUNK) // ratio)
            start = max(0, lo - window + 1)
            keys = torch.cat((x[:, start:hi], entries[:, :seen], x.new_zeros(b, 1, d)), 1)
            s = (q[:, :, lo:hi].reshape(b, -1, d) @ keys.transpose(1, 2)).view(b, h, hi - lo, -1)
            i, j = torch.arange(lo, hi)[:, None], torch.arange(start, hi)[None]
            hide, later = (j > i) | (i - j >= window), (torch.arange(seen)[None] + 1) * ratio - 1 > i
            s[..., :hi - start].masked_fill_(hide, -torch.inf)
            later = later if chosen is None else (later | ~chosen[:, None, lo:hi, :seen])
            s[..., hi - start:-1].masked_fill_(later, -torch.inf)
            s[..., -1] = sinks[:, None]
            p = torch.softmax(s, -1)
            mass[:, lo:hi, :seen] = p[..., hi - start:-1].mean(1)
            p = p.view(b, -1, p.shape[-1])
            out[:, :, lo:hi] = (p @ keys).view(b, h, hi - lo, d)
            probs.append(p)
        ctx.save_for_backward(q, x, entries)
        ctx.probs, ctx.window, ctx.ratio = probs, window, ratio
        ctx.mark_non_differentiable(mass)
        return out, mass

    @staticmethod
    def backward(ctx, dout, _):
        q, x, entries = ctx.saved_tensors
        b, h, t, d = q.shape
        dq, dx, de, dz = torch.empty_like(q), torch.zeros_like(x), torch.zeros_like(entries), q.new_zeros(h)
        for lo, p in zip(range(0, t, CHUNK), ctx.probs):
            hi, seen = min(lo + CHUNK, t), min(entries.shape[1], (lo + CHUNK) // ctx.ratio)
            start = max(0, lo - ctx.window + 1)
            keys = torch.cat((x[:, start:hi], entries[:, :seen], x.new_zeros(b, 1, d)), 1)
            do, rows = (z[:, :, lo:hi].reshape(b, -1, d) for z in (dout, q))
            ds = torch._softmax_backward_data(do @ keys.transpose(1, 2), p, -1, p.dtype)
            dz += ds[..., -1].view(b, h, -1).sum((0, 2))
            ds[..., -1] = 0
            dq[:, :, lo:hi] = (ds @ keys).view(b, h, hi - lo, d)
            dkeys = ds.transpose(1, 2) @ rows + p.transpose(1, 2) @ do
            dx[:, start:hi] += dkeys[:, :hi - start]
            de[:, :seen] += dkeys[:, hi - start:-1]
        ctx.probs = None
        return dq, dx, de, dz, None, None, None


class Compressor(nn.Module):
    """Entries of `ratio` tokens: per channel a softmax over the tokens' gates; at ratio 4 the first half of the channels
    comes from the block before, the second from the block itself."""

    def __init__(self, n_embd, dim, ratio):
        super().__init__()
        parts = 2 if ratio == 4 else 1
        self.dim, self.ratio = dim, ratio
        self.kv = nn.Parameter(torch.randn(parts * dim, n_embd) * n_embd ** -0.5)
        self.gate = nn.Parameter(torch.randn(parts * dim, n_embd) * 0.1 * n_embd ** -0.5)
        self.ape = nn.Parameter(torch.zeros(ratio, parts * dim))
        self.norm = nn.Parameter(torch.ones(dim))

    def forward(self, a, cis, c):
        """(B, T / ratio, dim) from a (B, T, E); rotated at each block's first position."""
        b, r, w = len(a), self.ratio, a.shape[1] // self.ratio
        a = a[:, :w * r]
        kv, gate = (F.linear(a, m).view(b, w, r, len(m)) for m in (self.kv, self.gate))
        gate = gate + self.ape
        if r == 4:
            d, before = self.dim, (0, 0, 0, 0, 1, 0)
            kv = torch.cat((F.pad(kv[:, :-1, :, :d], before), kv[..., d:]), 2)
            gate = torch.cat((F.pad(gate[:, :-1, :, :d], before, value=-1e30), gate[..., d:]), 2)
        entry = (torch.softmax(gate, 2) * kv).sum(2)
        entry = RmsNorm.apply(entry, c.eps, torch.float32) * self.norm
        return turn(entry, cis[:w * r:r], c.n_rot)


class Indexer(nn.Module):
    """Scores every entry for every query: sum over heads of g * relu(q . k)."""

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.proj = nn.Parameter(torch.randn(c.n_index, c.n_embd) * c.n_embd ** -0.5)
        self.attn_q_b = nn.Parameter(torch.randn(c.n_index * c.index_dim, c.q_rank) * c.q_rank ** -0.5)

    def forward(self, a, low, keys, cis):
        """(B, T, W), -inf where the entry is not there yet."""
        c, (b, t, _) = self.c, a.shape
        q = F.linear(low, self.attn_q_b).view(b, t, c.n_index, -1).transpose(1, 2)
        q = turn(q, cis[:t], c.n_rot)
        g = F.linear(a, self.proj).transpose(1, 2) * (c.n_index * c.index_dim) ** -0.5
        s = (q.reshape(b, -1, c.index_dim) @ keys.transpose(1, 2)).view(b, c.n_index, t, -1)
        s = (F.relu(s) * g[..., None]).sum(1)
        later = (torch.arange(keys.shape[1])[None] + 1) * 4 - 1 > torch.arange(t)[:, None]
        return s.masked_fill(later, -torch.inf)


class Attention(nn.Module):
    """The attention half of a layer."""

    def __init__(self, c, ratio):
        super().__init__()
        e, d, wide = c.n_embd, c.head_dim, c.n_head * c.head_dim
        self.c, self.ratio, self.sparse, self.index_loss = c, ratio, True, None
        sizes = {"attn_q_a": (c.q_rank, e), "attn_q_b": (wide, c.q_rank), "attn_kv": (d, e),
                 "attn_output_a": (c.n_group * c.out_rank, wide // c.n_group), "attn_output_b": (e, c.n_group * c.out_rank)}
        for name, shape in sizes.items():
            setattr(self, name, nn.Parameter(torch.randn(shape) * shape[1] ** -0.5))
        self.attn_kv_a_norm = nn.Parameter(torch.ones(d))
        self.attn_sinks = nn.Parameter(torch.full((c.n_head,), -3.0))
        self.compressor = Compressor(e, d, ratio) if ratio else None
        self.indexer = Indexer(c) if ratio == 4 else None
        self.index_compressor = Compressor(e, c.index_dim, ratio) if ratio == 4 else None

    def choose(self, a, low, cis, mass=None):
        """The entries each query reads, by the index; with mass, the index's loss against it instead."""
        part = slice(0, 1) if mass is not None else slice(None)
        a, low = a[part].detach(), low[part].detach()
        scores = self.indexer(a, low, self.index_compressor(a, cis, self.c), cis)
        if mass is not None:
            p = mass[part, 3:]
            p = p / (p.sum(-1, keepdim=True) + 1e-6)
            logs = torch.log_softmax(scores[:, 3:], -1)
            return -(p * logs.masked_fill(p == 0, 0)).sum(-1).mean()
        k = min(self.c.top_k, scores.shape[-1])
        if self.training:
            best = scores.topk(k, -1).indices
        else:                                   # of equal scores the earlier entry
            best = scores.sort(dim=-1, descending=True, stable=True).indices[..., :k]
        return torch.zeros_like(scores, dtype=torch.bool).scatter_(-1, best, True)

    def heads(self, a, cis):
        """Normed queries (B, H, T, D), rotated; the shared vectors (B, T, D), rotated; the queries' latent."""
        c, (b, t, _) = self.c, a.shape
        low = RmsNorm.apply(F.linear(a, self.attn_q_a), c.eps, torch.float32)
        q = F.linear(low, self.attn_q_b).view(b, t, c.n_head, -1)
        q = turn(RmsNorm.apply(q, c.eps, torch.float32).transpose(1, 2), cis[:t], c.n_rot)
        x = RmsNorm.apply(F.linear(a, self.attn_kv), c.eps, torch.float32) * self.attn_kv_a_norm
        return q, turn(x, cis[:t], c.n_rot), low

    def mixed(self, a, cis):
        """What the heads read (B, T, H, D), rotated back."""
        c, t, none = self.c, a.shape[1], a.new_zeros(len(a), 0, self.c.head_dim)
        q, x, low = self.heads(a, cis)
        entries = self.compressor(a, cis, c) if self.ratio else none
        chosen, index = None, self.ratio == 4 and entries.shape[1] > 0
        if index and self.sparse:
            with torch.no_grad():
                chosen = self.choose(a, low, cis)
        o, mass = SharedAttention.apply(q * c.head_dim ** -0.5, x, entries, self.attn_sinks, c.window,
                                        self.ratio or t + 1, chosen)
        self.index_loss = self.choose(a, low, cis, mass) if index and torch.is_grad_enabled() else None
        return turn(o, cis[:t], c.n_rot, back=True).transpose(1, 2)

    def forward(self, a, cis):
        c, (b, t, _) = self.c, a.shape
        o = self.mixed(a, cis).reshape(b, t, c.n_group, -1)
        parts = [F.linear(o[:, :, g], w) for g, w in enumerate(self.attn_output_a.chunk(c.n_group))]
        return F.linear(torch.cat(parts, -1), self.attn_output_b)


class Block(nn.Module):
    """One layer: both halves between hyper-connections."""

    def __init__(self, c, layer):
        super().__init__()
        self.c, self.attn, self.ffn = c, Attention(c, c.ratio(layer)), Experts(c, layer < c.n_hash)
        self.hc_attn, self.hc_ffn = Hyper(c), Hyper(c)

    def forward(self, streams, cis, ids):
        for hyper, half in ((self.hc_attn, lambda a: self.attn(a, cis)), (self.hc_ffn, lambda a: self.ffn(a, ids))):
            pre, post, comb = hyper(streams)
            u = (pre[:, :, None] @ streams).squeeze(2)
            y = half(RmsNorm.apply(u, self.c.eps, torch.float32))
            streams = comb @ streams + post[..., None] * y[:, :, None]
        return streams


class DeepSeek4(nn.Module):
    """The whole network."""

    ARCH = "deepseek4"

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.token_embd = nn.Parameter(torch.randn(c.n_vocab, c.n_embd) * 0.3)
        self.output = nn.Parameter(torch.randn(c.n_vocab, c.n_embd) * 0.3)
        self.output_norm = nn.Parameter(torch.full((c.n_embd,), 0.1))
        self.output_hc = OutputHyper(c)
        self.blk = nn.ModuleList(Block(c, layer) for layer in range(c.n_layer))
        self.cis = [self.angles(c.compress_base if c.ratio(i) else c.rope_base) for i in range(c.n_layer)]

    def angles(self, base):
        """cos + i sin by position and pair."""
        c = self.c
        angle = torch.outer(torch.arange(c.n_ctx), base ** (-torch.arange(0, c.n_rot, 2) / c.n_rot))
        return torch.polar(torch.ones_like(angle), angle)

    def at_step(self, step, total):
        """The index chooses from six tenths of the training on; before, all entries are read."""
        for block in self.blk:
            block.attn.sparse = step >= 0.6 * total

    def index_losses(self):
        """The losses of the indexers in the last forward pass."""
        return [b.attn.index_loss for b in self.blk if b.attn.index_loss is not None]

    def forward(self, ids, dtype=torch.float32, window=0, sinks=0):
        """Logits (B, T, vocabulary), always in float32 and with the whole of its own cache: no other view is legal."""
        del dtype
        if window or sinks:
            raise ValueError("deepseek4 keeps its own cache; no window of keys applies")
        x = F.embedding(ids, self.token_embd)
        streams = x[:, :, None].expand(-1, -1, 4, -1)
        for block, cis in zip(self.blk, self.cis):
            streams = block(streams, cis, ids)
        h = (self.output_hc(streams)[:, :, None] @ streams).squeeze(2)
        return F.linear(RmsNorm.apply(h, self.c.eps, torch.float32) * self.output_norm, self.output)

    def fine(self):
        """Matrices of few rows and many inputs, which AdamW trains slowly: hyper-connections, routers, index weights."""
        return [p for n, p in self.named_parameters() if n.endswith((".fn", "gate_inp", "indexer.proj"))]

    def small(self):
        """Other parameters that AdamW trains: embeddings, gains, gates' offsets."""
        return [p for n, p in self.named_parameters() if p.requires_grad and
                (p.ndim == 1 or n in ("token_embd", "output") or n.endswith("ape"))]
