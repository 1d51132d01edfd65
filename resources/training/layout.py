# SPDX-License-Identifier: Apache-2.0
"""How each architecture lies in a GGUF: its keys from the sizes, the sizes from its keys, and its tensors."""
import numpy as np

import gguf_write as g
import model


def common(c, arch, kind, name):
    """Keys that every architecture has."""
    of = {"vocab_size": g.U32(c.n_vocab), "context_length": g.U32(c.n_ctx), "embedding_length": g.U32(c.n_embd),
          "block_count": g.U32(c.n_layer), "attention.head_count": g.U32(c.n_head),
          "attention.layer_norm_rms_epsilon": g.F32Val(c.eps), "rope.freq_base": g.F32Val(c.rope_base)}
    return {"general.architecture": arch, "general.name": name, "general.file_type": g.U32(g.FILE_TYPE[kind]),
            **({"general.quantization_version": g.U32(2)} if kind in (g.Q8_0, g.Q4_0) else {}),
            **{f"{arch}.{key}": value for key, value in of.items()}}


def sizes(of):
    """What common() wrote, as arguments of a Config."""
    return {"n_vocab": of("vocab_size"), "n_ctx": of("context_length"), "n_embd": of("embedding_length"),
            "n_layer": of("block_count"), "n_head": of("attention.head_count"), "rope_base": of("rope.freq_base"),
            "eps": of("attention.layer_norm_rms_epsilon")}


class Gemma4:
    """GGUF's "gemma4"."""

    @staticmethod
    def keys(c):
        """Keys beside the common ones."""
        layers = range(c.n_layer)
        return {"feed_forward_length": g.U32(c.n_ff),
                "attention.head_count_kv": [g.U32(c.heads(i)[1]) for i in layers],
                "attention.key_length": g.U32(c.head_dim), "attention.value_length": g.U32(c.head_dim),
                "attention.key_length_swa": g.U32(c.head_dim_swa), "attention.value_length_swa": g.U32(c.head_dim_swa),
                "attention.sliding_window": g.U32(c.window),
                "attention.sliding_window_pattern": [c.windowed(i) for i in layers],
                "attention.shared_kv_layers": g.U32(c.n_shared), "embedding_length_per_layer_input": g.U32(0),
                "rope.freq_base_swa": g.F32Val(c.rope_base), "rope.dimension_count": g.U32(c.head_dim),
                "rope.dimension_count_swa": g.U32(c.head_dim_swa), "final_logit_softcapping": g.F32Val(c.softcap)}

    @staticmethod
    def config(of, tensor):
        """The Config of a file."""
        windowed, heads_kv = of("attention.sliding_window_pattern"), of("attention.head_count_kv")
        full = windowed.index(False)
        return model_of("gemma4").Config(
            **sizes(of), n_ff=of("feed_forward_length"), n_head_kv=heads_kv[full], period=full + 1,
            n_head_kv_swa=heads_kv[windowed.index(True)], head_dim=of("attention.key_length"),
            head_dim_swa=of("attention.key_length_swa"), window=of("attention.sliding_window"),
            n_shared=of("attention.shared_kv_layers"), n_pairs=int((tensor("rope_freqs.weight") < 2).sum()),
            softcap=of("final_logit_softcapping"))

    @staticmethod
    def extra(net):
        """Tensors that are no parameters: (name, array)."""
        yield "rope_freqs.weight", net.rope_factors().numpy()


class DeepSeek2:
    """GGUF's "deepseek2", absorbed form, all layers dense."""

    @staticmethod
    def keys(c):
        """Keys beside the common ones."""
        return {"feed_forward_length": g.U32(c.n_ff), "leading_dense_block_count": g.U32(c.n_layer),
                "attention.head_count_kv": g.U32(1), "attention.q_lora_rank": g.U32(c.q_rank),
                "attention.kv_lora_rank": g.U32(c.kv_rank), "attention.key_length": g.U32(c.kv_rank + c.rope),
                "attention.value_length": g.U32(c.kv_rank), "attention.key_length_mla": g.U32(c.nope + c.rope),
                "attention.value_length_mla": g.U32(c.n_value), "rope.dimension_count": g.U32(c.rope),
                "expert_feed_forward_length": g.U32(c.n_ff), "expert_count": g.U32(0), "expert_used_count": g.U32(0),
                "expert_shared_count": g.U32(0)}

    @staticmethod
    def config(of, _):
        """The Config of a file."""
        rope, rank = of("rope.dimension_count"), of("attention.kv_lora_rank")
        return model_of("deepseek2").Config(
            **sizes(of), n_ff=of("feed_forward_length"), q_rank=of("attention.q_lora_rank"), kv_rank=rank, rope=rope,
            nope=of("attention.key_length_mla") - rope, n_value=of("attention.value_length_mla"))

    @staticmethod
    def extra(net):
        """Gains that training folds away."""
        for i in range(net.c.n_layer):
            yield f"blk.{i}.attn_q_a_norm.weight", np.ones(net.c.q_rank, np.float32)
            yield f"blk.{i}.attn_kv_a_norm.weight", np.ones(net.c.kv_rank, np.float32)


