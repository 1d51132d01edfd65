# SPDX-License-Identifier: Apache-2.0
"""gemma4: small models (shared K and V, per-layer embeddings, wide MLPs) and large ones (V from K, experts)."""
import numpy as np
from transformers import Gemma4ForCausalLM, Gemma4TextConfig

from . import common
from .common import EPS, Gguf, Spec, add_output, add_table, common_keys, uniform

SMALL = dict(vocab_size=128, vocab_size_per_layer_input=128, hidden_size=32, intermediate_size=48,
             num_attention_heads=4, num_key_value_heads=1, head_dim=16, global_head_dim=32, max_position_embeddings=256,
             rms_norm_eps=EPS, sliding_window=8, hidden_size_per_layer_input=0, final_logit_softcapping=4.0)


def config(layers, period, **more):
    types = ["full_attention" if il % period == period - 1 else "sliding_attention" for il in range(layers)]
    return Gemma4TextConfig(**SMALL | dict(num_hidden_layers=layers, layer_types=types) | more)


def fill(name, shape, rng):
    if name.endswith(("q_norm.weight", "k_norm.weight")):
        return uniform(rng, shape, 0.4, 1.1)  # the scores are not divided by sqrt(d)
    if name.endswith(("layer_scalar", "per_expert_scale", "router.scale")):
        return uniform(rng, shape, 0.6, 1.4)
    if name.endswith("router.proj.weight"):
        return common.projection(rng, shape, 6.0)
    if "embed_tokens_per_layer" in name:
        return rng.standard_normal(shape) * 0.4
    return rng.standard_normal(shape) * 0.3 if "embed_tokens" in name else None


