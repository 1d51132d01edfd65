# SPDX-License-Identifier: Apache-2.0
"""deepseek2: V3 (sigmoid routing in groups), V2 and V2-Lite (softmax), in the two layouts of kv_b."""
import numpy as np
import torch
from transformers import DeepseekV2Config, DeepseekV2ForCausalLM, DeepseekV3Config, DeepseekV3ForCausalLM

from . import common
from .common import EPS, Gguf, Spec, add_output, add_table, common_keys

SMALL = dict(vocab_size=128, hidden_size=32, intermediate_size=48, moe_intermediate_size=24, num_hidden_layers=3,
             num_attention_heads=4, num_key_value_heads=4, q_lora_rank=24, kv_lora_rank=32, qk_nope_head_dim=16,
             qk_rope_head_dim=8, v_head_dim=16, n_routed_experts=8, num_experts_per_tok=2, first_k_dense_replace=1,
             max_position_embeddings=2048, rms_norm_eps=EPS)
V3 = dict(n_shared_experts=1, n_group=2, topk_group=1, routed_scaling_factor=1.5, norm_topk_prob=True)
V2 = dict(n_shared_experts=2, topk_method="greedy", norm_topk_prob=False, bos_token_id=0, eos_token_id=1)


def yarn(mscale):
    return dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=512, rope_theta=100.0, beta_fast=32.0,
                beta_slow=1.0, mscale=mscale, mscale_all_dim=mscale)


def set_eps(model):
    """The two inner norms have a fixed epsilon in transformers; files have one for all."""
    for layer in model.model.layers:
        for name in ("q_a_layernorm", "kv_a_layernorm"):
            if getattr(layer.self_attn, name, None) is not None:
                getattr(layer.self_attn, name).variance_epsilon = EPS


class ModelV3(DeepseekV3ForCausalLM):
    def __init__(self, config):
        super().__init__(config)
        set_eps(self)


class ModelV2(DeepseekV2ForCausalLM):
    def __init__(self, config):
        super().__init__(config)
        set_eps(self)


def fill(name, shape, rng):
    if name.endswith("e_score_correction_bias"):
        return rng.standard_normal(shape) * 0.15
    if name.endswith("mlp.gate.weight"):
        return common.projection(rng, shape, 2.0)
    return common.projection(rng, shape, 2.0) if "q_b_proj" in name or "q_proj" in name else None


def margin(model, tokens):
    """Of the groups and of the experts of the best group."""
    gaps = []
    for router, logits in common.captured(model, tokens, "TopkRouter"):
        biased = hasattr(router, "e_score_correction_bias")
        scores = logits.sigmoid() + router.e_score_correction_bias if biased else logits
        if biased:
            groups = scores.view(len(scores), router.num_group, -1)
            sums = groups.topk(2, dim=-1).values.sum(-1)
            gaps.append(common.top_k_margin(sums, router.topk_group))
            assert router.topk_group == 1
            scores = groups[torch.arange(len(scores)), sums.argmax(-1)]
        gaps.append(common.top_k_margin(scores, router.top_k))
    return min(gaps)


def export(spec, config, w, legacy=False):
    g = Gguf("deepseek2", spec.name)
    v3 = isinstance(config, DeepseekV3Config)
    dn, dr, dv, c = config.qk_nope_head_dim, config.qk_rope_head_dim, config.v_head_dim, config.kv_lora_rank
    common_keys(g, config, **{"attention.head_count_kv": config.num_attention_heads if legacy else 1})
    if config.q_lora_rank:
        g.set("attention.q_lora_rank", config.q_lora_rank)
    g.set("attention.kv_lora_rank", c)
    g.set("attention.key_length", dn + dr if legacy else c + dr)
    g.set("attention.value_length", dv if legacy else c)
    if not legacy:
        g.set("attention.key_length_mla", dn + dr)
        g.set("attention.value_length_mla", dv)
    g.set("rope.dimension_count", dr)
    g.set("leading_dense_block_count", config.first_k_dense_replace)
    g.set("expert_feed_forward_length", config.moe_intermediate_size)
    g.set("expert_count", config.n_routed_experts)
    g.set("expert_used_count", config.num_experts_per_tok)
    g.set("expert_shared_count", config.n_shared_experts)
    g.set("expert_weights_scale", float(config.routed_scaling_factor))
    g.set("expert_weights_norm", bool(config.norm_topk_prob))
    g.set("expert_gating_func", 2 if v3 else 1)
    if v3:
        g.set("expert_group_count", config.n_group)
        g.set("expert_group_used_count", config.topk_group)
    rope = config.rope_parameters
    g.set("rope.freq_base", float(rope["rope_theta"]))
    if rope["rope_type"] == "yarn":
        g.set("rope.scaling.type", "yarn")
        g.set("rope.scaling.factor", float(rope["factor"]))
        g.set("rope.scaling.original_context_length", rope["original_max_position_embeddings"])
        g.set("rope.scaling.yarn_log_multiplier", 0.1 * rope["mscale_all_dim"])
    add_output(g, w)
    for il in range(config.num_hidden_layers):
        add_layer(g, w, il)
        kv_b = w[f"model.layers.{il}.self_attn.kv_b_proj.weight"]
        if legacy:
            g.add(f"blk.{il}.attn_kv_b.weight", kv_b)
        else:
            heads = kv_b.reshape(config.num_attention_heads, dn + dv, c)
            g.add(f"blk.{il}.attn_k_b.weight", heads[:, :dn].swapaxes(1, 2))
            g.add(f"blk.{il}.attn_v_b.weight", heads[:, dn:])
    return g


