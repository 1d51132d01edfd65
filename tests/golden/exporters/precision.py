# SPDX-License-Identifier: Apache-2.0
"""Runs a transformers model wholly in double precision.

Its modules convert to float32 by name in their norms, rotations and softmaxes. While the context below is active those
names mean float64, so that model.double() is not undone in the middle.
"""
import contextlib

import torch


@contextlib.contextmanager
def everything_double():
    kept = torch.float32, torch.float, torch.Tensor.float, torch.get_default_dtype()
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.float32, torch.float, torch.Tensor.float = kept[:3]
        torch.set_default_dtype(kept[3])
