# SPDX-License-Identifier: Apache-2.0
"""What all exporters share: random weights, the run in transformers, the GGUF writer."""
import contextlib
import dataclasses
from collections.abc import Callable

import gguf
import numpy as np
import torch

from .precision import everything_double

EPS = 0.01  # of the norms: large enough that a wrong one is seen


@dataclasses.dataclass
class Spec:
    """One tiny model.

    config: makes the transformers configuration. model_class: the causal model. export: (spec, config, weights) ->
    Gguf, weights being name -> f32 array. fill: (name, shape, rng) -> values, or None for the default of fill_default().
    margins: (model, tokens) -> smallest gap of any choice (top-k) that it makes, infinite without one.
    """

    name: str
    architecture: str
    config: Callable
    model_class: type
    export: Callable
    vocab: int = 128
    positions: int = 40
    fill: Callable | None = None
    margins: Callable | None = None
    min_margin: float = 1e-3
    seed: int = 0
    llama_cpp: bool = True  # whether llama.cpp can load it
    kept: bool = True  # or only compared with llama.cpp
    note: str = ""


class Gguf:
    """Keys and tensors of one file. Keys without a dot at their start are prefixed by the architecture."""

    def __init__(self, architecture, name):
        self.architecture = architecture
        self.keys = {"general.name": name}
        self.tensors = {}

    def set(self, key, value):
        self.keys[f"{self.architecture}.{key}"] = value

    def add(self, name, values, dtype=np.float32):
        assert name not in self.tensors, name
        self.tensors[name] = np.ascontiguousarray(values, dtype=dtype)

    def write(self, path):
        w = gguf.GGUFWriter(path, self.architecture)
        for key, value in self.keys.items():
            if isinstance(value, list):
                w.add_array(key, value)
            else:
                {str: w.add_string, bool: w.add_bool, float: w.add_float32, int: w.add_uint32}[type(value)](key, value)
        w.add_string("tokenizer.ggml.model", "no_vocab")
        for name, values in self.tensors.items():
            w.add_tensor(name, values)
        w.write_header_to_file()
        w.write_kv_data_to_file()
        w.write_tensors_to_file()
        w.close()


def uniform(rng, shape, low, high):
    return rng.uniform(low, high, shape)


def projection(rng, shape, spread=1.0):
    """Rows along the last dimension, values near 1 / sqrt(fan-in)."""
    return rng.standard_normal(shape) * spread / np.sqrt(shape[-1])


def fill_default(name, shape, rng):
    if "norm" in name and len(shape) == 1:
        return uniform(rng, shape, 0.7, 1.3)
    if name.endswith("bias"):
        return rng.standard_normal(shape) * 0.3
    if "embed_tokens" in name:
        return rng.standard_normal(shape) * 0.5
    return projection(rng, shape, 1.2)


def random_weights(spec, model, seed):
    """name -> f32 array for each parameter and each kept buffer, a random stream for each name."""
    out = {}
    entries = list(model.named_parameters()) + [(n, b) for n, b in model.named_buffers() if n in model.state_dict()]
    for name, tensor in entries:
        rng = np.random.default_rng([seed, *name.encode()])
        shape = tuple(tensor.shape)
        values = spec.fill(name, shape, rng) if spec.fill else None
        if values is None:
            values = fill_default(name, shape, rng)
        kind = np.float32 if tensor.dtype.is_floating_point else np.int64
        out[name] = np.asarray(values).astype(kind).reshape(shape)
    return out


def tokens_of(spec):
    return np.random.default_rng([*spec.name.encode()]).integers(0, spec.vocab, spec.positions)


def make_model(spec, weights=None):
    config = spec.config()
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    model = spec.model_class(config).eval().to(torch.get_default_dtype())
    if weights is not None:
        load(model, weights)
    return model


def load(model, weights):
    entries = dict(model.named_parameters()) | dict(model.named_buffers())
    with torch.no_grad():
        for name, values in weights.items():
            entries[name].copy_(torch.from_numpy(values))


def logits_of(model, tokens):
    """(positions, vocab). Naming every position keeps models with shared caches from dropping some on the way."""
    with torch.no_grad():
        return model(input_ids=tokens, use_cache=False, logits_to_keep=torch.arange(tokens.shape[1])).logits[0].numpy()


