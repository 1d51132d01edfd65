# SPDX-License-Identifier: Apache-2.0
"""deepseek4: window, compressed and heavily compressed attention, indexer, hyper-connections, hash routing."""
import numpy as np
from transformers import DeepseekV4Config, DeepseekV4ForCausalLM

from . import common
from .common import EPS, Gguf, Spec, add_output, add_table, common_keys, uniform

SMALL = dict(vocab_size=128, hidden_size=32, moe_intermediate_size=32, num_hidden_layers=4, num_attention_heads=4,
             num_key_value_heads=1, head_dim=32, qk_rope_head_dim=8, q_lora_rank=32, o_groups=2, o_lora_rank=16,
             index_n_heads=8, index_head_dim=64, index_topk=3, n_routed_experts=4, num_experts_per_tok=2,
             n_shared_experts=1, routed_scaling_factor=1.5, num_hash_layers=1, hc_mult=4, hc_sinkhorn_iters=20,
             hc_eps=0.01, swiglu_limit=1.25, sliding_window=8, max_position_embeddings=512, rms_norm_eps=EPS,
             rope_theta=300.0, compress_rope_theta=2000.0)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=512, beta_fast=32.0, beta_slow=1.0)


def config(ratios, **more):
    return DeepseekV4Config(**SMALL | dict(compress_ratios=ratios, num_hidden_layers=len(ratios)) | more)


def fill(name, shape, rng):
    if name.endswith("sinks"):
        return uniform(rng, shape, -1, 1)
    if name.endswith("position_bias") or name.endswith("base"):
        return rng.standard_normal(shape)
    if name.endswith("scale"):
        return uniform(rng, shape, 0.6, 1.4)
    if name.endswith("tid2eid"):
        return np.stack([rng.permutation(SMALL["n_routed_experts"])[: shape[1]] for _ in range(shape[0])])
    if name.endswith("e_score_correction_bias"):
        return rng.standard_normal(shape) * 0.3
    if name.endswith("mlp.gate.weight"):
        return common.projection(rng, shape, 2.0)
    return None


def margin(model, tokens):
    gaps = []
    for router, logits in common.captured(model, tokens, "TopKRouter"):
        scores = router.score_fn(logits) + router.e_score_correction_bias
        gaps.append(common.top_k_margin(scores, router.top_k))
    k = model.config.index_topk
    for _, scores in common.captured(model, tokens, "IndexerScorer"):
        for position in range(scores.shape[1]):
            visible = (position + 1) // 4
            if visible > k:
                gaps.append(common.top_k_margin(scores[0, position : position + 1, :visible], k))
    return min(gaps)


RATIOS = {"sliding_attention": 0, "compressed_sparse_attention": 4, "heavily_compressed_attention": 128}


def export(spec, config, w, arrays=False):
    g = Gguf("deepseek4", spec.name)
    common_keys(g, config, feed_forward_length=None)
    g.set("attention.key_length", config.head_dim)
    g.set("attention.value_length", config.head_dim)
    g.set("attention.q_lora_rank", config.q_lora_rank)
    g.set("attention.output_lora_rank", config.o_lora_rank)
    g.set("attention.output_group_count", config.o_groups)
    g.set("attention.sliding_window", config.sliding_window)
    ratios = [RATIOS[kind] for kind in config.layer_types]
    g.set("attention.compress_ratios", ratios + [0] * arrays)  # published files have an entry for a further block
    g.set("attention.compress_rope_freq_base", float(config.compress_rope_theta))
    g.set("attention.indexer.head_count", config.index_n_heads)
    g.set("attention.indexer.key_length", config.index_head_dim)
    g.set("attention.indexer.top_k", config.index_topk)
    g.set("rope.dimension_count", config.qk_rope_head_dim)
    g.set("rope.freq_base", float(config.rope_theta))
    rope = config.rope_parameters["compress"]
    if rope["rope_type"] == "yarn":
        g.set("rope.scaling.type", "yarn")
        g.set("rope.scaling.factor", float(rope["factor"]))
        g.set("rope.scaling.original_context_length", rope["original_max_position_embeddings"])
        g.set("rope.scaling.yarn_beta_fast", float(rope["beta_fast"]))
        g.set("rope.scaling.yarn_beta_slow", float(rope["beta_slow"]))
    g.set("hyper_connection.count", config.hc_mult)
    g.set("hyper_connection.sinkhorn_iterations", config.hc_sinkhorn_iters)
    g.set("hyper_connection.epsilon", float(config.hc_eps))
    g.set("hash_layer_count", config.mlp_layer_types.count("hash_moe"))
    g.set("expert_count", config.n_routed_experts)
    g.set("expert_used_count", config.num_experts_per_tok)
    g.set("expert_shared_count", config.n_shared_experts)
    g.set("expert_feed_forward_length", config.moe_intermediate_size)
    g.set("expert_gating_func", 4)
    g.set("expert_weights_norm", True)
    g.set("expert_weights_scale", float(config.routed_scaling_factor))
    for key in ("swiglu_clamp_exp", "swiglu_clamp_shexp")[: 1 + arrays]:
        g.set(key, [float(config.swiglu_limit)] * len(ratios) if arrays else float(config.swiglu_limit))
    add_output(g, w)
    for part in ("fn", "base", "scale"):
        g.add(f"output_hc_{part}.weight", w[f"model.hc_head.hc_{part}"])
    for il in range(config.num_hidden_layers):
        add_layer(g, w, f"model.layers.{il}.", f"blk.{il}.")
    return g


