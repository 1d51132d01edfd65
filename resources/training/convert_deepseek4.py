# SPDX-License-Identifier: Apache-2.0
"""A deepseek4-style start from the bundled Llama.

Window and HCA layers: the Llama's keys and values, cut to their leading components, become the shared vector; queries
are absorbed into its coordinates. CSA layers are planted: an entry holds in six slots the codes of its four tokens and
of the two before them; head i asks for the slots i and i + 1 to hold the last and the present token and reads what
follows, slot i + 2; the other four heads keep to the window with what they had. The index does the same with shorter
codes. Experts are the Llama's neurons, grouped by when they act. Output matrices are fitted to what the Llama gave.
"""
import torch
import torch.nn.functional as F

import convert_deepseek2 as latent
import warm_start as w
from model import RmsNorm

SLOTS, CODE, SHORT = 6, 14, 8                   # of an entry; channels of a slot in it and in the index
FLAG = SLOTS * CODE                             # the channel that tells window vectors (+) from entries (-)
OPEN = 3.0                                      # gates that choose one token, +-


def codes(llama, y, ids, layers):
    """{layer: (vocabulary, CODE)}: white projections of the embeddings, disjoint in the first two layers and mixed of
    theirs in others. Those that y, layer 1's input, knows best of the token before: what look-back heads carry.
    """
    often = torch.bincount(ids.flatten(), minlength=llama.c.n_vocab).float() + 0.5
    often = often.sqrt() / often.sqrt().sum()
    e = llama.token_embd - (often[:, None] * llama.token_embd).sum(0)
    values, vectors = torch.linalg.eigh((e * often[:, None]).T @ e)
    white = (e @ vectors / values.clamp_min(values[-1] * 1e-3).sqrt())
    known = F.linear(y, w.fit(y, before(white, ids, 1), 1e-2))
    best = white @ torch.linalg.eigh(known.T @ known).eigenvectors[:, -2 * CODE:]
    mixed = [torch.linalg.qr(torch.randn(2 * CODE, 2 * CODE))[0] for _ in layers]
    parts = [best @ mixed[0][:, :CODE], best @ mixed[0][:, CODE:]] + [best @ m[:, :CODE] for m in mixed[2:]]
    return {layer: part / (often[:, None] * part.square()).sum(0).sqrt() for layer, part in zip(layers, parts)}


def latents(old, y, rank, pairs, value_heads):
    """The shared vector's rows (rank + rope, E) and each query head's (heads, rank + rope, E) with equal scores."""
    group, kv_heads = old.c.n_head // old.c.n_head_kv, old.c.n_head_kv
    q, k = latent.as_complex(old.attn_q, old.c.n_head), latent.as_complex(old.attn_k, kv_heads)
    shared, asking, left = latent.shared_keys(q, k, y, group)
    slow_q, slow_k = latent.as_real(q[:, latent.SLOW:]), latent.as_real(left[:, latent.SLOW:])
    power = lambda rows: F.linear(y, rows).square().mean(0).sqrt()
    worth = old.attn_output.square().sum(0).view(kv_heads, group, -1)[:, value_heads].mean(1).sqrt().flatten()
    need = power(slow_q.flatten(0, 1)).view(kv_heads, group, -1)[:, value_heads].mean(1).flatten()
    wanted = torch.cat((slow_k.flatten(0, 1), old.attn_v))
    low = latent.leading(wanted * torch.cat((need, worth))[:, None], y, rank)
    low /= power(low).square().mean().sqrt()
    made = w.fit(F.linear(y, low), F.linear(y, wanted))[:slow_k.shape[0] * slow_k.shape[1]]
    made = made.view(kv_heads, -1, rank).repeat_interleave(group, 0)                    # (heads, still, rank)
    absorbed = made.transpose(1, 2) @ slow_q
    rows = torch.cat((low, latent.as_real(shared[pairs])))
    return rows, torch.cat((absorbed, latent.as_real(asking[:, pairs])), 1)


def set_queries(attn, rows, y, c, more=None):
    """attn_q_a and attn_q_b so that the heads' rows (heads, D, E) are nearly asked for; more: the indexer's rows."""
    power = lambda r: F.linear(y, r).square().mean().sqrt()
    rows = torch.stack([r / power(r) for r in rows]).flatten(0, 1)
    every = rows if more is None else torch.cat((rows, more / power(more)))
    low = latent.leading(every, y, c.q_rank)
    attn.attn_q_a.copy_(low / power(low))
    low = RmsNorm.apply(F.linear(y, attn.attn_q_a), c.eps, torch.float32)
    made = w.fit(low, F.linear(y, every))
    attn.attn_q_b.copy_(made[:len(rows)])
    if more is not None:
        attn.indexer.attn_q_b.copy_(made[len(rows):])


