# SPDX-License-Identifier: Apache-2.0
"""A deepseek4-style start from the bundled Llama.

All layers but one: the Llama's keys and values, cut to their leading components, become the shared vector; queries are
absorbed into its coordinates, and entries begin as means. The first CSA layer, where the Llama recalls, is planted: an
entry has eight slots, for the four tokens of the block before and its own four, each with a code of its token (A for
own ones, B for those before). Each head asks that the slots in front of one of them hold the tokens just seen, up to
four, and reads that slot: what came next. The index matches shorter codes. Experts are the Llama's neurons, grouped by
when they act. Output matrices are fitted to what the Llama gave.
"""
import torch
import torch.nn.functional as F

import convert_deepseek2 as latent
import warm_start as w
from model import RmsNorm

SLOTS, CODE, SHORT = 8, 14, 6                   # of an entry; channels of a slot in it and in the index
OPEN = 3.0                                      # gates that choose one token, +-
READS = (4, 5, 6, 7, 1, 2, 3, 3)                # the slot that each head reads
GRAMS = 4                                       # tokens that a head matches, where there are so many slots


def codes(llama, y, ids):
    """A and B (vocabulary, CODE): white projections of the embeddings, those that y, layer 1's input, knows best of the
    token before: what the Llama's look-back heads carry."""
    often = torch.bincount(ids.flatten(), minlength=llama.c.n_vocab).float() + 0.5
    often = often.sqrt() / often.sqrt().sum()
    e = llama.token_embd - (often[:, None] * llama.token_embd).sum(0)
    values, vectors = torch.linalg.eigh((e * often[:, None]).T @ e)
    white = (e @ vectors / values.clamp_min(values[-1] * 1e-3).sqrt())
    known = F.linear(y, w.fit(y, before(white, ids, 1), 1e-2))
    best = white @ torch.linalg.eigh(known.T @ known).eigenvectors[:, -2 * CODE:]
    best = best @ torch.linalg.qr(torch.randn(2 * CODE, 2 * CODE))[0]
    best /= (often[:, None] * best.square()).sum(0).sqrt()
    return best[:, :CODE], best[:, CODE:]


def latents(old, y, rank, pairs):
    """The shared vector's rows (rank + rope, E) and each query head's (heads, rank + rope, E) with equal scores."""
    group, kv_heads = old.c.n_head // old.c.n_head_kv, old.c.n_head_kv
    q, k = latent.as_complex(old.attn_q, old.c.n_head), latent.as_complex(old.attn_k, kv_heads)
    shared, asking, left = latent.shared_keys(q, k, y, group)
    slow_q, slow_k = latent.as_real(q[:, latent.SLOW:]), latent.as_real(left[:, latent.SLOW:])
    power = lambda rows: F.linear(y, rows).square().mean(0).sqrt()
    worth = old.attn_output.square().sum(0).view(kv_heads, group, -1).mean(1).sqrt().flatten()
    need = power(slow_q.flatten(0, 1)).view(kv_heads, group, -1).mean(1).flatten()
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


