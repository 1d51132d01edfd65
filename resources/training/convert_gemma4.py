# SPDX-License-Identifier: Apache-2.0
"""A gemma4-style start from the bundled Llama: its embeddings and feed-forward networks, its heads in new places.

Windowed layers keep the heads. A full layer's KV head of 64 channels holds two of the Llama's: the slow half of their
pairs goes to channels that do not rotate, the fast half to rotating pairs of (nearly) the same frequency. Layers that
borrow take the queries of the layer they borrow from. The output matrices are fitted to what the Llama's attention gave.
"""
import torch
import torch.nn.functional as F

import model
import warm_start as w
from model import RmsNorm

GELU = 1.702                                    # silu(x) is nearly GELU * gelu(x / GELU)


def halves(head_dim):
    """For each channel of a head with pairs (i, i + D / 2), the channel of the head with adjacent pairs."""
    return torch.cat((torch.arange(0, head_dim, 2), torch.arange(1, head_dim, 2)))


def places(side, n_pairs=16):
    """Where the 32 channels of a Llama head go in a full layer's head of 64; side: 0 or 1 within the new head."""
    pair = torch.arange(n_pairs)
    new = torch.where(pair < n_pairs // 2, 2 * pair + side, n_pairs + 2 * (pair - n_pairs // 2) + side)
    return torch.stack((new, new + 2 * n_pairs), 1).flatten()


def start_heads(block, old, c):
    """Queries, keys and values of one layer."""
    d, group = old.c.head_dim, old.c.n_head // old.c.n_head_kv
    own = hasattr(block, "attn_k")
    if block.d == d:
        order = lambda m, n: m.view(n, d, -1)[:, halves(d)].reshape(n * d, -1)
        block.attn_q.copy_(order(old.attn_q, c.n_head))
        if own:
            block.attn_k.copy_(order(old.attn_k, block.kv))
            block.attn_v.copy_(old.attn_v)
        return
    block.attn_q.zero_()
    for h in range(c.n_head):
        block.attn_q.view(c.n_head, block.d, -1)[h, places(h // group % 2)] = old.attn_q.view(c.n_head, d, -1)[h]
    for h in range(old.c.n_head_kv * own):
        block.attn_k.view(block.kv, block.d, -1)[h // 2, places(h % 2)] = old.attn_k.view(-1, d, c.n_embd)[h]
    if own:
        block.attn_v.copy_(old.attn_v)


def typical_gain(block, source, old, c):
    """The gain of queries and keys with which a typical score is as large as the Llama's."""
    size = lambda y, m, n: F.linear(y, m).view(len(y), n, -1).square().mean(-1).sqrt().mean(0)
    q, k = size(source["y"], block.attn_q, c.n_head), size(source["y"], block.attn_k, block.kv)
    scores = q * k.repeat_interleave(c.n_head // block.kv) / old.c.head_dim ** 0.5
    return scores.mean().sqrt().item()


@torch.no_grad()
def convert(net, llama, corpus):
    """Sets the weights of net, a Gemma4, from llama."""
    c, seen = net.c, w.observe(llama, w.documents(corpus))
    net.token_embd.copy_(llama.token_embd * c.n_embd ** -0.5)
    net.output_norm.copy_(llama.output_norm * c.n_embd ** 0.5)
    kept = {}
    for i, (block, old, s) in enumerate(zip(net.blk, llama.blk, seen)):
        j = c.source(i)
        start_heads(block, llama.blk[j], c)
        gain = typical_gain(net.blk[j], seen[j], old, c)
        block.attn_q_norm.fill_(gain)
        if i == j:
            block.attn_k_norm.fill_(gain)
            kept[i] = block.keys_values(RmsNorm.apply(s["x"], c.eps, torch.float32), net.cis[i], torch.float32)
        q = block.queries(RmsNorm.apply(s["x"], c.eps, torch.float32), net.cis[i], torch.float32)
        o = model.attend(q, *kept[j], local=c.window if c.windowed(i) else 0)
        o = o.view(len(s["x"]), c.n_head, -1, block.d).transpose(1, 2).flatten(2).flatten(0, 1)
        block.attn_output.copy_(w.fit(o, s["a"]))
        block.post_attention_norm.fill_(w.rms(s["a"]))
        left = F.linear(o, block.attn_output) - s["a"]
        print(f"layer {i}: attention fitted to {1 - (w.rms(left) / w.rms(s['a'])) ** 2:.1%} of its power")
        keep = w.strongest(old, s["z"])[:c.n_ff].sort().values
        block.ffn_gate.copy_(old.ffn_gate[keep] / GELU)
        block.ffn_up.copy_(old.ffn_up[keep] * GELU)
        block.ffn_down.copy_(old.ffn_down[:, keep])
        block.post_ffw_norm.fill_(w.rms(s["m"]))