def run(spec, weights, double, inspect=None):
    """(positions, vocab) logits; inspect(model, tokens) sees the model under the same precision."""

    def forward():
        model = make_model(spec, weights)
        tokens = torch.from_numpy(tokens_of(spec))[None]
        logits = logits_of(model, tokens)
        with torch.no_grad():
            return (logits, inspect(model, tokens)) if inspect else logits

    if double:
        with everything_double():
            return forward()
    return forward()


@contextlib.contextmanager
def gelu_of_f16():
    """GELU as llama.cpp has it on the CPU: from a table of f16 values at f16 places, so 3 digits only."""
    exact = torch.nn.functional.gelu

    def table(x, approximate="none"):
        y = exact(x.half().to(x.dtype), approximate=approximate).half().to(x.dtype)
        return torch.where(x >= 10, x, torch.where(x <= -10, torch.zeros_like(x), y))

    torch.nn.functional.gelu = table
    try:
        yield
    finally:
        torch.nn.functional.gelu = exact


def relative_l2_rows(got, want):
    return np.linalg.norm(got.astype(np.float64) - want, axis=-1) / np.linalg.norm(want.astype(np.float64), axis=-1)


def relative_l2(got, want):
    """The worst of all positions."""
    return float(relative_l2_rows(got, want).max())


def sensitivity(spec, weights):
    """name -> relative change of the logits when the tensor grows by 1 %."""
    with everything_double():
        model = make_model(spec, weights)
        entries = dict(model.named_parameters()) | dict(model.named_buffers())
        tokens = torch.from_numpy(tokens_of(spec))[None]
        out = {}
        with torch.no_grad():
            base = logits_of(model, tokens)
            for name, values in weights.items():
                if values.dtype != np.float32:
                    continue
                kept = entries[name].clone()
                entries[name].mul_(1.01)
                out[name] = relative_l2(logits_of(model, tokens), base)
                entries[name].copy_(kept)
        return out


def common_keys(g, config, **more):
    """The keys that every architecture has; values of `more` replace or add (None leaves out)."""
    keys = {
        "context_length": config.max_position_embeddings,
        "embedding_length": config.hidden_size,
        "block_count": config.num_hidden_layers,
        "feed_forward_length": getattr(config, "intermediate_size", None),
        "attention.head_count": config.num_attention_heads,
        "attention.head_count_kv": config.num_key_value_heads,
        "attention.layer_norm_rms_epsilon": float(config.rms_norm_eps),
        "vocab_size": config.vocab_size,
    } | more
    for key, value in keys.items():
        if value is not None:
            g.set(key, value)


def add_table(g, weights, renames):
    """weights[source] as `target`.weight or .bias, for each pair of {source stem: target stem} that is there."""
    for source, target in renames.items():
        for suffix in ("weight", "bias"):
            if f"{source}.{suffix}" in weights:
                g.add(f"{target}.{suffix}", weights[f"{source}.{suffix}"])


def add_output(g, weights, plus=0.0, prefix="model."):
    g.add("token_embd.weight", weights[prefix + "embed_tokens.weight"])
    g.add("output_norm.weight", weights[prefix + "norm.weight"] + np.float32(plus))
    if "lm_head.weight" in weights:
        g.add("output.weight", weights["lm_head.weight"])


def top_k_margin(scores, k):
    """Smallest gap, in units of the scores' spread, between the last one chosen and the first one left out."""
    ordered = torch.sort(scores.reshape(-1, scores.shape[-1]), dim=-1, descending=True).values
    return float((ordered[:, k - 1] - ordered[:, k]).min() / scores.std()) if k < scores.shape[-1] else float("inf")


def captured(model, tokens, class_suffix):
    """[(module, its first output)] in the order of the calls, for the modules whose class ends so."""
    found = []

    def hook(module, _, output):
        found.append((module, output[0] if isinstance(output, tuple) else output))

    hooks = [m.register_forward_hook(hook) for m in model.modules() if type(m).__name__.endswith(class_suffix)]
    logits_of(model, tokens)
    for handle in hooks:
        handle.remove()
    return found
