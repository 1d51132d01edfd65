# SPDX-License-Identifier: Apache-2.0
"""Writes the logits of a real model for a text: data/NAME_SOURCE.golden (the format is in README.md).

    python make_model_golden.py MODEL.gguf TEXT NAME TOKENS FULL_ROWS SOURCE...

One full row is that of the last token; several spread from the first to the last.

Sources:
  numpy                numpy_llama.py in float64: the exact result for the weights of the file (`llama` only)
  llama_cpp            llama.cpp on the CPU, f32 cache, with the file's weights decoded to f32 first
  llama_cpp_quantised  llama.cpp on the file as it is: it then quantises the activations of every product too
All are computed and compared with the first there is; the named ones are written. Tokens are llama.cpp's.
"""
import pathlib
import struct
import sys
import tempfile

import gguf
import numpy as np

import llama_cpp
import numpy_llama

SUBSET, TOP = 384, 8


def write(path, tokens, logits, full_rows):
    n, vocab = logits.shape
    subset = np.sort(np.random.default_rng(1).choice(vocab, min(SUBSET, vocab), replace=False))
    full = np.linspace(0, n - 1, full_rows).astype(int) if full_rows > 1 else np.arange(n - full_rows, n)
    top = np.argsort(-logits, axis=1, kind="stable")[:, :TOP]
    with open(path, "wb") as out:
        out.write(b"KVSGOLD1")
        out.write(struct.pack("<5I", n, vocab, len(subset), len(full), TOP))
        for values, kind in (
            (tokens, "<i4"), (subset, "<i4"), (full, "<i4"),
            (np.linalg.norm(logits.astype(np.float64), axis=1), "<f4"),
            (top, "<i4"), (np.take_along_axis(logits, top, 1), "<f4"),
            (logits[:, subset], "<f2"), (logits[full], "<f2"),
        ):
            out.write(np.asarray(values).astype(kind).tobytes())


def perplexity(tokens, logits):
    log_p = []
    for row, token in zip(logits[:-1], tokens[1:]):
        row = row.astype(np.float64) - row.max()
        log_p.append(row[token] - np.log(np.exp(row).sum()))
    return np.exp(-np.mean(log_p))


def architecture_of(reader):
    return reader.get_field("general.architecture").contents()


def decoded_copy(source, path):
    """The same model with every weight as f32."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(path, architecture_of(reader))
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        if field.types[0] == gguf.GGUFValueType.ARRAY:
            writer.add_array(name, field.contents())
        else:
            writer.add_key_value(name, field.contents(), field.types[0])
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, np.asarray(values, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def agreement(a, b):
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return (f"cosine {cosine.min():.7f} at least, {np.median(cosine):.7f} median, "
            f"same top token {100 * (a.argmax(1) == b.argmax(1)).mean():.1f} %")


def main():
    model, text, name, count, full_rows, *sources = sys.argv[1:]
    count, folder = int(count), pathlib.Path(__file__).parent / "data"
    as_it_is = llama_cpp.Model(model, context=count)
    tokens = as_it_is.tokenize(pathlib.Path(text).read_text())
    assert len(tokens) >= count, f"the text has {len(tokens)} tokens only"
    tokens = tokens[:count]
    logits = {}
    if architecture_of(gguf.GGUFReader(model)) == "llama":
        logits["numpy"] = numpy_llama.Llama(model).logits(tokens)
    with tempfile.TemporaryDirectory() as temporary:
        copy = pathlib.Path(temporary) / "decoded.gguf"
        decoded_copy(model, copy)
        logits["llama_cpp"] = llama_cpp.Model(copy, context=count).logits(tokens)
    logits["llama_cpp_quantised"] = as_it_is.logits(tokens)
    first = next(iter(logits))
    for source, values in logits.items():
        print(f"{name} {source}: perplexity {perplexity(tokens, values):.4f}; beside {first}: "
              f"{agreement(values, logits[first])}")
    for source in sources:
        write(folder / f"{name}_{source}.golden", tokens, logits[source], int(full_rows))


if __name__ == "__main__":
    main()
