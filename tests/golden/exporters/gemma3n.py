# SPDX-License-Identifier: Apache-2.0
"""gemma3n: four streams (AltUp), Laurel, per-layer embeddings, sparse gates, shared K and V."""
import statistics

import numpy as np
import torch
from transformers import Gemma3nForCausalLM, Gemma3nTextConfig

from .common import EPS, Gguf, Spec, add_output, add_table, common_keys, uniform

SMALL = dict(vocab_size=128, vocab_size_per_layer_input=128, hidden_size=32, intermediate_size=48,
             num_hidden_layers=10, num_attention_heads=4, num_key_value_heads=2, head_dim=16, sliding_window=8,
             hidden_size_per_layer_input=8, laurel_rank=8, num_kv_shared_layers=5, max_position_embeddings=256,
             rms_norm_eps=EPS, final_logit_softcapping=4.0,
             activation_sparsity_pattern=[0.9, 0.7, 0.8, 0.6, 0.0, 0.5, 0.95, 0.0, 0.0, 0.0])


class Gemma3n(Gemma3nForCausalLM):
    """The spread of a sparse gate has the divisor n - 1, as in llama.cpp; transformers has n."""

    def __init__(self, config):
        super().__init__(config)
        for layer in self.model.layers:
            layer.mlp._gaussian_topk = lambda x, mlp=layer.mlp: sparse(x, mlp.activation_sparsity)


def quantile(sparsity):
    return statistics.NormalDist().inv_cdf(sparsity) if sparsity > 0 else float("-inf")


def sparse(x, sparsity):
    return torch.relu(x - (x.mean(-1, keepdim=True) + x.std(-1, keepdim=True, unbiased=True) * quantile(sparsity)))


def fill(name, shape, rng):
    if name.endswith("correct_output_scale"):
        return uniform(rng, shape, 0.5, 1.5)
    if name.endswith("modality_router.weight"):
        return rng.standard_normal(shape) * 0.5 * np.sqrt(shape[-1])  # its input is divided by the width
    if "_coefs.weight" in name:  # small: these products feed back from layer to layer
        return rng.standard_normal(shape) * 0.1
    if name.endswith(("q_norm.weight", "k_norm.weight")):
        return uniform(rng, shape, 0.4, 1.1)  # the scores are not divided by sqrt(d)
    if "embed_tokens_per_layer" in name:
        return rng.standard_normal(shape) * 0.4
    return rng.standard_normal(shape) * 0.3 if "embed_tokens" in name else None


def export(spec, config, w):
    g = Gguf("gemma3n", spec.name)
    widths = list(config.intermediate_size)
    common_keys(g, config, feed_forward_length=widths[0] if len(set(widths)) == 1 else widths)
    g.set("attention.key_length", config.head_dim)
    g.set("attention.value_length", config.head_dim)
    g.set("attention.sliding_window", config.sliding_window)
    g.set("attention.sliding_window_pattern", [kind == "sliding_attention" for kind in config.layer_types])
    g.set("attention.shared_kv_layers", float(config.num_kv_shared_layers))  # published files hold a float
    g.set("embedding_length_per_layer_input", config.hidden_size_per_layer_input)
    g.set("altup.active_idx", config.altup_active_idx)
    g.set("altup.num_inputs", config.altup_num_inputs)
    g.set("activation_sparsity_scale", [quantile(s) for s in config.activation_sparsity_pattern])
    g.set("final_logit_softcapping", float(config.final_logit_softcapping))
    g.set("rope.freq_base", float(config.rope_parameters["full_attention"]["rope_theta"]))
    g.set("rope.freq_base_swa", float(config.rope_parameters["sliding_attention"]["rope_theta"]))
    add_output(g, w)
    for source, target in (("altup_projections", "altup_proj"), ("altup_unembed_projections", "altup_unembd_proj")):
        g.add(target + ".weight", np.stack([w[f"model.{source}.{i}.weight"] for i in range(3)]))
    add_table(g, w, {"model.embed_tokens_per_layer": "per_layer_token_embd",
                     "model.per_layer_model_projection": "per_layer_model_proj",
                     "model.per_layer_projection_norm": "per_layer_proj_norm"})
    for il in range(config.num_hidden_layers):
        s, t = f"model.layers.{il}.", f"blk.{il}."
        add_table(g, w, {
            s + "input_layernorm": t + "attn_norm", s + "post_attention_layernorm": t + "post_attention_norm",
            s + "pre_feedforward_layernorm": t + "ffn_norm", s + "post_feedforward_layernorm": t + "post_ffw_norm",
            s + "self_attn.q_proj": t + "attn_q", s + "self_attn.k_proj": t + "attn_k",
            s + "self_attn.v_proj": t + "attn_v", s + "self_attn.o_proj": t + "attn_output",
            s + "self_attn.q_norm": t + "attn_q_norm", s + "self_attn.k_norm": t + "attn_k_norm",
            s + "mlp.gate_proj": t + "ffn_gate", s + "mlp.up_proj": t + "ffn_up", s + "mlp.down_proj": t + "ffn_down",
            s + "per_layer_input_gate": t + "inp_gate", s + "per_layer_projection": t + "proj",
            s + "post_per_layer_input_norm": t + "post_norm", s + "altup.correction_coefs": t + "altup_correct_coef",
            s + "altup.prediction_coefs": t + "altup_predict_coef", s + "altup.modality_router": t + "altup_router",
            s + "altup.router_norm": t + "altup_router_norm", s + "laurel.linear_left": t + "laurel_l",
            s + "laurel.linear_right": t + "laurel_r", s + "laurel.post_laurel_norm": t + "laurel_post_norm"})
        g.add(t + "altup_correct_scale.weight", w[s + "altup.correct_output_scale"])
    return g


def export_twin(spec, config, w):
    """With the tensors that llama.cpp asks for in shared layers and does not use."""
    g = export(spec, config, w)
    for il in range(config.num_hidden_layers):
        for name in ("attn_k", "attn_v", "attn_k_norm"):
            if f"blk.{il}.{name}.weight" not in g.tensors:
                g.add(f"blk.{il}.{name}.weight", g.tensors[f"blk.0.{name}.weight"])
    return g


TWIN = dict(final_logit_softcapping=30.0, num_hidden_layers=25, num_kv_shared_layers=5, hidden_size_per_layer_input=256, laurel_rank=64,
            activation_sparsity_pattern=[0.95] * 10 + [0.0] * 15, intermediate_size=96)

SPECS = [
    Spec("gemma3n", "gemma3n", lambda: Gemma3nTextConfig(**SMALL), Gemma3n, export, fill=fill, llama_cpp=False,
         note="llama.cpp fixes 20 own layers and a per-layer width of 256"),
    Spec("gemma3n_twin", "gemma3n", lambda: Gemma3nTextConfig(**SMALL | TWIN), Gemma3n, export_twin, fill=fill,
         kept=False, note="the sizes that llama.cpp fixes; not kept"),
    Spec("gemma3n_twin_n", "gemma3n", lambda: Gemma3nTextConfig(**SMALL | TWIN), Gemma3nForCausalLM, export_twin,
         fill=fill, kept=False, note="the same with the divisor n"),
]