def start_plain(attn, old, y, c):
    """A window or HCA layer."""
    pairs = torch.arange(c.n_rot // 2) * (2 if attn.ratio else 1)
    rows, asking = latents(old, y, c.head_dim - c.n_rot, pairs, [0, 1])
    attn.attn_kv.copy_(rows)
    x = F.linear(y, rows)
    sizes = F.linear(y, asking.flatten(0, 1)).view(len(y), c.n_head, -1).square().mean(-1).sqrt().mean()
    gain = sizes * x.square().mean().sqrt() * (c.head_dim / old.c.head_dim) ** 0.5
    attn.attn_kv_a_norm.fill_(gain)
    set_queries(attn, asking, y, c)
    if attn.ratio:
        attn.compressor.kv.copy_(rows)
        attn.compressor.norm.fill_(0.5 * gain)


def before(code, ids, back):
    """The codes of the tokens `back` earlier (B * T, CODE); of the first token where there is none."""
    late = torch.cat((ids[:, :1].expand(-1, back), ids[:, :ids.shape[1] - back]), 1)
    return code[late].flatten(0, 1)


def start_compressor(compressor, rows, size):
    """Slots 0 and 1 from the last two tokens of the block before, 2 to 5 from the block's own; rows (size, E)."""
    d = compressor.dim
    compressor.kv.mul_(0.05)
    compressor.gate.mul_(0.3)
    for slot in range(SLOTS):
        for half in range(2):
            at = slice(half * d + slot * size, half * d + (slot + 1) * size)
            compressor.kv[at] = rows
            compressor.ape[:, at] = -2 * OPEN if half != (slot > 1) else -OPEN
        at = slice((slot > 1) * d + slot * size, (slot > 1) * d + (slot + 1) * size)
        compressor.ape[(slot + 2) % 4, at] = OPEN


def start_csa(attn, old, y, c, ids, code):
    """A CSA layer."""
    now, last = (w.fit(y, before(code, ids, back)) for back in (0, 1))
    good = 1 - (F.linear(y, last) - before(code, ids, 1)).square().mean() / before(code, ids, 1).square().mean()
    print(f"  code of the last token known to {good:.1%}", end="")
    one = w.fit(y, torch.ones(len(y), 1))
    local, pairs = slice(FLAG + 1, c.head_dim - c.n_rot), 2 * torch.arange(c.n_rot // 2)
    n_local = local.stop - local.start
    rows, asking = latents(old, y, n_local, pairs, [1])
    rows = torch.cat((rows[:n_local], rows[n_local:] * (n_local / c.n_rot) ** 0.5 / w.rms(F.linear(y, rows[n_local:]))))
    attn.attn_kv.mul_(0.05)
    attn.attn_kv[FLAG] = 4 * one[0]
    attn.attn_kv[local.start:] = rows
    attn.attn_kv_a_norm.fill_(2.0)
    start_compressor(attn.compressor, now, CODE)
    attn.compressor.kv[FLAG], attn.compressor.kv[c.head_dim + FLAG] = -4 * one[0], -4 * one[0]
    attn.compressor.norm.fill_(3.0)
    start_compressor(attn.index_compressor, now[:SHORT], SHORT)
    heads, index = torch.zeros(c.n_head, c.head_dim, c.n_embd), torch.zeros(c.n_index, c.index_dim, c.n_embd)
    for i in range(4):
        for slot, rows_of in ((i, last), (i + 1, now)):
            heads[2 * i, slot * CODE:(slot + 1) * CODE] = rows_of
            index[i, slot * SHORT:(slot + 1) * SHORT] = rows_of[:SHORT]
        heads[2 * i, FLAG] = -2.5 * one[0]
        old_head = asking[2 * i + 1]
        heads[2 * i + 1, local.start:] = old_head / F.linear(y, old_head).square().mean().sqrt()
        heads[2 * i + 1, FLAG] = 2.5 * one[0]
    attn.attn_sinks.copy_(torch.tensor([10.0, 0.0] * 4))
    attn.indexer.proj.copy_(one.expand(c.n_index, -1) * 4)
    set_queries(attn, heads, y, c, index.flatten(0, 1))


def fit_output(attn, o, target, c):
    """attn_output_a and _b from what the heads read, o (N, H * D); low rank by group."""
    full = w.fit(o, target, 1e-2)
    for g, (part, read) in enumerate(zip(full.chunk(c.n_group, 1), o.chunk(c.n_group, 1))):
        given = F.linear(read, part)
        lead = torch.linalg.eigh((given.T @ given).double()).eigenvectors[:, -c.out_rank:].float()
        attn.attn_output_a[g * c.out_rank:(g + 1) * c.out_rank] = lead.T @ part
        attn.attn_output_b[:, g * c.out_rank:(g + 1) * c.out_rank] = lead


def grouped(power, n_groups, size):
    """Groups of `size` neurons that act together; power (N, neurons)."""
    f = power / (power.square().mean(0).sqrt() + 1e-9)
    f = (f - f.mean(0)).T
    centre = f[torch.randperm(len(f))[:n_groups]]
    for _ in range(12):
        near = f @ centre.T / (centre.square().sum(1).sqrt() + 1e-9)
        left, owner = [size] * n_groups, torch.full((len(f),), -1)
        for at in near.flatten().argsort(descending=True).tolist():
            i, g = divmod(at, n_groups)
            if owner[i] < 0 and left[g]:
                owner[i], left[g] = g, left[g] - 1
        centre = torch.stack([f[owner == g].mean(0) for g in range(n_groups)])
    return [(owner == g).nonzero()[:, 0] for g in range(n_groups)]


def start_experts(ffn, old, s, c, alone):
    """Shared expert: the strongest neurons. Others: the rest in groups; the last expert begins with zeros.

    alone: the inputs of this half for every token by itself, for the table.
    """
    order, z = w.strongest(old, s["z"]), s["z"]
    hidden = lambda z: (F.silu(F.linear(z, old.ffn_gate)) * F.linear(z, old.ffn_up)).abs() * old.ffn_down.norm(dim=0)
    rest, n_full = order[c.n_ff:], (len(order) - c.n_ff) // c.n_ff
    groups = [rest[g] for g in grouped(hidden(z[::3])[:, rest], n_full, c.n_ff)]
    for name, keep in (("gate", 0), ("up", 0), ("down", 1)):
        source = getattr(old, "ffn_" + name)
        getattr(ffn, name + "_shexp").copy_(source.index_select(keep, order[:c.n_ff]))
        for e, members in enumerate(groups):
            getattr(ffn, name + "_exps")[e] = source.index_select(keep, members)
    ffn.down_exps[n_full:] = 0
    energy = lambda z: torch.stack([hidden(z)[:, m].square().sum(1) for m in groups], 1)
    logs = energy(z).log()
    wanted = torch.full((len(z), c.n_expert), -1.0)
    wanted[:, :n_full] = (logs - logs.mean()) / logs.std()
    ffn.gate_inp.copy_(w.fit(z, wanted, 1e-2))
    if ffn.by_token:
        best = torch.zeros(len(alone), c.n_expert)
        best[:, :n_full] = energy(alone)
        best[:, n_full:] = best[:, :n_full].median()
        ffn.tid2eid.copy_(best.topk(c.n_used, -1).indices)


@torch.no_grad()
def convert(net, llama, corpus):
    """Sets the weights of net, a DeepSeek4, from llama."""
    c, ids = net.c, w.documents(corpus)
    seen = w.observe(llama, ids)
    each = torch.stack((torch.zeros(c.n_vocab).long(), torch.arange(c.n_vocab)), 1)
    alone = w.observe(llama, each)[0]["z"].view(c.n_vocab, 2, -1)[:, 1]
    net.token_embd.copy_(llama.token_embd)
    net.output.copy_(llama.token_embd)
    net.output_norm.copy_(llama.output_norm)
    code = codes(llama, seen[1]["y"], ids, [i for i in range(c.n_layer) if c.ratio(i) == 4])
    for i, (block, old, s) in enumerate(zip(net.blk, llama.blk, seen)):
        print(f"layer {i}:", end="")
        if i in code:
            start_csa(block.attn, old, s["y"], c, ids, code[i])
        else:
            start_plain(block.attn, old, s["y"], c)
        block.attn.sparse = False
        o = block.attn.mixed(s["y"].view(*ids.shape, -1), net.cis[i]).flatten(2).flatten(0, 1)
        fit_output(block.attn, o, s["a"], c)
        left = block.attn(s["y"].view(*ids.shape, -1), net.cis[i]).flatten(0, 1) - s["a"]
        print(f"  attention fitted to {1 - (w.rms(left) / w.rms(s['a'])) ** 2:.1%} of its power", end="")
        start_experts(block.ffn, old, s, c, alone)
        left = block.ffn(s["z"].view(*ids.shape, -1), ids).flatten(0, 1) - s["m"]
        print(f"  experts {1 - (w.rms(left) / w.rms(s['m'])) ** 2:.1%}")
