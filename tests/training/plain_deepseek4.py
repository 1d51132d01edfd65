# SPDX-License-Identifier: Apache-2.0
"""One layer of "deepseek4" token by token in float64, by its definition: the check of resources/training's version, which
computes all positions at once. Weights come as {GGUF name without "blk.N." and ".weight": array}."""
import numpy as np


def rms(x, eps):
    """x over its root mean square."""
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)


def softmax(x):
    """Over the first axis."""
    e = np.exp(x - x.max(0))
    return e / e.sum(0)


def turned(x, position, base, n_rot, sign=1):
    """The last n_rot channels of one vector, in adjacent pairs, by position * base^(-2i / n_rot)."""
    out = x.copy()
    for i in range(n_rot // 2):
        a, at = sign * position * base ** (-2 * i / n_rot), len(x) - n_rot + 2 * i
        out[at] = x[at] * np.cos(a) - x[at + 1] * np.sin(a)
        out[at + 1] = x[at] * np.sin(a) + x[at + 1] * np.cos(a)
    return out


def entries(inputs, w, name, dim, ratio, c):
    """Finished blocks of the inputs so far (list of vectors)."""
    kv = [w[name + "_kv"] @ a for a in inputs]
    gate = [w[name + "_gate"] @ a + w[name + "_ape"][j % ratio] for j, a in enumerate(inputs)]
    out = []
    for block in range(len(inputs) // ratio):
        own = range(block * ratio, (block + 1) * ratio)
        if ratio == 4:
            past = [j - 4 for j in own if j >= 4]
            values = np.array([kv[j][:dim] for j in past] + [kv[j][dim:] for j in own])
            gates = np.array([gate[j][:dim] for j in past] + [gate[j][dim:] for j in own])
        else:
            values, gates = np.array([kv[j] for j in own]), np.array([gate[j] for j in own])
        entry = rms((softmax(gates) * values).sum(0), c.eps) * w[name + "_norm"]
        out.append(turned(entry, block * ratio, c.compress_base, c.n_rot))
    return out


def attention(inputs, w, ratio, c):
    """The attention half for the last of the inputs; also the entries that it reads."""
    t, a, base = len(inputs) - 1, inputs[-1], c.compress_base if ratio else c.rope_base
    low = rms(w["attn_q_a"] @ a, c.eps)
    q = (w["attn_q_b"] @ low).reshape(c.n_head, c.head_dim)
    window = [turned(rms(w["attn_kv"] @ x, c.eps) * w["attn_kv_a_norm"], j, base, c.n_rot)
              for j, x in enumerate(inputs) if t - j < c.window]
    blocks = entries(inputs, w, "attn_compressor", c.head_dim, ratio, c) if ratio else []
    read = list(range(len(blocks)))
    if ratio == 4 and blocks:
        keys = entries(inputs, w, "indexer_compressor", c.index_dim, 4, c)
        asked = [turned(x, t, base, c.n_rot) for x in (w["indexer.attn_q_b"] @ low).reshape(c.n_index, c.index_dim)]
        g = w["indexer.proj"] @ a / np.sqrt(c.n_index * c.index_dim)
        scores = np.array([sum(g[x] * max(0.0, asked[x] @ k) for x in range(c.n_index)) for k in keys])
        read = sorted(np.argsort(-scores, kind="stable")[:c.top_k].tolist())
    rows, out = np.array(window + [blocks[i] for i in read]), []
    for h in range(c.n_head):
        query = turned(rms(q[h], c.eps), t, base, c.n_rot)
        p = softmax(np.append(rows @ query / np.sqrt(c.head_dim), w["attn_sinks"][h]))[:-1]
        out.append(turned(p @ rows, t, base, c.n_rot, -1))
    groups = np.concatenate(out).reshape(c.n_group, -1)
    parts = w["attn_output_a"].reshape(c.n_group, c.out_rank, -1)
    return w["attn_output_b"] @ np.concatenate([m @ o for m, o in zip(parts, groups)]), read


def experts(z, token, w, c, by_token):
    """The feed-forward half for one vector."""
    def network(gate, up, down):
        g, u = np.minimum(gate @ z, c.clamp), np.clip(up @ z, -c.clamp, c.clamp)
        return down @ (g / (1 + np.exp(-g)) * u)
    score = np.sqrt(np.log1p(np.exp(w["ffn_gate_inp"] @ z)))
    chosen = w["ffn_gate_tid2eid"][token] if by_token else np.argsort(-(score + w["exp_probs_b.bias"]))[:c.n_used]
    total = sum(score[e] for e in chosen)
    out = network(w["ffn_gate_shexp"], w["ffn_up_shexp"], w["ffn_down_shexp"])
    for e in chosen:
        weight = score[e] / total * c.expert_scale
        out = out + weight * network(w["ffn_gate_exps"][e], w["ffn_up_exps"][e], w["ffn_down_exps"][e])
    return out


def hyper(streams, w, name, c):
    """pre, post and the mixing matrix (from, to) of four streams (4, E)."""
    m, eps = w[name + "_fn"] @ rms(streams.reshape(-1), c.eps), c.hyper_eps
    base, scale = w[name + "_base"], w[name + "_scale"]
    pre = 1 / (1 + np.exp(-(m[:4] * scale[0] + base[:4]))) + eps
    post = 2 / (1 + np.exp(-(m[4:8] * scale[1] + base[4:8])))
    mix = (m[8:] * scale[2] + base[8:]).reshape(4, 4)
    mix = softmax(mix.T).T + eps
    mix /= mix.sum(0, keepdims=True) + eps
    for _ in range(c.sinkhorn - 1):
        mix /= mix.sum(1, keepdims=True) + eps
        mix /= mix.sum(0, keepdims=True) + eps
    return pre, post, mix


def layer(streams, tokens, w, index, c):
    """One layer for all positions (T, 4, E), one token after the other; also what each query read of the entries."""
    inputs, out, read = [], [], []
    for t, token in enumerate(tokens):
        s = streams[t]
        for name in ("hc_attn", "hc_ffn"):
            pre, post, mix = hyper(s, w, name, c)
            u = rms(pre @ s, c.eps)
            if name == "hc_attn":
                inputs.append(u)
                y, seen = attention(inputs, w, c.ratio(index), c)
                read.append(seen)
            else:
                y = experts(u, token, w, c, index < c.n_hash)
            s = post[:, None] * y + mix.T @ s
        out.append(s)
    return np.array(out), read