def add_layer(g, w, il):
    s, t = f"model.layers.{il}.", f"blk.{il}."
    add_table(g, w, {
        s + "input_layernorm": t + "attn_norm", s + "post_attention_layernorm": t + "ffn_norm",
        s + "self_attn.q_proj": t + "attn_q", s + "self_attn.q_a_proj": t + "attn_q_a",
        s + "self_attn.q_a_layernorm": t + "attn_q_a_norm", s + "self_attn.q_b_proj": t + "attn_q_b",
        s + "self_attn.kv_a_proj_with_mqa": t + "attn_kv_a_mqa", s + "self_attn.kv_a_layernorm": t + "attn_kv_a_norm",
        s + "self_attn.o_proj": t + "attn_output", s + "mlp.gate_proj": t + "ffn_gate", s + "mlp.up_proj": t + "ffn_up",
        s + "mlp.down_proj": t + "ffn_down", s + "mlp.gate": t + "ffn_gate_inp",
        s + "mlp.shared_experts.gate_proj": t + "ffn_gate_shexp", s + "mlp.shared_experts.up_proj": t + "ffn_up_shexp",
        s + "mlp.shared_experts.down_proj": t + "ffn_down_shexp"})
    if s + "mlp.experts.gate_up_proj" in w:
        gate, up = np.split(w[s + "mlp.experts.gate_up_proj"], 2, axis=1)
        g.add(t + "ffn_gate_exps.weight", gate)
        g.add(t + "ffn_up_exps.weight", up)
        g.add(t + "ffn_down_exps.weight", w[s + "mlp.experts.down_proj"])
    if s + "mlp.gate.e_score_correction_bias" in w:
        g.add(t + "exp_probs_b.bias", w[s + "mlp.gate.e_score_correction_bias"])


def export_legacy(spec, config, w):
    return export(spec, config, w, legacy=True)


def lite(layers):
    return DeepseekV2Config(**SMALL | V2 | dict(q_lora_rank=None, rope_parameters=yarn(0.707), tie_word_embeddings=True,
                                                routed_scaling_factor=1.0, num_hidden_layers=layers))


def v2():
    return DeepseekV2Config(**SMALL | V2 | dict(routed_scaling_factor=1.6, rope_parameters=dict(
        rope_type="default", rope_theta=100.0)))


def v3():
    return DeepseekV3Config(**SMALL | V3 | dict(rope_parameters=yarn(1.0)))


COMMON = dict(fill=fill, margins=margin)
SPECS = [
    Spec("deepseek2_v3", "deepseek2", v3, ModelV3, export, **COMMON, note="attn_k_b and attn_v_b"),
    Spec("deepseek2_v3_legacy", "deepseek2", v3, ModelV3, export_legacy, **COMMON, note="attn_kv_b"),
    Spec("deepseek2_v2", "deepseek2", v2, ModelV2, export, **COMMON, note="no YaRN, softmax, no groups"),
    Spec("deepseek2_lite", "deepseek2", lambda: lite(3), ModelV2, export, **COMMON, llama_cpp=False,
         note="no q LoRA; llama.cpp recognises this by the number of layers"),
    Spec("deepseek2_lite_legacy", "deepseek2", lambda: lite(3), ModelV2, export_legacy, **COMMON, llama_cpp=False),
    Spec("deepseek2_lite_twin", "deepseek2", lambda: lite(27), ModelV2, export, **COMMON, kept=False,
         note="27 layers, not kept"),
    Spec("deepseek2_lite_legacy_twin", "deepseek2", lambda: lite(27), ModelV2, export_legacy, **COMMON, kept=False,
         note="27 layers, not kept"),
]
