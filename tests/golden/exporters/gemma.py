# SPDX-License-Identifier: Apache-2.0
"""gemma2 and gemma3. Their norms hold w - 1 in transformers and w in the file."""
import numpy as np
from transformers import Gemma2Config, Gemma2ForCausalLM, Gemma3ForCausalLM, Gemma3TextConfig

from .common import EPS, Gguf, Spec, add_output, add_table, common_keys, uniform

SMALL = dict(vocab_size=128, hidden_size=32, intermediate_size=64, num_attention_heads=4, num_key_value_heads=2,
             head_dim=16, query_pre_attn_scalar=16, max_position_embeddings=256, rms_norm_eps=EPS, sliding_window=8)


def fill(name, shape, rng):
    if "norm" in name:
        return uniform(rng, shape, -0.3, 0.3)
    return rng.standard_normal(shape) * 0.25 if "embed_tokens" in name else None


def export(spec, config, w):
    g = Gguf(spec.architecture, spec.name)
    for name in w:
        if "norm" in name:
            w[name] = w[name] + np.float32(1)
    common_keys(g, config)
    g.set("attention.key_length", config.head_dim)
    g.set("attention.value_length", config.head_dim)
    g.set("attention.sliding_window", config.sliding_window)
    for key in ("attn_logit_softcapping", "final_logit_softcapping"):
        if getattr(config, key) is not None:
            g.set(key, float(getattr(config, key)))
    rope = config.rope_parameters
    full = rope.get("full_attention", rope)
    g.set("rope.freq_base", float(full["rope_theta"]))
    if "sliding_attention" in rope:
        g.set("rope.freq_base_swa", float(rope["sliding_attention"]["rope_theta"]))
    if full["rope_type"] == "linear":
        g.set("rope.scaling.type", "linear")
        g.set("rope.scaling.factor", float(full["factor"]))
    add_output(g, w)
    for il in range(config.num_hidden_layers):
        s, t = f"model.layers.{il}.", f"blk.{il}."
        add_table(g, w, {
            s + "input_layernorm": t + "attn_norm", s + "post_attention_layernorm": t + "post_attention_norm",
            s + "pre_feedforward_layernorm": t + "ffn_norm", s + "post_feedforward_layernorm": t + "post_ffw_norm",
            s + "self_attn.q_proj": t + "attn_q", s + "self_attn.k_proj": t + "attn_k",
            s + "self_attn.v_proj": t + "attn_v", s + "self_attn.o_proj": t + "attn_output",
            s + "self_attn.q_norm": t + "attn_q_norm", s + "self_attn.k_norm": t + "attn_k_norm",
            s + "mlp.gate_proj": t + "ffn_gate", s + "mlp.up_proj": t + "ffn_up", s + "mlp.down_proj": t + "ffn_down"})
    return g


def gemma3(factor=None, **more):
    full = dict(rope_type="linear", factor=factor) if factor else dict(rope_type="default")
    rope = dict(full_attention=full | dict(rope_theta=1e6), sliding_attention=dict(rope_type="default", rope_theta=1e4))
    return Gemma3TextConfig(**SMALL | dict(num_hidden_layers=7, rope_parameters=rope) | more)


SPECS = [
    Spec("gemma2", "gemma2",
         lambda: Gemma2Config(**SMALL | dict(num_hidden_layers=5, attn_logit_softcapping=2.5,
                                             final_logit_softcapping=3.0)), Gemma2ForCausalLM, export, fill=fill),
    Spec("gemma3", "gemma3", lambda: gemma3(factor=8.0), Gemma3ForCausalLM, export, fill=fill),
    Spec("gemma3_untied_capped", "gemma3",
         lambda: gemma3(final_logit_softcapping=3.0, tie_word_embeddings=False, head_dim=24, query_pre_attn_scalar=24),
         Gemma3ForCausalLM, export, fill=fill),
]
