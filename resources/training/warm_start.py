# SPDX-License-Identifier: Apache-2.0
"""What the conversions of the bundled Llama into its siblings share: what its layers see and give on some documents,
least squares, and the pruning of its feed-forward networks."""
import random

import torch
import torch.nn.functional as F

import model


@torch.no_grad()
def observe(net, ids):
    """Per layer a dict of float tensors: x (B, T, E) before the layer, and flat over B * T: y, the normed input of
    attention; a, attention's part of the residual stream; z, the normed input of feed-forward; m, its part."""
    x, seen = F.embedding(ids, net.token_embd), []
    for block in net.blk:
        after = block(x, net.cis, x.dtype, 0, 0)
        y = model.RmsNorm.apply(x, net.c.eps, x.dtype)
        o = model.attend(*block.heads(x, net.cis, x.dtype))
        o = o.view(len(ids), net.c.n_head, ids.shape[1], -1).transpose(1, 2).flatten(2)
        a = F.linear(o, block.attn_output)
        z = model.RmsNorm.apply(x + a, net.c.eps, x.dtype)
        seen.append({"x": x, "y": y.flatten(0, 1), "a": a.flatten(0, 1), "z": z.flatten(0, 1),
                     "m": (after - x - a).flatten(0, 1)})
        x = after
    return seen


def documents(corpus, size=12, n=768, seed=11):
    """Ids (size, n) of mixed training documents, for observe()."""
    return torch.from_numpy(corpus.batch(random.Random(seed), size, n, (40, 30, 30))[0])


def rms(x):
    """Root mean square of everything."""
    return x.square().mean().sqrt().item()


def fit(source, target, ridge=1e-3):
    """The matrix W (outputs x inputs) for which source @ W.T is nearest to target, with a little ridge."""
    gram = source.T @ source
    gram += torch.eye(len(gram)) * ridge * gram.diagonal().mean()
    return torch.linalg.solve(gram, source.T @ target).T.contiguous()


def strongest(block, z):
    """The neurons of a feed-forward network, the one that adds most to the residual stream first."""
    hidden = F.silu(F.linear(z, block.ffn_gate)) * F.linear(z, block.ffn_up)
    weight = hidden.square().mean(0) * block.ffn_down.square().sum(0)
    return weight.argsort(descending=True)