def add_layer(g, w, s, t):
    a, c = s + "self_attn.", s + "self_attn.compressor."
    add_table(g, w, {
        s + "input_layernorm": t + "attn_norm", s + "post_attention_layernorm": t + "ffn_norm",
        a + "q_a_proj": t + "attn_q_a", a + "q_a_norm": t + "attn_q_a_norm", a + "q_b_proj": t + "attn_q_b",
        a + "kv_proj": t + "attn_kv", a + "kv_norm": t + "attn_kv_a_norm", a + "o_a_proj": t + "attn_output_a",
        a + "o_b_proj": t + "attn_output_b", c + "kv_proj": t + "attn_compressor_kv",
        c + "gate_proj": t + "attn_compressor_gate", c + "kv_norm": t + "attn_compressor_norm",
        c + "indexer.kv_proj": t + "indexer_compressor_kv", c + "indexer.gate_proj": t + "indexer_compressor_gate",
        c + "indexer.kv_norm": t + "indexer_compressor_norm", c + "indexer.q_b_proj": t + "indexer.attn_q_b",
        c + "indexer.scorer.weights_proj": t + "indexer.proj", s + "mlp.gate": t + "ffn_gate_inp",
        s + "mlp.shared_experts.gate_proj": t + "ffn_gate_shexp", s + "mlp.shared_experts.up_proj": t + "ffn_up_shexp",
        s + "mlp.shared_experts.down_proj": t + "ffn_down_shexp"})
    g.add(t + "attn_sinks.weight", w[a + "sinks"])
    for source, target in ((c, "attn_compressor_ape"), (c + "indexer.", "indexer_compressor_ape")):
        if source + "position_bias" in w:
            g.add(f"{t}{target}.weight", w[source + "position_bias"])
    for source, target in (("attn_hc", "hc_attn"), ("ffn_hc", "hc_ffn")):
        for part in ("fn", "base", "scale"):
            g.add(f"{t}{target}_{part}.weight", w[f"{s}{source}.{part}"])
    if s + "mlp.gate.tid2eid" in w:
        g.add(t + "ffn_gate_tid2eid.weight", w[s + "mlp.gate.tid2eid"], np.int32)
    else:
        g.add(t + "exp_probs_b.bias", w[s + "mlp.gate.e_score_correction_bias"])
    gate, up = np.split(w[s + "mlp.experts.gate_up_proj"], 2, axis=1)
    g.add(t + "ffn_gate_exps.weight", gate)
    g.add(t + "ffn_up_exps.weight", up)
    g.add(t + "ffn_down_exps.weight", w[s + "mlp.experts.down_proj"])


def pro(index_head_dim):
    return config([128, 4, 4], sliding_window=16, index_topk=4, index_head_dim=index_head_dim, num_hash_layers=2,
                  o_groups=4, o_lora_rank=8, hc_sinkhorn_iters=5, swiglu_limit=2.0, routed_scaling_factor=2.5)


def export_arrays(spec, config, w):
    return export(spec, config, w, arrays=True)


COMMON = dict(fill=fill, margins=margin, min_margin=2e-4)
SPECS = [
    Spec("deepseek4", "deepseek4", lambda: config([0, 4, 128, 4], rope_parameters=dict(YARN)), DeepseekV4ForCausalLM,
         export, positions=264, **COMMON, note="like Flash: two blocks of 128, the indexer chooses 3 of up to 66"),
    Spec("deepseek4_pro", "deepseek4", lambda: pro(16), DeepseekV4ForCausalLM, export_arrays, positions=140, **COMMON,
         llama_cpp=False, note="like Pro: starts with a ratio of 128; clamps by layer; no YaRN; two hash layers"),
    Spec("deepseek4_pro_twin", "deepseek4", lambda: pro(64), DeepseekV4ForCausalLM, export_arrays, positions=140,
         **COMMON, kept=False, note="llama.cpp wants index keys of 64 or more; not kept"),
]
