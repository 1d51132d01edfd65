# SPDX-License-Identifier: Apache-2.0
"""Experts as "deepseek4" has them: scores sqrt(softplus), the best few or those of a table, one shared expert.

All experts are computed as one wide network whose neurons are multiplied by their expert's weight, which is 0 where it
was not chosen: with so few of them that is the fastest way.
"""
import torch
import torch.nn.functional as F
from torch import nn


class Experts(nn.Module):
    """The feed-forward half of a layer."""

    def __init__(self, c, by_token):
        super().__init__()
        self.c, self.by_token = c, by_token
        shape, e, n, f = lambda *s: nn.Parameter(torch.randn(s) * s[-1] ** -0.5), c.n_embd, c.n_expert, c.n_ff
        self.gate_inp = shape(n, e)
        self.gate_exps, self.up_exps, self.down_exps = shape(n, f, e), shape(n, f, e), shape(n, e, f)
        self.gate_shexp, self.up_shexp, self.down_shexp = shape(f, e), shape(f, e), shape(e, f)
        if by_token:
            self.register_buffer("tid2eid", torch.arange(c.n_vocab * c.n_used).view(-1, c.n_used).int() % n)
        else:
            self.probs_b = nn.Parameter(torch.zeros(n), requires_grad=False)

    def weights(self, z, ids):
        """(B, T, experts): the weight of each, 0 where it was not chosen."""
        c, score = self.c, F.softplus(F.linear(z, self.gate_inp)).sqrt()
        if self.by_token:
            chosen = self.tid2eid[ids].long()
        else:
            chosen = (score.detach() + self.probs_b).topk(c.n_used, -1).indices
        picked = torch.zeros_like(score).scatter_(-1, chosen, 1.0)
        if not self.by_token and torch.is_grad_enabled():
            load = picked.mean((0, 1)) * c.n_expert / c.n_used          # 1 is its fair share
            self.probs_b += 0.005 * torch.sign(1 - load)
        score = score * picked
        return score / score.sum(-1, keepdim=True).clamp_min(6.1e-5) * c.expert_scale

    def hidden(self, z, ids):
        """All neurons (B, T, (experts + 1) * n_ff) times their expert's weight; the shared expert's come last."""
        c = self.c
        gate, up = (torch.cat((w.flatten(0, 1), s)) for w, s in
                    ((self.gate_exps, self.gate_shexp), (self.up_exps, self.up_shexp)))
        hidden = F.silu(F.linear(z, gate).clamp(max=c.clamp)) * F.linear(z, up).clamp(-c.clamp, c.clamp)
        weight = self.weights(z, ids).repeat_interleave(c.n_ff, -1)
        return torch.cat((hidden[..., :c.n_expert * c.n_ff] * weight, hidden[..., c.n_expert * c.n_ff:]), -1)

    def down(self):
        """The output matrices side by side (E, (experts + 1) * n_ff)."""
        return torch.cat((self.down_exps.transpose(0, 1).flatten(1), self.down_shexp), 1)

    def forward(self, z, ids):
        return F.linear(self.hidden(z, ids), self.down())
