# SPDX-License-Identifier: Apache-2.0
"""Writes the tiny random `llama` models of data/ and the logits that they give, from numpy_llama.py in float64.

    python make_llama_golden.py [OUTPUT_FOLDER]

Each model NAME.gguf has NAME.logits beside it: (tokens, n_vocab) f32, little-endian, for the tokens of tokens(). The
largest difference between numpy_llama.py and llama.cpp is printed for each; it is measured with f32 weights, because
llama.cpp quantises activations where weights are quantised.
"""
import pathlib
import sys
import tempfile

import gguf
import numpy as np

import numpy_llama

Q = gguf.GGMLQuantizationType
VOCAB = 96
TOKENS = 24


def tokens():
    return [(7 * i * i + 11 * i + 3) % VOCAB for i in range(TOKENS)]


# E embedding, H query heads, G KV heads (a list: one a layer), K and V head sizes, F feed-forward, L layers.
BASE = dict(E=32, H=4, G=2, F=64, L=2, kind=Q.F32, tied=False, biases=False, fused=False, keys={})
MODELS = {
    "gqa_f32_rope_freqs": dict(freqs=True),
    "mha_f32_biases_linear": dict(G=4, biases=True, tied=True,
                                  keys={"rope.scaling.type": "linear", "rope.scaling.factor": 2.5}),
    "mqa_f16": dict(G=1, kind=Q.F16, tied=True, keys={"rope.scaling.type": "none", "rope.scaling.factor": 3.0}),
    "gqa_bf16_fused_yarn": dict(kind=Q.BF16, fused=True, biases=True, keys={
        "rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 32,
        "rope.scaling.yarn_beta_fast": 1.5, "rope.scaling.yarn_beta_slow": 0.1, "rope.freq_base": 500.0}),
    "gqa_q8_0_arrays": dict(E=64, H=[4, 2, 4], G=[4, 1, 2], F=[64, 96, 32], L=3, K=16, V=16, kind=Q.Q8_0,
                            keys={"rope.dimension_count": 12}),
    "gqa_q4_0_yarn_log": dict(kind=Q.Q4_0, K=16, V=16, keys={
        "rope.scaling.type": "yarn", "rope.scaling.factor": 8.0, "rope.scaling.yarn_log_multiplier": 0.7,
        "rope.scaling.original_context_length": 16, "rope.scaling.attn_factor": 1.2, "rope.freq_base": 100.0}),
    "gqa_q4_1_longrope": dict(kind=Q.Q4_1, K=16, V=16, longrope=True, tied=True, keys={
        "rope.scaling.type": "longrope", "rope.scaling.original_context_length": 16, "rope.scaling.attn_factor": 1.1}),
    "gqa_q5_0": dict(kind=Q.Q5_0, K=16, V=24),
    "gqa_q5_1": dict(kind=Q.Q5_1, K=16, V=16, tied=True),
    "gqa_q6_k": dict(E=256, H=4, G=2, K=16, V=16, F=256, L=1, kind=Q.Q6_K, tied=True),
}


def random_q6_k(rng, rows, row_length):
    """Blocks with random quants: 128 bytes ql, 64 bytes qh, 16 scales i8, d f16. Values near 1 / sqrt(row length)."""
    blocks = rows * row_length // 256
    out = np.empty((blocks, 210), np.uint8)
    out[:, :192] = rng.integers(0, 256, (blocks, 192))
    out[:, 192:208] = rng.integers(-60, 61, (blocks, 16)).astype(np.int8).view(np.uint8)
    d = rng.uniform(0.7, 1.3, blocks) / (32 * 35 * np.sqrt(row_length)) * 2
    out[:, 208:] = d.astype(np.float16)[:, None].view(np.uint8)
    return out.reshape(rows, -1)


def add(writer, rng, name, rows, row_length, kind, spread=1.0):
    if kind == Q.Q6_K and row_length % 256 == 0:
        writer.add_tensor(name, random_q6_k(rng, rows, row_length), raw_dtype=Q.Q6_K)
        return
    if kind == Q.Q6_K:
        kind = Q.Q8_0
    values = (rng.standard_normal((rows, row_length)) * spread / np.sqrt(row_length)).astype(np.float32)
    writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)


