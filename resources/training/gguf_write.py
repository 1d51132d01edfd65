# SPDX-License-Identifier: Apache-2.0
"""A minimal GGUF v3 writer that needs numpy only.

Tensor data are given row-major with the slowest dimension first (numpy order); GGUF stores
the dimensions fastest first, so shapes are reversed on writing.
"""
import struct

import numpy as np

ALIGN = 32
F32, F16, Q4_0, Q8_0, I32_TENSOR = 0, 1, 2, 8, 26    # ggml_type
FILE_TYPE = {F32: 0, F16: 1, Q4_0: 2, Q8_0: 7}  # general.file_type (llama_ftype)
BY_NAME = {"f32": F32, "f16": F16, "q4_0": Q4_0, "q8_0": Q8_0}


class U32(int):
    """A metadata value stored as uint32."""


class I32(int):
    """A metadata value stored as int32."""


class F32Val(float):
    """A metadata value stored as float32."""


def _string(s):
    """A string with its length in front."""
    b = s if isinstance(s, bytes) else s.encode("utf-8")
    return struct.pack("<Q", len(b)) + b


def _scalar(v):
    """(type id, bytes) of one metadata value."""
    if isinstance(v, bool):
        return 7, struct.pack("<?", v)
    if isinstance(v, U32):
        return 4, struct.pack("<I", v)
    if isinstance(v, I32):
        return 5, struct.pack("<i", v)
    if isinstance(v, F32Val):
        return 6, struct.pack("<f", v)
    if isinstance(v, (str, bytes)):
        return 8, _string(v)
    raise TypeError(f"wrap {v!r} as U32, I32, F32Val, bool or str")


def _value(v):
    """A metadata value with its type in front; lists become arrays of their first value's type."""
    if isinstance(v, list):
        parts = [_scalar(x) for x in v]
        return struct.pack("<IIQ", 9, parts[0][0], len(v)) + b"".join(p[1] for p in parts)
    t, b = _scalar(v)
    return struct.pack("<I", t) + b


def quantize(x, kind):
    """x: float32 array whose last dimension is the row. Returns the tensor's bytes."""
    if kind == I32_TENSOR:
        return np.ascontiguousarray(x, dtype=np.int32).tobytes()
    x = np.ascontiguousarray(x, dtype=np.float32)
    if kind == F32:
        return x.tobytes()
    if kind == F16:
        return x.astype(np.float16).tobytes()
    if x.shape[-1] % 32:
        raise ValueError(f"row of {x.shape[-1]} is no multiple of 32")
    b = x.reshape(-1, 32)
    if kind == Q8_0:                          # f16 d, 32 x int8
        d = np.abs(b).max(axis=1) / np.float32(127)
        inv = np.divide(np.float32(1), d, out=np.zeros_like(d), where=d != 0)
        v = b * inv[:, None]
        q = (np.sign(v) * np.floor(np.abs(v) + np.float32(0.5))).astype(np.int8)
        out = np.empty((len(b), 34), np.uint8)
        out[:, :2] = d.astype(np.float16)[:, None].view(np.uint8)
        out[:, 2:] = q.view(np.uint8)
        return out.tobytes()
    if kind == Q4_0:                          # f16 d, 16 bytes: element j low, j + 16 high
        at = np.abs(b).argmax(axis=1)
        d = b[np.arange(len(b)), at] / np.float32(-8)
        inv = np.divide(np.float32(1), d, out=np.zeros_like(d), where=d != 0)
        q = np.minimum(15, np.trunc(b * inv[:, None] + np.float32(8.5))).astype(np.uint8)
        out = np.empty((len(b), 18), np.uint8)
        out[:, :2] = d.astype(np.float16)[:, None].view(np.uint8)
        out[:, 2:] = q[:, :16] | (q[:, 16:] << 4)
        return out.tobytes()
    raise ValueError(kind)


def write(path, meta, tensors):
    """meta: dict of values. tensors: iterable of (name, shape in numpy order, kind, make) where
    make() returns the float32 array; made one at a time, so that big models fit in memory."""
    tensors = list(tensors)
    size = {F32: (1, 4), F16: (1, 2), I32_TENSOR: (1, 4), Q4_0: (32, 18), Q8_0: (32, 34)}
    meta = dict(meta)
    meta.setdefault("general.alignment", U32(ALIGN))
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(meta))]
    for k, v in meta.items():
        head.append(_string(k) + _value(v))
    offset, sizes = 0, []
    for name, shape, kind, _ in tensors:
        per, nbytes = size[kind]
        n = int(np.prod(shape)) // per * nbytes
        head.append(_string(name) + struct.pack("<I", len(shape))
                    + struct.pack(f"<{len(shape)}Q", *reversed(shape)) + struct.pack("<IQ", kind, offset))
        sizes.append(n)
        offset += (n + ALIGN - 1) // ALIGN * ALIGN
    with open(path, "wb") as f:
        f.write(b"".join(head))
        f.write(bytes(-f.tell() % ALIGN))
        for (name, shape, kind, make), n in zip(tensors, sizes):
            data = quantize(make(), kind)
            if len(data) != n:
                raise ValueError(f"{name}: {len(data)} bytes, expected {n}")
            f.write(data)
            f.write(bytes(-n % ALIGN))


NORMAL, CONTROL = 1, 3                        # tokenizer.ggml.token_type