class DeepSeek4:
    """GGUF's "deepseek4"."""

    # parts of parameters' names, and what stands for them in a file
    NAMES = ((".attn.compressor.", ".attn_compressor_"), (".attn.index_compressor.", ".indexer_compressor_"),
             (".attn.indexer.", ".indexer."), (".attn.", "."), (".ffn.probs_b", ".exp_probs_b.bias"),
             (".ffn.tid2eid", ".ffn_gate_tid2eid"), (".ffn.", ".ffn_"), ("hc_attn.", "hc_attn_"), ("hc_ffn.", "hc_ffn_"),
             ("output_hc.", "output_hc_"))

    @staticmethod
    def keys(c):
        """Keys beside the common ones."""
        u, f = g.U32, g.F32Val
        attention = {
            "head_count_kv": u(1), "key_length": u(c.head_dim), "value_length": u(c.head_dim), "q_lora_rank": u(c.q_rank),
            "output_lora_rank": u(c.out_rank), "output_group_count": u(c.n_group), "sliding_window": u(c.window),
            "compress_ratios": [g.I32(c.ratio(i)) for i in range(c.n_layer)], "compress_rope_freq_base": f(c.compress_base),
            "indexer.head_count": u(c.n_index), "indexer.key_length": u(c.index_dim), "indexer.top_k": u(c.top_k)}
        return {**{"attention." + key: value for key, value in attention.items()},
                "rope.dimension_count": u(c.n_rot), "hyper_connection.count": u(4),
                "hyper_connection.sinkhorn_iterations": u(c.sinkhorn), "hyper_connection.epsilon": f(c.hyper_eps),
                "hash_layer_count": u(c.n_hash), "expert_count": u(c.n_expert), "expert_used_count": u(c.n_used),
                "expert_shared_count": u(1), "expert_feed_forward_length": u(c.n_ff), "expert_gating_func": u(4),
                "expert_weights_norm": True, "expert_weights_scale": f(c.expert_scale), "swiglu_clamp_exp": f(c.clamp),
                "swiglu_clamp_shexp": f(c.clamp)}

    @staticmethod
    def config(of, _):
        """The Config of a file."""
        names = {"head_dim": "attention.key_length", "n_rot": "rope.dimension_count", "q_rank": "attention.q_lora_rank",
                 "out_rank": "attention.output_lora_rank", "n_group": "attention.output_group_count",
                 "window": "attention.sliding_window", "n_index": "attention.indexer.head_count",
                 "index_dim": "attention.indexer.key_length", "top_k": "attention.indexer.top_k",
                 "n_expert": "expert_count", "n_used": "expert_used_count", "n_ff": "expert_feed_forward_length",
                 "n_hash": "hash_layer_count", "expert_scale": "expert_weights_scale", "clamp": "swiglu_clamp_exp",
                 "sinkhorn": "hyper_connection.sinkhorn_iterations", "hyper_eps": "hyper_connection.epsilon",
                 "compress_base": "attention.compress_rope_freq_base"}
        ratios = " ".join(map(str, of("attention.compress_ratios")))
        return model_of("deepseek4").Config(**sizes(of), ratios=ratios, **{k: of(v) for k, v in names.items()})

    @staticmethod
    def extra(net):
        """Gains that training folds away."""
        for i in range(net.c.n_layer):
            yield f"blk.{i}.attn_q_a_norm.weight", np.ones(net.c.q_rank, np.float32)


class Llama:
    """GGUF's "llama"."""

    @staticmethod
    def keys(c):
        """Keys beside the common ones."""
        return {"feed_forward_length": g.U32(c.n_ff), "attention.head_count_kv": g.U32(c.n_head_kv),
                "rope.dimension_count": g.U32(c.head_dim)}

    @staticmethod
    def config(of, _):
        """The Config of a file."""
        return model.Config(**sizes(of), n_ff=of("feed_forward_length"), n_head_kv=of("attention.head_count_kv"))

    @staticmethod
    def extra(_):
        """Tensors that are no parameters: none."""
        return ()


OF = {"llama": Llama, "gemma4": Gemma4, "deepseek2": DeepSeek2, "deepseek4": DeepSeek4}


def model_of(arch):
    """The file that defines an architecture; late, since it imports torch."""
    import archs
    return archs.module(arch)


def tensor_name(parameter):
    """blk.0.attn_q -> blk.0.attn_q.weight; blk.0.attn.compressor.kv -> blk.0.attn_compressor_kv.weight."""
    for part, other in DeepSeek4.NAMES:
        parameter = parameter.replace(part, other)
    return parameter if parameter.endswith(".bias") else parameter + ".weight"


def tensors(net):
    """(GGUF name, array) of every tensor; the gains that training folds away are ones."""
    ones = np.ones(net.c.n_embd, np.float32)
    for i in range(net.c.n_layer):
        yield f"blk.{i}.attn_norm.weight", ones
        yield f"blk.{i}.ffn_norm.weight", ones
    for name, value in net.state_dict().items():
        yield tensor_name(name), value.numpy()
    yield from OF[net.ARCH].extra(net)
