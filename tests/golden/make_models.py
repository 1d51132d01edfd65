# SPDX-License-Identifier: Apache-2.0
"""Writes the tiny random models that come from transformers: data/NAME.gguf, data/NAME.logits and models.txt.

    python make_models.py [NAME ...] [--llama-cpp PYTHON] [--sensitivity]

Each model is built in transformers from a configuration, its random weights are written with the key and tensor names
of the GGUF users, and transformers runs it in double precision (attention "eager"). NAME.logits is (positions, vocab)
f32, little-endian. A model whose top-k choices are nearly tied takes the next seed. With --llama-cpp, the interpreter of
an environment that has `xllamacpp` runs llama.cpp on each file. --sensitivity also prints the tensors that matter least.
"""
import argparse
import pathlib
import subprocess
import tempfile

import numpy as np
import transformers

from exporters import common, deepseek2, deepseek4, gemma, gemma3n, gemma4, laguna, llama, phi3

HERE = pathlib.Path(__file__).parent
DATA = HERE / "data"
INDEX = HERE / "models.txt"
MODULES = (llama, phi3, gemma, gemma3n, gemma4, deepseek2, deepseek4, laguna)
HEADER = """\
# Tiny models of data/, one a line: NAME key=value ... Written by make_models.py; the logits come from transformers {}
# in float64, attention "eager". tokens: the ids of the run. f32: worst relative L2 of a position between the float32
# and the float64 run there. llama_cpp: the same between llama.cpp (f32 cache) and the file's logits, or "-"; it rounds
# GELU to f16; llama_cpp_gelu is the median over positions against a run in transformers that does so too (median,
# because a value at the edge of two f16 numbers may still go either way).
# tolerance: a bound for any correct f32 implementation.
"""


def run_llama_cpp(python, path, tokens, context):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "logits.npy"
        code = ("import sys, numpy, llama_cpp; m = llama_cpp.Model(sys.argv[1], context=int(sys.argv[3]), threads=1); "
                "numpy.save(sys.argv[2], m.logits([int(t) for t in sys.argv[4:]]))")
        done = subprocess.run([python, "-c", code, str(path), str(out), str(context), *map(str, tokens)], cwd=HERE,
                              capture_output=True, text=True)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error" in line.lower() or "assert" in line.lower()]
            raise RuntimeError("; ".join(lines[:2]) or done.stderr[-300:])
        return np.load(out)


def choose_weights(spec):
    for seed in range(spec.seed, spec.seed + 200):
        weights = common.random_weights(spec, common.make_model(spec), seed)
        if not spec.margins:
            return weights, float("inf"), seed
        _, margin = common.run(spec, weights, double=True, inspect=spec.margins)
        if margin >= spec.min_margin:
            return weights, margin, seed
    raise RuntimeError(f"{spec.name}: every seed has a near tie")


def compare(spec, weights, logits, path, python):
    """The fields for llama.cpp, or "-" where it does not run the file."""
    if not python or not spec.llama_cpp:
        return "-"
    try:
        theirs = run_llama_cpp(python, path, common.tokens_of(spec), spec.config().max_position_embeddings)
    except RuntimeError as error:
        print(f"    llama.cpp: {error}")
        return "-"
    fields = f"{common.relative_l2(theirs, logits):.1e}"
    if "gemma" in spec.architecture:
        with common.gelu_of_f16():
            rounded = common.run(spec, weights, double=True)
        fields += f" llama_cpp_gelu={np.median(common.relative_l2_rows(theirs, rounded)):.1e}"
    return fields


def make(spec, options, folder):
    """Writes the two files; returns the line of the index."""
    weights, margin, seed = choose_weights(spec)
    logits = common.run(spec, weights, double=True)
    f32 = common.relative_l2(common.run(spec, weights, double=False), logits)
    if options.sensitivity:
        for name, change in sorted(common.sensitivity(spec, weights).items(), key=lambda x: x[1])[:8]:
            print(f"    {name}: {change:.1e}")
    path = folder / f"{spec.name}.gguf"
    spec.export(spec, spec.config(), {k: v.copy() for k, v in weights.items()}).write(path)
    logits.astype("<f4").tofile(folder / f"{spec.name}.logits")
    llama_cpp = compare(spec, weights, logits, path, options.llama_cpp)
    print(f"{spec.name}: {path.stat().st_size} bytes, seed {seed}, margin {margin:.1e}, logits {logits.std():.2f} sd "
          f"{np.abs(logits).max():.1f} max, f32 {f32:.1e}, llama.cpp {llama_cpp}; {spec.note}", flush=True)
    tokens = ",".join(map(str, common.tokens_of(spec)))
    return (f"{spec.name} arch={spec.architecture} vocab={spec.vocab} positions={spec.positions} f32={f32:.1e} "
            f"llama_cpp={llama_cpp} tolerance={max(1e-5, 20 * f32):.0e} tokens={tokens}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--llama-cpp", metavar="PYTHON")
    parser.add_argument("--sensitivity", action="store_true")
    options = parser.parse_args()
    specs = [spec for module in MODULES for spec in module.SPECS]
    old = INDEX.read_text().splitlines() if INDEX.exists() else []
    lines = {line.split()[0]: line for line in old if line and not line.startswith("#")}
    for spec in specs:
        if options.names and spec.name not in options.names:
            continue
        if spec.kept:
            lines[spec.name] = make(spec, options, DATA)
        elif options.llama_cpp:
            with tempfile.TemporaryDirectory() as folder:
                make(spec, options, pathlib.Path(folder))
    ordered = [lines[spec.name] for spec in specs if spec.name in lines]
    INDEX.write_text(HEADER.format(transformers.__version__) + "\n".join(ordered) + "\n")


if __name__ == "__main__":
    main()