def write(path, name, options):
    o = BASE | options
    rng = np.random.default_rng([*name.encode()])
    layers = o["L"]
    per_layer = lambda value: list(value) if isinstance(value, list) else [value] * layers
    heads, kv_heads, widths = per_layer(o["H"]), per_layer(o["G"]), per_layer(o["F"])
    dk = o.get("K", o["E"] // heads[0])
    dv = o.get("V", o["E"] // heads[0])
    n_rot = o["keys"].get("rope.dimension_count", dk)

    w = gguf.GGUFWriter(path, "llama")
    w.add_string("general.name", name)
    w.add_uint32("llama.context_length", 128)
    w.add_uint32("llama.embedding_length", o["E"])
    w.add_uint32("llama.block_count", layers)
    for key, value in (("feed_forward_length", o["F"]), ("attention.head_count", o["H"]),
                       ("attention.head_count_kv", o["G"])):
        (w.add_array if isinstance(value, list) else w.add_uint32)("llama." + key, value)
    if "K" in o:
        w.add_uint32("llama.attention.key_length", dk)
        w.add_uint32("llama.attention.value_length", dv)
    w.add_float32("llama.attention.layer_norm_rms_epsilon", 0.02)
    w.add_uint32("llama.vocab_size", VOCAB)
    for key, value in o["keys"].items():
        add_key = {str: w.add_string, float: w.add_float32, int: w.add_uint32}[type(value)]
        add_key("llama." + key, value)
    w.add_string("tokenizer.ggml.model", "no_vocab")

    def vector(tensor, values):
        w.add_tensor(tensor, np.asarray(values, np.float32))

    def matrix(stem, rows, row_length, bias):
        add(w, rng, stem + ".weight", rows, row_length, o["kind"])
        if bias and o["biases"]:
            vector(stem + ".bias", rng.standard_normal(rows) * 0.3)

    add(w, rng, "token_embd.weight", VOCAB, o["E"], o["kind"], spread=np.sqrt(o["E"]) if o["kind"] != Q.Q6_K else 1)
    if o.get("freqs"):
        vector("rope_freqs.weight", np.linspace(1, 6, n_rot // 2))
    if o.get("longrope"):
        vector("rope_factors_long.weight", np.linspace(1, 9, n_rot // 2))
        vector("rope_factors_short.weight", np.linspace(1, 2, n_rot // 2))
    for il in range(layers):
        b = f"blk.{il}."
        h, g = heads[il], kv_heads[il]
        vector(b + "attn_norm.weight", rng.uniform(0.7, 1.3, o["E"]))
        if o["fused"]:
            matrix(b + "attn_qkv", (h + g) * dk + g * dv, o["E"], True)
        else:
            matrix(b + "attn_q", h * dk, o["E"], True)
            matrix(b + "attn_k", g * dk, o["E"], True)
            matrix(b + "attn_v", g * dv, o["E"], True)
        matrix(b + "attn_output", o["E"], h * dv, True)
        vector(b + "ffn_norm.weight", rng.uniform(0.7, 1.3, o["E"]))
        matrix(b + "ffn_gate", widths[il], o["E"], False)
        matrix(b + "ffn_up", widths[il], o["E"], False)
        matrix(b + "ffn_down", o["E"], widths[il], False)
    vector("output_norm.weight", rng.uniform(0.7, 1.3, o["E"]))
    if not o["tied"]:
        add(w, rng, "output.weight", VOCAB, o["E"], o["kind"])
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


# llama.cpp does not read these for this architecture, or refuses them; it also refuses heads of two sizes.
NOT_IN_LLAMA_CPP = ("rope.dimension_count", "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow",
                    "rope.scaling.yarn_log_multiplier")


def compare(name, options):
    """The model with f32 weights and without the keys above, against llama.cpp."""
    try:
        import llama_cpp

        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "twin.gguf"
            keys = {k: v for k, v in options.get("keys", {}).items() if k not in NOT_IN_LLAMA_CPP}
            write(path, name, options | dict(kind=Q.F32, keys=keys) | ({"V": options["K"]} if "K" in options else {}))
            expected = numpy_llama.Llama(path).logits(tokens())
            got = llama_cpp.Model(path, context=128).logits(tokens())
        return f"llama.cpp differs by at most {np.abs(got - expected).max():.1e} on its f32 twin"
    except (ImportError, RuntimeError) as error:
        return str(error)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "data")
    folder.mkdir(parents=True, exist_ok=True)
    for name, options in MODELS.items():
        path = folder / f"{name}.gguf"
        write(path, name, options)
        logits = numpy_llama.Llama(path).logits(tokens())
        logits.astype("<f4").tofile(folder / f"{name}.logits")
        print(f"{name}: {path.stat().st_size} bytes, logits {logits.std():.3f} sd; {compare(name, options)}")


if __name__ == "__main__":
    main()
