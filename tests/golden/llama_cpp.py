# SPDX-License-Identifier: Apache-2.0
"""Logits and tokens from llama.cpp through its C functions, which the package `xllamacpp` exports.

The two parameter structures are passed as blocks of bytes that are larger than any version of them; only the leading
fields, whose places are stable, are changed.
"""
import ctypes

import numpy as np
import xllamacpp.xllamacpp

_lib = ctypes.CDLL(xllamacpp.xllamacpp.__file__)


class _Params(ctypes.Structure):
    _fields_ = [("words", ctypes.c_int32 * 256)]


class _Batch(ctypes.Structure):
    _fields_ = [("n_tokens", ctypes.c_int32)] + [
        (name, ctypes.c_void_p) for name in ("token", "embd", "pos", "n_seq_id", "seq_id", "logits")
    ]


_pointer = ctypes.c_void_p
_lib.llama_model_default_params.restype = _Params
_lib.llama_context_default_params.restype = _Params
_lib.llama_model_load_from_file.restype = _pointer
_lib.llama_model_load_from_file.argtypes = [ctypes.c_char_p, _Params]
_lib.llama_init_from_model.restype = _pointer
_lib.llama_init_from_model.argtypes = [_pointer, _Params]
_lib.llama_batch_init.restype = _Batch
_lib.llama_batch_init.argtypes = [ctypes.c_int32, ctypes.c_int32, ctypes.c_int32]
_lib.llama_decode.argtypes = [_pointer, _Batch]
_lib.llama_get_logits.restype = ctypes.POINTER(ctypes.c_float)
_lib.llama_get_logits.argtypes = [_pointer]
_lib.llama_model_get_vocab.restype = _pointer
_lib.llama_model_get_vocab.argtypes = [_pointer]
_lib.llama_vocab_n_tokens.argtypes = [_pointer]
_lib.llama_tokenize.argtypes = [_pointer, ctypes.c_char_p, ctypes.c_int32, _pointer, ctypes.c_int32] + [ctypes.c_bool] * 2
_lib.llama_backend_init()

# Words of llama_context_params.
_N_CTX, _N_BATCH, _N_UBATCH, _THREADS, _THREADS_BATCH, _FLASH, _TYPE_K, _TYPE_V = 0, 1, 2, 7, 8, 13, 26, 27


class Model:
    """A model with an f32 cache and flash attention off."""

    def __init__(self, path, context=512, threads=2):
        self.model = _lib.llama_model_load_from_file(str(path).encode(), _lib.llama_model_default_params())
        if not self.model:
            raise RuntimeError(f"llama.cpp does not load {path}")
        params = _lib.llama_context_default_params()
        assert list(params.words[0:4]) == [512, 2048, 512, 1] and list(params.words[26:28]) == [1, 1], "other layout"
        for place, value in ((_N_CTX, context), (_N_BATCH, context), (_N_UBATCH, context), (_THREADS, threads),
                             (_THREADS_BATCH, threads), (_FLASH, 0), (_TYPE_K, 0), (_TYPE_V, 0)):
            params.words[place] = value
        self.context = _lib.llama_init_from_model(self.model, params)
        if not self.context:
            raise RuntimeError(f"llama.cpp makes no context for {path}")
        self.vocab = _lib.llama_model_get_vocab(self.model)
        self.n_vocab = _lib.llama_vocab_n_tokens(self.vocab)

    def tokenize(self, text):
        raw = text.encode()
        out = (ctypes.c_int32 * (len(raw) + 8))()
        count = _lib.llama_tokenize(self.vocab, raw, len(raw), out, len(out), True, False)
        assert count >= 0
        return list(out[:count])

    def logits(self, tokens):
        """(len(tokens), n_vocab) f32; a fresh context a call is the caller's business."""
        n = len(tokens)
        batch = _lib.llama_batch_init(n, 0, 1)
        batch.n_tokens = n
        ints = ctypes.POINTER(ctypes.c_int32)
        for i, token in enumerate(tokens):
            ctypes.cast(batch.token, ints)[i] = token
            ctypes.cast(batch.pos, ints)[i] = i
            ctypes.cast(batch.n_seq_id, ints)[i] = 1
            ctypes.cast(batch.seq_id, ctypes.POINTER(ints))[i][0] = 0
            ctypes.cast(batch.logits, ctypes.POINTER(ctypes.c_int8))[i] = 1
        assert _lib.llama_decode(self.context, batch) == 0
        return np.ctypeslib.as_array(_lib.llama_get_logits(self.context), (n, self.n_vocab)).copy()
