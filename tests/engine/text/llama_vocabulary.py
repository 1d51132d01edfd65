# SPDX-License-Identifier: Apache-2.0
"""llama.cpp's tokenizer of a GGUF file, through the library inside the PyPI package xllamacpp."""

import ctypes

import xllamacpp
import xllamacpp.xllamacpp as extension

SOURCE = f"llama.cpp by xllamacpp {xllamacpp.__version__}"


class _Params(ctypes.Structure):
    """llama_model_params: only vocab_only is of interest, which leads the flags at byte 72 in this version."""

    _fields_ = [("before", ctypes.c_uint8 * 72), ("vocab_only", ctypes.c_bool), ("after", ctypes.c_uint8 * 7)]


_lib = ctypes.CDLL(extension.__file__)
_lib.llama_model_default_params.restype = _Params
_lib.llama_model_load_from_file.argtypes = [ctypes.c_char_p, _Params]
_lib.llama_model_load_from_file.restype = ctypes.c_void_p
_lib.llama_model_get_vocab.argtypes = [ctypes.c_void_p]
_lib.llama_model_get_vocab.restype = ctypes.c_void_p
_lib.llama_vocab_n_tokens.argtypes = [ctypes.c_void_p]
_lib.llama_vocab_is_eog.argtypes = [ctypes.c_void_p, ctypes.c_int32]
_lib.llama_vocab_is_eog.restype = ctypes.c_bool
_ids = ctypes.POINTER(ctypes.c_int32)
_lib.llama_tokenize.argtypes = [
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_int32,
    _ids,
    ctypes.c_int32,
    ctypes.c_bool,
    ctypes.c_bool,
]
_lib.llama_detokenize.argtypes = [
    ctypes.c_void_p,
    _ids,
    ctypes.c_int32,
    ctypes.c_char_p,
    ctypes.c_int32,
    ctypes.c_bool,
    ctypes.c_bool,
]
_silent = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda level, text, data: None)
_lib.llama_log_set(_silent, None)
_lib.llama_backend_init()


class LlamaVocabulary:
    def __init__(self, path: str) -> None:
        params = _lib.llama_model_default_params()
        params.vocab_only = True
        model = _lib.llama_model_load_from_file(path.encode(), params)
        if not model:
            raise RuntimeError(f"llama.cpp does not load {path}")
        self._vocab = _lib.llama_model_get_vocab(model)

    def encode(self, text: str, special: bool, parse: bool) -> list[int]:
        data = text.encode()
        ids = (ctypes.c_int32 * (2 * len(data) + 8))()
        count = _lib.llama_tokenize(self._vocab, data, len(data), ids, len(ids), special, parse)
        assert count >= 0
        return list(ids[:count])

    def decode(self, ids: list[int]) -> bytes:
        """The text without special tokens, cleaned of spaces where the vocabulary asks for that."""
        array = (ctypes.c_int32 * max(1, len(ids)))(*ids)
        out = ctypes.create_string_buffer(64 * len(ids) + 64)
        count = _lib.llama_detokenize(self._vocab, array, len(ids), out, len(out), True, False)
        assert count >= 0
        return out.raw[:count]

    def end_of_generation(self) -> list[int]:
        return [i for i in range(_lib.llama_vocab_n_tokens(self._vocab)) if _lib.llama_vocab_is_eog(self._vocab, i)]
