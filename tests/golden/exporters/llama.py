# SPDX-License-Identifier: Apache-2.0
"""llama, Mistral and Mixtral, qwen2, qwen3."""
import numpy as np
from transformers import (LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, MixtralConfig,
                          MixtralForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

from . import common
from .common import EPS, Gguf, Spec, add_output, add_table, common_keys

SMALL = dict(vocab_size=128, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=EPS)


def permute(rows, heads):
    """Rows of a head from (half, pair) order to (pair, half) order, as `llama` files hold Q and K."""
    shape = rows.shape
    return rows.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def llama3_factors(config):
    p = config.rope_parameters
    d, factor, original = config.head_dim, p["factor"], p["original_max_position_embeddings"]
    low, high = p["low_freq_factor"], p["high_freq_factor"]
    length = 2 * np.pi * p["rope_theta"] ** (np.arange(0, d, 2) / d)
    smooth = (original / length - low) / (high - low)
    between = 1 / ((1 - smooth) / factor + smooth)
    return np.where(length < original / high, 1, np.where(length > original / low, factor, between))


def rope_keys(g, config):
    p = config.rope_parameters
    g.set("rope.freq_base", float(p["rope_theta"]))
    if p["rope_type"] in ("linear", "yarn"):
        g.set("rope.scaling.type", p["rope_type"])
        g.set("rope.scaling.factor", float(p["factor"]))
    if p["rope_type"] == "yarn":
        g.set("rope.scaling.original_context_length", p["original_max_position_embeddings"])


def export(spec, config, w):
    g = Gguf(spec.architecture, spec.name)
    common_keys(g, config)
    rope_keys(g, config)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if head_dim * config.num_attention_heads != config.hidden_size:
        g.set("attention.key_length", head_dim)
        g.set("attention.value_length", head_dim)
    add_output(g, w)
    if spec.architecture == "llama":
        g.set("rope.dimension_count", head_dim)
        for name in [n for n in w if ".q_proj." in n or ".k_proj." in n]:
            heads = config.num_attention_heads if ".q_proj." in name else config.num_key_value_heads
            w[name] = permute(w[name], heads)
    if config.rope_parameters["rope_type"] == "llama3":
        g.add("rope_freqs.weight", llama3_factors(config))
    for il in range(config.num_hidden_layers):
        s, t = f"model.layers.{il}.", f"blk.{il}."
        add_table(g, w, {
            s + "input_layernorm": t + "attn_norm", s + "post_attention_layernorm": t + "ffn_norm",
            s + "self_attn.q_proj": t + "attn_q", s + "self_attn.k_proj": t + "attn_k",
            s + "self_attn.v_proj": t + "attn_v", s + "self_attn.o_proj": t + "attn_output",
            s + "self_attn.q_norm": t + "attn_q_norm", s + "self_attn.k_norm": t + "attn_k_norm",
            s + "mlp.gate_proj": t + "ffn_gate", s + "mlp.up_proj": t + "ffn_up", s + "mlp.down_proj": t + "ffn_down",
            s + "mlp.gate": t + "ffn_gate_inp"})
        if s + "mlp.experts.gate_up_proj" in w:
            gate, up = np.split(w[s + "mlp.experts.gate_up_proj"], 2, axis=1)
            g.add(t + "ffn_gate_exps.weight", gate)
            g.add(t + "ffn_up_exps.weight", up)
            g.add(t + "ffn_down_exps.weight", w[s + "mlp.experts.down_proj"])
    return g


def export_mistral(spec, config, w):
    g = export(spec, config, w)
    g.set("attention.sliding_window", 8)  # written by some converters, ignored by llama.cpp for this architecture
    return g


def export_mixtral(spec, config, w):
    g = export(spec, config, w)
    g.set("expert_count", config.num_local_experts)
    g.set("expert_used_count", config.num_experts_per_tok)
    return g


def mixtral_margin(model, tokens):
    gates = model(input_ids=tokens, use_cache=False, output_router_logits=True).router_logits
    return min(common.top_k_margin(gate, model.config.num_experts_per_tok) for gate in gates)


def mixtral_fill(name, shape, rng):
    return common.projection(rng, shape, 2.0) if name.endswith("mlp.gate.weight") else None


YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=256, rope_theta=500.0)
LLAMA3 = dict(rope_type="llama3", factor=8.0, original_max_position_embeddings=128, rope_theta=500.0,
              low_freq_factor=1.0, high_freq_factor=4.0)

SPECS = [
    Spec("llama3_rope", "llama", lambda: LlamaConfig(**SMALL | dict(rope_parameters=dict(LLAMA3))), LlamaForCausalLM,
         export),
    Spec("mistral_window_key", "llama",
         lambda: MistralConfig(**SMALL | dict(sliding_window=None, head_dim=32, tie_word_embeddings=True)),
         MistralForCausalLM, export_mistral, note="the window key is there and ignored"),
    Spec("mixtral", "llama",
         lambda: MixtralConfig(**SMALL | dict(num_local_experts=4, num_experts_per_tok=2, hidden_size=32,
                                              intermediate_size=48, sliding_window=None)),
         MixtralForCausalLM, export_mixtral, fill=mixtral_fill, margins=mixtral_margin),
    Spec("qwen2", "qwen2", lambda: Qwen2Config(**SMALL), Qwen2ForCausalLM, export),
    Spec("qwen2_yarn", "qwen2",
         lambda: Qwen2Config(**SMALL | dict(rope_parameters=dict(YARN), tie_word_embeddings=True,
                                            max_position_embeddings=1024)), Qwen2ForCausalLM, export, positions=64),
    Spec("qwen3", "qwen3", lambda: Qwen3Config(**SMALL | dict(head_dim=32)), Qwen3ForCausalLM, export),
    Spec("qwen3_tied", "qwen3",
         lambda: Qwen3Config(**SMALL | dict(head_dim=24, tie_word_embeddings=True,
                                            rope_parameters=dict(rope_type="default", rope_theta=1e6))),
         Qwen3ForCausalLM, export),
]
