# SPDX-License-Identifier: Apache-2.0
"""phi3 with the two tables of rotation factors."""
import math

import numpy as np
from transformers import Phi3Config, Phi3ForCausalLM

from .common import EPS, Gguf, Spec, add_output, add_table, common_keys


def config(maximum, original, partial=1.0, attention_factor=None, **more):
    pairs = int(16 * partial) // 2
    rope = dict(rope_type="longrope", rope_theta=1000.0, original_max_position_embeddings=original,
                partial_rotary_factor=partial, short_factor=[float(x) for x in np.linspace(1.0, 1.8, pairs)],
                long_factor=[float(x) for x in np.linspace(1.2, 7.0, pairs)])
    if attention_factor is not None:
        rope["attention_factor"] = attention_factor
    return Phi3Config(vocab_size=128, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                      max_position_embeddings=maximum, original_max_position_embeddings=original,
                      rms_norm_eps=EPS, rope_parameters=rope, pad_token_id=0, eos_token_id=1, **more)


def export(spec, config, w):
    g = Gguf("phi3", spec.name)
    p = config.rope_parameters
    original = p["original_max_position_embeddings"]
    ratio = config.max_position_embeddings / original
    factor = p.get("attention_factor") or (math.sqrt(1 + math.log(ratio) / math.log(original)) if ratio > 1 else 1.0)
    n_rot = int(16 * p["partial_rotary_factor"])
    common_keys(g, config)
    g.set("rope.dimension_count", n_rot)
    g.set("rope.freq_base", float(p["rope_theta"]))
    g.set("rope.scaling.original_context_length", original)
    g.set("rope.scaling.attn_factor", float(factor))
    g.set("attention.sliding_window", 8)  # ignored by llama.cpp, and so here
    add_output(g, w)
    g.add("rope_factors_long.weight", p["long_factor"])
    g.add("rope_factors_short.weight", p["short_factor"])
    for il in range(config.num_hidden_layers):
        s, t = f"model.layers.{il}.", f"blk.{il}."
        add_table(g, w, {
            s + "input_layernorm": t + "attn_norm", s + "self_attn.qkv_proj": t + "attn_qkv",
            s + "self_attn.o_proj": t + "attn_output", s + "post_attention_layernorm": t + "ffn_norm",
            s + "mlp.gate_up_proj": t + "ffn_up", s + "mlp.down_proj": t + "ffn_down"})
    return g


SPECS = [
    Spec("phi3_long", "phi3", lambda: config(128, 32), Phi3ForCausalLM, export, positions=48,
         note="more positions than the original context: the long table"),
    Spec("phi3_short", "phi3",
         lambda: config(256, 256, partial=0.75, attention_factor=1.19, num_key_value_heads=2, tie_word_embeddings=True),
         Phi3ForCausalLM, export, note="the short table, 12 of 16 rotated"),
]
