# SPDX-License-Identifier: Apache-2.0
"""Manifold-constrained hyper-connections: four residual streams, mixed by small learned matrices."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from model import RmsNorm

N = 4                                           # streams
EVEN = -math.log(N - 1)                         # sigmoid(EVEN) is 1 / N


class Hyper(nn.Module):
    """The mixing around one half of a layer; starts as one residual stream in four copies."""

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.fn = nn.Parameter(torch.randn((2 + N) * N, N * c.n_embd) * 0.003)
        own = torch.full((N, N), -2.0).fill_diagonal_(2.0).flatten()
        start = torch.cat((torch.full((N,), EVEN), torch.zeros(N), own))
        self.base = nn.Parameter(start + torch.randn((2 + N) * N) * 0.05)
        self.scale = nn.Parameter(torch.full((3,), 0.3))

    def forward(self, streams):
        """pre (B, T, 4), post (B, T, 4) and comb (B, T, 4 to, 4 from) of the streams (B, T, 4, E)."""
        c, eps = self.c, self.c.hyper_eps
        m = F.linear(RmsNorm.apply(streams.flatten(2), c.eps, torch.float32), self.fn)
        pre, post, comb = m.split((N, N, N * N), -1)
        base, scale = self.base.split((N, N, N * N)), self.scale
        pre = torch.sigmoid(pre * scale[0] + base[0]) + eps
        post = 2 * torch.sigmoid(post * scale[1] + base[1])
        comb = (comb * scale[2] + base[2]).view(*m.shape[:2], N, N).permute(2, 3, 0, 1)     # from, to, B, T
        comb = torch.softmax(comb, 1) + eps
        comb = comb / (comb.sum(0, keepdim=True) + eps)
        for _ in range(c.sinkhorn - 1):
            comb = comb / (comb.sum(1, keepdim=True) + eps)
            comb = comb / (comb.sum(0, keepdim=True) + eps)
        return pre, post, comb.permute(2, 3, 1, 0)


class OutputHyper(nn.Module):
    """The weights with which the four streams become one before the last norm."""

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.fn = nn.Parameter(torch.randn(N, N * c.n_embd) * 0.01)
        self.base = nn.Parameter(torch.full((N,), EVEN))
        self.scale = nn.Parameter(torch.full((1,), 0.3))

    def forward(self, streams):
        """(B, T, 4)."""
        m = F.linear(RmsNorm.apply(streams.flatten(2), self.c.eps, torch.float32), self.fn)
        return torch.sigmoid(m * self.scale + self.base) + self.c.hyper_eps