def start_plain(attn, old, y, c, short=None):
    """A layer that is not planted; short: the rows of the index's codes by age, in a CSA layer."""
    pairs = torch.arange(c.n_rot // 2) * (2 if attn.ratio else 1)
    rows, asking = latents(old, y, c.head_dim - c.n_rot, pairs)
    attn.attn_kv.copy_(rows)
    x = F.linear(y, rows)
    sizes = F.linear(y, asking.flatten(0, 1)).view(len(y), c.n_head, -1).square().mean(-1).sqrt().mean()
    gain = sizes * x.square().mean().sqrt() * (c.head_dim / old.c.head_dim) ** 0.5
    attn.attn_kv_a_norm.fill_(gain)
    if attn.ratio:
        attn.compressor.kv.copy_(rows.repeat(len(attn.compressor.kv) // len(rows), 1))
        attn.compressor.norm.fill_(0.5 * gain)
    set_queries(attn, asking, y, c, start_index(attn, short, y, c) if attn.ratio == 4 else None)


def before(code, ids, back):
    """The codes of the tokens `back` earlier (B * T, CODE); of the first token where there is none."""
    late = torch.cat((ids[:, :1].expand(-1, back), ids[:, :ids.shape[1] - back]), 1)
    return code[late].flatten(0, 1)


def start_compressor(compressor, rows_before, rows_own, size):
    """Slots 0 to 3 from the four tokens of the block before, 4 to 7 from the block's own."""
    d = compressor.dim
    compressor.kv.mul_(0.05)
    compressor.gate.mul_(0.3)
    for slot in range(SLOTS):
        for half, rows in enumerate((rows_before, rows_own)):
            at = slice(half * d + slot * size, half * d + (slot + 1) * size)
            compressor.kv[at] = rows
            compressor.ape[:, at] = -OPEN if half == slot // 4 else -3 * OPEN
        at = slice(slot // 4 * d + slot * size, slot // 4 * d + (slot + 1) * size)
        compressor.ape[slot % 4, at] = OPEN


def matching(rows, dim, size, c):
    """Rows (heads, dim, E) that ask for what stands in front of READS; rows: by slot's code and age (2, GRAMS, size, E)."""
    heads = torch.zeros(len(READS), dim, c.n_embd)
    for h, read in enumerate(READS):
        for age in range(min(GRAMS, read)):
            slot = read - 1 - age
            heads[h, slot * size:(slot + 1) * size] = rows[slot // 4, age]
    return heads


def start_index(attn, short, y, c):
    """The index of a CSA layer: one head for each place in the block; gives its queries' rows."""
    start_compressor(attn.index_compressor, short[0, 0], short[1, 0], SHORT)
    one = w.fit(y, torch.ones(len(y), 1))
    attn.indexer.proj.copy_(one.expand(c.n_index, -1) * 4)
    return matching(short, c.index_dim, SHORT, c)[:c.n_index].flatten(0, 1)


def start_planted(attn, rows, y, c):
    """The CSA layer that recalls; rows: of the codes B and A, by age."""
    attn.attn_kv.mul_(0.1)
    for age in range(GRAMS):                    # a window's vector looks like an entry that ends with its token
        slot = SLOTS - 1 - age
        attn.attn_kv[slot * CODE:(slot + 1) * CODE] = rows[1, age]
    attn.attn_kv_a_norm.fill_(2.4)
    start_compressor(attn.compressor, rows[0, 0], rows[1, 0], CODE)
    attn.compressor.norm.fill_(2.7)
    attn.attn_sinks.fill_(7.0)
    short = rows[:, :, :SHORT]
    set_queries(attn, matching(rows, c.head_dim, CODE, c), y, c, start_index(attn, short, y, c))


def by_age(code, y, ids):
    """Rows (B and A, GRAMS, CODE, E) that give the codes of the token here and of those before."""
    fits = torch.stack([torch.stack([w.fit(y, before(one, ids, age)) for age in range(GRAMS)]) for one in code[::-1]])
    known = [1 - (F.linear(y, fits[1, age]) - before(code[0], ids, age)).square().mean().item() /
             before(code[0], ids, age).square().mean().item() for age in range(GRAMS)]
    print("  codes known to " + ", ".join(f"{k:.0%}" for k in known), end="")
    return fits


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


def fit_down(ffn, z, ids, target, c):
    """The experts' output matrices, so that the layer's sum is nearest to target."""
    hidden, old = ffn.hidden(z, ids).flatten(0, 1), ffn.down()
    new = old + w.fit(hidden, target - F.linear(hidden, old), 2e-2)
    ffn.down_exps.copy_(new[:, :-c.n_ff].view(len(new), c.n_expert, c.n_ff).transpose(0, 1))
    ffn.down_shexp.copy_(new[:, -c.n_ff:])


def follow(block, x, s, cis, ids, start_ffn):
    """The residual stream (B, T, E) after a layer. Both halves' output matrices are fitted to lead from this network's
    own stream to the Llama's, so that a layer corrects what those before it got wrong."""
    c, norm = block.c, lambda v: RmsNorm.apply(v, block.c.eps, torch.float32)
    wanted = s["x"] + s["a"].view_as(x)
    target = (wanted - x).flatten(0, 1)
    fit_output(block.attn, block.attn.mixed(norm(x), cis).flatten(2).flatten(0, 1), target, c)
    x = x + block.attn(norm(x), cis)
    left = w.rms(wanted - x) / w.rms(s["a"])
    start_ffn()
    wanted = wanted + s["m"].view_as(x)
    fit_down(block.ffn, norm(x), ids, (wanted - x).flatten(0, 1), c)
    x = x + block.ffn(norm(x), ids)
    print(f"  attention {1 - left ** 2:.1%}  stream {1 - (w.rms(wanted - x) / w.rms(wanted)) ** 2:.1%}")
    return x


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
    code, x = codes(llama, seen[1]["y"], ids), seen[0]["x"]
    planted = [c.ratio(i) for i in range(c.n_layer)].index(4)
    for i, (block, old, s) in enumerate(zip(net.blk, llama.blk, seen)):
        print(f"layer {i}:", end="")
        rows = by_age(code, s["y"], ids) if c.ratio(i) == 4 else None
        if i == planted:
            start_planted(block.attn, rows, s["y"], c)
        else:
            start_plain(block.attn, old, s["y"], c, None if rows is None else rows[:, :, :SHORT])
        block.attn.sparse = False
        x = follow(block, x, s, net.cis[i], ids, lambda: start_experts(block.ffn, old, s, c, alone))