def export(spec, config, w):
    g = Gguf("gemma4", spec.name)
    layers = [config.per_layer_config[il] for il in range(config.num_hidden_layers)]
    windowed = [kind == "sliding_attention" for kind in config.layer_types]
    own = config.num_hidden_layers - config.num_kv_shared_layers
    widths = [config.intermediate_size * (2 if config.use_double_wide_mlp and il >= own else 1)
              for il in range(config.num_hidden_layers)]
    kv_heads = [layer.num_key_value_heads for layer in layers]
    config.allow_global_per_layer_attribute_access = True
    one = lambda values: values[0] if len(set(values)) == 1 else values
    common_keys(g, config, **{"feed_forward_length": one(widths), "attention.head_count_kv": one(kv_heads)})
    head, head_swa = layers[windowed.index(False)].head_dim, layers[windowed.index(True)].head_dim
    for suffix, size in (("", head), ("_swa", head_swa)):
        g.set("attention.key_length" + suffix, size)
        g.set("attention.value_length" + suffix, size)
        g.set("rope.dimension_count" + suffix, size)
    g.set("attention.sliding_window", config.sliding_window)
    g.set("attention.sliding_window_pattern", windowed)
    g.set("attention.shared_kv_layers", config.num_kv_shared_layers)
    g.set("embedding_length_per_layer_input", config.hidden_size_per_layer_input)
    g.set("rope.freq_base", float(config.rope_parameters["full_attention"]["rope_theta"]))
    g.set("rope.freq_base_swa", float(config.rope_parameters["sliding_attention"]["rope_theta"]))
    g.set("final_logit_softcapping", float(config.final_logit_softcapping or 0))  # llama.cpp takes 30 if it is absent
    if config.enable_moe_block:
        g.set("expert_count", config.num_experts)
        g.set("expert_used_count", config.top_k_experts)
        g.set("expert_feed_forward_length", config.moe_intermediate_size)
    add_output(g, w)
    turned = int(config.rope_parameters["full_attention"]["partial_rotary_factor"] * head / 2)
    g.add("rope_freqs.weight", [1.0] * turned + [1e30] * (head // 2 - turned))
    add_table(g, w, {"model.embed_tokens_per_layer": "per_layer_token_embd",
                     "model.per_layer_model_projection": "per_layer_model_proj",
                     "model.per_layer_projection_norm": "per_layer_proj_norm"})
    for il in range(config.num_hidden_layers):
        add_layer(g, w, f"model.layers.{il}.", f"blk.{il}.")
    return g


def add_layer(g, w, s, t):
    add_table(g, w, {
        s + "input_layernorm": t + "attn_norm", s + "post_attention_layernorm": t + "post_attention_norm",
        s + "pre_feedforward_layernorm": t + "ffn_norm", s + "post_feedforward_layernorm": t + "post_ffw_norm",
        s + "pre_feedforward_layernorm_2": t + "pre_ffw_norm_2",
        s + "post_feedforward_layernorm_1": t + "post_ffw_norm_1",
        s + "post_feedforward_layernorm_2": t + "post_ffw_norm_2",
        s + "self_attn.q_proj": t + "attn_q", s + "self_attn.k_proj": t + "attn_k",
        s + "self_attn.v_proj": t + "attn_v", s + "self_attn.o_proj": t + "attn_output",
        s + "self_attn.q_norm": t + "attn_q_norm", s + "self_attn.k_norm": t + "attn_k_norm",
        s + "mlp.gate_proj": t + "ffn_gate", s + "mlp.up_proj": t + "ffn_up", s + "mlp.down_proj": t + "ffn_down",
        s + "per_layer_input_gate": t + "inp_gate", s + "per_layer_projection": t + "proj",
        s + "post_per_layer_input_norm": t + "post_norm", s + "router.proj": t + "ffn_gate_inp"})
    g.add(t + "layer_output_scale.weight", w[s + "layer_scalar"])
    if s + "experts.gate_up_proj" in w:
        g.add(t + "ffn_gate_inp.scale", w[s + "router.scale"])
        g.add(t + "ffn_gate_up_exps.weight", w[s + "experts.gate_up_proj"])
        g.add(t + "ffn_down_exps.weight", w[s + "experts.down_proj"])
        g.add(t + "ffn_down_exps.scale", w[s + "router.per_expert_scale"])


def margin(model, tokens):
    gates = model(input_ids=tokens, use_cache=False, output_router_logits=True).router_logits
    return min(common.top_k_margin(gate.log(), model.config.top_k_experts) for gate in gates)


def separate(g):
    """The experts' gate and up in two tensors."""
    for name in [n for n in g.tensors if n.endswith("ffn_gate_up_exps.weight")]:
        gate, up = np.split(g.tensors.pop(name), 2, axis=1)
        g.add(name.replace("gate_up", "gate"), gate)
        g.add(name.replace("gate_up", "up"), up)
    return g


LARGE = dict(num_key_value_heads=2, num_global_key_value_heads=1, attention_k_eq_v=True)
MOE = dict(enable_moe_block=True, num_experts=4, top_k_experts=2, moe_intermediate_size=24)

SPECS = [
    Spec("gemma4_small", "gemma4",
         lambda: config(10, 5, num_kv_shared_layers=5, hidden_size_per_layer_input=8, use_double_wide_mlp=True),
         Gemma4ForCausalLM, export, fill=fill, note="like E2B"),
    Spec("gemma4_shared", "gemma4", lambda: config(9, 3, num_kv_shared_layers=6, num_key_value_heads=2),
         Gemma4ForCausalLM, export, fill=fill, note="shared K and V without per-layer embeddings"),
    Spec("gemma4_ple", "gemma4",
         lambda: config(5, 5, hidden_size_per_layer_input=8, tie_word_embeddings=False, final_logit_softcapping=None),
         Gemma4ForCausalLM, export, fill=fill, note="per-layer embeddings without sharing, own output, no cap"),
    Spec("gemma4_large", "gemma4", lambda: config(6, 6, **LARGE), Gemma4ForCausalLM, export, fill=fill,
         note="like 31B: V from K in full layers, KV heads by layer"),
    Spec("gemma4_moe", "gemma4", lambda: config(6, 6, **LARGE | MOE), Gemma4ForCausalLM, export, fill=fill,
         margins=margin, note="like 26B-A4B"),
    Spec("gemma4_moe_split", "gemma4", lambda: config(3, 3, **MOE), Gemma4ForCausalLM,
         lambda spec, config, w: separate(export(spec, config, w)), fill=fill, margins=margin,
         note="gate and up of the experts in two tensors"),
]
