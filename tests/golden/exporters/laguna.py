# SPDX-License-Identifier: Apache-2.0
"""laguna: query heads by layer, a softplus gate on what they give (by head or by element), windows, experts."""
import numpy as np
from transformers import LagunaConfig, LagunaForCausalLM

from . import common
from .common import EPS, Gguf, Spec, add_output, add_table, common_keys

SMALL = dict(vocab_size=128, hidden_size=32, intermediate_size=48, num_attention_heads=4, num_key_value_heads=2,
             head_dim=16, max_position_embeddings=256, rms_norm_eps=EPS, moe_intermediate_size=24,
             shared_expert_intermediate_size=20, num_experts=8, num_experts_per_tok=2, moe_routed_scaling_factor=1.5)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=64, rope_theta=100.0, beta_fast=32.0,
            beta_slow=1.0, partial_rotary_factor=0.5)
PLAIN = dict(rope_type="default", rope_theta=30.0, partial_rotary_factor=1.0)


def windowed():
    """One full layer, then three windowed ones, and so on, as in XS.2."""
    types = ["full_attention" if il % 4 == 0 else "sliding_attention" for il in range(6)]
    heads = [4 if kind == "full_attention" else 6 for kind in types]
    return LagunaConfig(**SMALL, num_hidden_layers=6, layer_types=types, num_attention_heads_per_layer=heads,
                        sliding_window=8, gating="per-head",
                        rope_parameters={"full_attention": YARN, "sliding_attention": PLAIN})


def full():
    """No windows, a gate by element and more dense layers, as in M.1; heads by layer all the same."""
    return LagunaConfig(**SMALL, num_hidden_layers=4, num_attention_heads_per_layer=[4, 2, 6, 4], gating="per-element",
                        mlp_layer_types=["dense", "dense", "sparse", "sparse"], tie_word_embeddings=True,
                        rope_parameters={"full_attention": PLAIN | dict(rope_theta=100.0), "sliding_attention": PLAIN})


def fill(name, shape, rng):
    if name.endswith("e_score_correction_bias"):
        return rng.standard_normal(shape) * 0.15
    return common.projection(rng, shape, 2.0) if name.endswith("mlp.gate.weight") else None


def margin(model, tokens):
    return min(common.top_k_margin(logits.sigmoid() + router.e_score_correction_bias, router.top_k)
               for router, logits in common.captured(model, tokens, "TopKRouter"))


def export(spec, config, w):
    g = Gguf("laguna", spec.name)
    common_keys(g, config, **{"attention.head_count": config.num_attention_heads_per_layer})
    g.set("attention.key_length", config.head_dim)
    g.set("attention.value_length", config.head_dim)
    g.set("leading_dense_block_count", config.mlp_layer_types.count("dense"))
    g.set("expert_feed_forward_length", config.moe_intermediate_size)
    g.set("expert_shared_feed_forward_length", config.shared_expert_intermediate_size)
    g.set("expert_count", config.num_experts)
    g.set("expert_used_count", config.num_experts_per_tok)
    g.set("expert_weights_scale", float(config.moe_routed_scaling_factor))
    g.set("expert_weights_norm", True)
    g.set("expert_gating_func", 2)
    add_rotation(g, config)
    add_output(g, w)
    for il in range(config.num_hidden_layers):
        add_layer(g, w, f"model.layers.{il}.", f"blk.{il}.")
    return g


def add_rotation(g, config):
    turned = lambda rope: int(config.head_dim * rope["partial_rotary_factor"])
    rope = config.rope_parameters["full_attention"]
    g.set("rope.dimension_count", turned(rope))
    g.set("rope.freq_base", float(rope["rope_theta"]))
    if rope["rope_type"] == "yarn":
        g.set("rope.scaling.type", "yarn")
        g.set("rope.scaling.factor", float(rope["factor"]))
        g.set("rope.scaling.original_context_length", rope["original_max_position_embeddings"])
    if "sliding_attention" not in config.layer_types:
        return
    rope = config.rope_parameters["sliding_attention"]
    g.set("attention.sliding_window", config.sliding_window)  # without a pattern: all layers but every fourth
    g.set("rope.dimension_count_swa", turned(rope))
    g.set("rope.freq_base_swa", float(rope["rope_theta"]))


def add_layer(g, w, s, t):
    add_table(g, w, {
        s + "input_layernorm": t + "attn_norm", s + "post_attention_layernorm": t + "ffn_norm",
        s + "self_attn.q_proj": t + "attn_q", s + "self_attn.k_proj": t + "attn_k", s + "self_attn.v_proj": t + "attn_v",
        s + "self_attn.q_norm": t + "attn_q_norm", s + "self_attn.k_norm": t + "attn_k_norm",
        s + "self_attn.g_proj": t + "attn_gate", s + "self_attn.o_proj": t + "attn_output",
        s + "mlp.gate_proj": t + "ffn_gate", s + "mlp.up_proj": t + "ffn_up", s + "mlp.down_proj": t + "ffn_down",
        s + "mlp.gate": t + "ffn_gate_inp", s + "mlp.shared_experts.gate_proj": t + "ffn_gate_shexp",
        s + "mlp.shared_experts.up_proj": t + "ffn_up_shexp", s + "mlp.shared_experts.down_proj": t + "ffn_down_shexp"})
    if s + "mlp.experts.gate_up_proj" in w:
        gate, up = np.split(w[s + "mlp.experts.gate_up_proj"], 2, axis=1)
        g.add(t + "ffn_gate_exps.weight", gate)
        g.add(t + "ffn_up_exps.weight", up)
        g.add(t + "ffn_down_exps.weight", w[s + "mlp.experts.down_proj"])
        g.add(t + "exp_probs_b.bias", w[s + "mlp.gate.e_score_correction_bias"])


COMMON = dict(fill=fill, margins=margin)
SPECS = [
    Spec("laguna", "laguna", windowed, LagunaForCausalLM, export, **COMMON, note="like XS.2: windows, a gate by head"),
    Spec("laguna_element", "laguna", full, LagunaForCausalLM, export, **COMMON,
         note="like M.1: full layers only, a gate by element, tied output"),
]
