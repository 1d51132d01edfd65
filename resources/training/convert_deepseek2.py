# SPDX-License-Identifier: Apache-2.0
"""A deepseek2-style start from the bundled Llama: embeddings and feed-forward networks as they are, attention fitted.

For each rotating pair, the combination of the four keys that carries most of the scores becomes the shared rotated key.
What is left of the slow pairs, which hardly turn, goes with the values into the latent, cut to its leading components.
"""
import torch
import torch.nn.functional as F

import model
import warm_start as w
from model import RmsNorm

SLOW = 8                                        # pairs from here on turn less than one radian in 1000 tokens


def as_complex(m, heads):
    """Rows of a matrix as (heads, pairs, columns) complex numbers."""
    a = m.view(heads, -1, 2, m.shape[-1])
    return torch.complex(a[:, :, 0], a[:, :, 1])


def as_real(z):
    """The opposite: (..., pairs, columns) to (..., channels, columns)."""
    return torch.stack((z.real, z.imag), -2).flatten(-3, -2)


def shared_keys(q, k, y, group):
    """The shared key's rows (pairs, E), the queries' rows for it (heads, pairs, E), and what is left of the keys."""
    at = lambda m: (m @ y.T.to(m.dtype)).abs().square().mean(-1)
    weight = at(q).view(len(k), group, -1).mean(1).sqrt() + 1e-4        # (KV heads, pairs)
    keys, shared, asking, left = k @ y.T.to(k.dtype), [], q.clone(), k.clone()
    for j in range(k.shape[1]):
        z = keys[:, j] * weight[:, j, None]
        lead = torch.linalg.eigh(z @ z.conj().T).eigenvectors[:, -1]    # z is nearly lead * (lead^H z)
        row = ((lead.conj() * weight[:, j])[:, None] * k[:, j]).sum(0)
        shared.append(row)
        back = lead / weight[:, j]
        asking[:, j] = q[:, j] * back.conj().repeat_interleave(group)[:, None]
        left[:, j] = k[:, j] - back[:, None] * row
    shared = torch.stack(shared)
    even = (at(asking).mean(0) / (at(shared) + 1e-9)).sqrt().sqrt()    # queries and keys of like size
    return shared * even[:, None], asking / even[:, None], left


def leading(rows, y, rank):
    """A basis (rank, E) of inputs: the leading components of what rows (outputs, E) give on y."""
    gram = (y.T @ y).double()
    root = torch.linalg.cholesky(gram + torch.eye(len(gram)) * 1e-6 * gram.diagonal().mean())
    out = rows.double() @ root
    values, vectors = torch.linalg.eigh(out.T @ out)
    print(f"  {rank} of {len(rows)}: {values[-rank:].sum() / values.sum():.1%}", end="")
    basis = torch.linalg.solve(root.T, vectors[:, -rank:] * values[-rank:].sqrt()).T
    return basis.float().contiguous()


def start_attention(block, old, s, c):
    """Queries, keys and values of one layer."""
    group, y = old.c.n_head // old.c.n_head_kv, s["y"]
    kv_heads, still = old.c.n_head_kv, 2 * (old.c.head_dim // 2 - SLOW)
    q, k = as_complex(old.attn_q, c.n_head), as_complex(old.attn_k, kv_heads)
    shared, asking, left = shared_keys(q, k, y, group)
    rms = lambda rows: F.linear(y, rows).square().mean(0).sqrt()
    slow_q, slow_k = as_real(q[:, SLOW:]), as_real(left[:, SLOW:])      # (heads, still, E)
    even = rms(slow_k.flatten(0, 1)).view(kv_heads, -1) + 1e-3
    worth = old.attn_output.square().sum(0).view(kv_heads, group, -1).mean(1).sqrt().flatten()
    need = rms(slow_q.flatten(0, 1)).view(kv_heads, group, -1).mean(1).flatten()
    wanted = torch.cat((slow_k.flatten(0, 1), old.attn_v))              # what the latent must carry
    low = leading(wanted * torch.cat((need, worth))[:, None], y, c.kv_rank)
    low /= rms(low).square().mean().sqrt()
    block.attn_kv_a_mqa.copy_(torch.cat((low, as_real(shared))))
    latent = RmsNorm.apply(F.linear(y, low), c.eps, torch.float32)
    made = w.fit(latent, F.linear(y, wanted))                           # (outputs, kv_rank)
    made_k, made_v = made[:kv_heads * still].view(kv_heads, still, -1), made[kv_heads * still:]
    block.attn_k_b.mul_(0.3)
    block.attn_k_b[:, :, :still] = (made_k / even[:, :, None]).transpose(1, 2).repeat_interleave(group, 0)
    block.attn_v_b.copy_(made_v.view(kv_heads, c.n_value, -1).repeat_interleave(group, 0))
    scale = ((c.nope + c.rope) / old.c.head_dim) ** 0.5
    rows = torch.zeros(c.n_head, c.nope + c.rope, c.n_embd)
    rows[:, :still] = slow_q * even.repeat_interleave(group, 0)[:, :, None]
    rows[:, c.nope:] = as_real(asking)
    low = leading(rows.flatten(0, 1), y, c.q_rank)
    block.attn_q_a.copy_(low / rms(low).square().mean().sqrt())
    low = RmsNorm.apply(F.linear(y, block.attn_q_a), c.eps, torch.float32)
    block.attn_q_b.copy_(w.fit(low, F.linear(y, rows.flatten(0, 1))) * scale)


@torch.no_grad()
def convert(net, llama, corpus):
    """Sets the weights of net, a DeepSeek2, from llama."""
    c, seen = net.c, w.observe(llama, w.documents(corpus))
    net.token_embd.copy_(llama.token_embd)
    net.output_norm.copy_(llama.output_norm)
    for i, (block, old, s) in enumerate(zip(net.blk, llama.blk, seen)):
        print(f"layer {i}:", end="")
        start_attention(block, old, s, c)
        o = model.attend(*block.heads(s["x"], net.cis, torch.float32))
        o = o.view(len(s["x"]), c.n_head, -1, c.n_value).transpose(1, 2).flatten(2).flatten(0, 1)
        block.attn_output.copy_(w.fit(o, s["a"]))
        left = F.linear(o, block.attn_output) - s["a"]
        print(f"  attention fitted to {1 - (w.rms(left) / w.rms(s['a'])) ** 2:.1%} of its power")
        keep = w.strongest(old, s["z"])[:c.n_ff].sort().values
        block.ffn_gate.copy_(old.ffn_gate[keep])
        block.ffn_up.copy_(old.ffn_up[keep])
        block.ffn_down.copy_(old.ffn_down[:, keep])
