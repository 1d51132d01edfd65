# SPDX-License-Identifier: Apache-2.0
"""Reads a GGUF that export_gguf.py wrote (f32, f16 and q8_0) back into the network and its tokenizer."""
import struct

import numpy as np
import torch

import archs
import bpe
import gguf_write as g
import layout

SCALARS = {4: "<I", 5: "<i", 6: "<f", 7: "<?"}


class Reader:
    """The file's header: `meta`, and `entries` {name: (shape in numpy order, kind, offset)}."""

    def __init__(self, path):
        """Reads everything; ValueError where it is no GGUF of version 3."""
        with open(path, "rb") as f:
            self.bytes = f.read()
        self.at = 0
        magic, version, n_tensors, n_meta = self.take("<4sIQQ")
        if magic != b"GGUF" or version != 3:
            raise ValueError(f"{path}: no GGUF of version 3")
        self.meta = {}
        for _ in range(n_meta):
            key = self.string()
            self.meta[key] = self.value(self.take("<I")[0])
        self.entries = {}
        for _ in range(n_tensors):
            name, n_dims = self.string(), self.take("<I")[0]
            shape = self.take(f"<{n_dims}Q")[::-1]
            self.entries[name] = (shape, *self.take("<IQ"))
        self.start = (self.at + g.ALIGN - 1) // g.ALIGN * g.ALIGN

    def take(self, form):
        """The next values, by struct's format."""
        values = struct.unpack_from(form, self.bytes, self.at)
        self.at += struct.calcsize(form)
        return values

    def string(self):
        """The next string."""
        size = self.take("<Q")[0]
        self.at += size
        return self.bytes[self.at - size:self.at].decode("utf-8")

    def value(self, kind):
        """The next metadata value of a type."""
        if kind == 8:
            return self.string()
        if kind == 9:
            inner, count = self.take("<IQ")
            return [self.value(inner) for _ in range(count)]
        return self.take(SCALARS[kind])[0]

    def tensor(self, name):
        """A tensor as float32."""
        shape, kind, offset = self.entries[name]
        n, at = int(np.prod(shape)), self.start + offset
        if kind == g.Q8_0:
            blocks = np.frombuffer(self.bytes, np.uint8, n // 32 * 34, at).reshape(-1, 34)
            scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
            return (scale * blocks[:, 2:].view(np.int8).astype(np.float32)).reshape(shape)
        if kind == g.I32_TENSOR:
            return np.frombuffer(self.bytes, np.int32, n, at).reshape(shape)
        dtype = {g.F32: np.float32, g.F16: np.float16}[kind]
        return np.frombuffer(self.bytes, dtype, n, at).astype(np.float32).reshape(shape)


def load(path):
    """(network, tokenizer) of a GGUF file."""
    r = Reader(path)
    arch = r.meta["general.architecture"]
    net = archs.build(arch, layout.OF[arch].config(lambda key: r.meta[f"{arch}.{key}"], r.tensor))
    state = {name: torch.from_numpy(r.tensor(layout.tensor_name(name)).copy()) for name in net.state_dict()}
    net.load_state_dict(state)
    tok = bpe.Tokenizer([merge.split(" ") for merge in r.meta["tokenizer.ggml.merges"]])
    return net.eval(), tok
