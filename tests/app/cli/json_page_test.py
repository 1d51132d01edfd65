#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""app/cli/README.md against what --json prints: a field that is printed but not on the page, one on the page that no call
prints, another type, or a null where the page says never. A row whose last column begins with "optional" need not be seen.

  python3 tests/app/cli/json_page_test.py CLI     0 agreed, 1 breaches, 77 no Vulkan device (headers were still checked)
"""

import itertools
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "app/cli/README.md"
MODEL = ROOT / "resources/models/kjv-gqa-q8_0.gguf"
NEEDS_DEVICE = {"run", "perplexity", "bench", "export"}

IS_TYPE = {
    "any": lambda v: True,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
}


def expand(path):
    """a.{b,c} as a.b and a.c."""
    parts = [part.split(",") for part in re.split(r"[{}]", path)]
    parts = [options if i % 2 else [",".join(options)] for i, options in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*parts)]


def read_page(text):
    """{command: {path: (type, null)}} of the tables below each '## command'."""
    page = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        rows = {}
        for field, kind, _, meaning, null in re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", section,
                                                        re.MULTILINE):
            assert meaning.strip(), field
            for path in expand(field):
                assert path not in rows, f"{path} is on the page twice"
                rows[path] = (kind, null)
        if rows:
            page[section.split("\n", 1)[0]] = rows
    return page


def has_type(value, kind):
    for choice in kind.split(" or "):
        element = choice.removeprefix("array of ").removesuffix("s")
        if choice.startswith("array of "):
            if isinstance(value, list) and all(IS_TYPE[element](v) for v in value):
                return True
        elif IS_TYPE[choice](value):
            return True
    return False


def children(rows, prefix):
    """Documented paths right below a prefix such as '' or 'devices[].'."""
    return {path for path in rows if path.startswith(prefix) and not re.search(r"[.]|\[\]", path[len(prefix):])}


def compare(value, prefix, rows, seen):
    """Breaches of one object whose keys are documented below the prefix; paths that were met go to `seen`."""
    known = children(rows, prefix)
    for path in sorted(known):
        if path[len(prefix):] != "*" and path[len(prefix):] not in value and not rows[path][1].startswith("absent"):
            yield f"{path} is not printed"
    for key, field in value.items():
        path = prefix + key if prefix + key in known else prefix + "*"
        if path not in known:
            yield f"{prefix}{key} is not on the page"
            continue
        seen.add(path)
        kind, null = rows[path]
        if field is None:
            if null == "never" or null.startswith("absent"):
                yield f"{path} is null"
        elif not has_type(field, kind):
            yield f"{path} is no {kind}: {json.dumps(field)[:80]}"
        elif isinstance(field, dict):
            yield from compare(field, path + ".", rows, seen)
        elif isinstance(field, list) and kind.endswith("objects"):
            for element in field:
                yield from compare(element, path + "[].", rows, seen)


def breaches(page, outputs):
    """Sentences about all differences between the page and the outputs {command: [object]}."""
    found = set()
    for command, objects in outputs.items():
        rows, seen = page.get(command, {}), set()
        for value in objects:
            found |= {f"{command}: {sentence}" for sentence in compare(value, "", rows, seen)}
        found |= {f"{command}: {path} is on the page, but no call printed it"
                  for path, (_, null) in rows.items() if path not in seen and not null.startswith("optional")}
    return found


class Calls:
    """Runs the program and collects what it printed."""

    def __init__(self, program):
        self.program = program
        self.outputs = {}

    def __call__(self, command, *arguments, codes=(0,), **environment):
        call = [self.program, command, "--json", *map(str, arguments)]
        done = subprocess.run(call, capture_output=True, env={**os.environ, **environment}, timeout=60, check=False)
        if done.returncode not in codes:
            sys.exit(f"{' '.join(call)}\nended with {done.returncode}: {done.stderr.decode(errors='replace')}")
        value = json.loads(done.stdout)
        self.outputs.setdefault(command, []).append(value)
        return value


def unknown_model(path):
    """A GGUF file of an architecture that nobody has: the fields that are null then."""
    def text(value):
        return struct.pack("<Q", len(value)) + value
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text(b"general.architecture") + struct.pack("<I", 8) +
                     text(b"unheard-of"))
    return path


def lacking_model(path):
    """A llama without any of its layers' tensors but one."""
    def text(value):
        return struct.pack("<Q", len(value)) + value

    def tensor(name, dims, offset):
        return text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, 0, offset)

    keys = {b"block_count": 1, b"context_length": 64, b"embedding_length": 32, b"feed_forward_length": 48,
            b"attention.head_count": 2}
    head = b"GGUF" + struct.pack("<IQQ", 3, 3, len(keys) + 2)
    head += text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama")
    head += text(b"llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", 6, 1e-5)
    for key, value in keys.items():
        head += text(b"llama." + key) + struct.pack("<II", 4, value)
    head += tensor(b"token_embd.weight", (32, 8), 0) + tensor(b"blk.0.attn_norm.weight", (32,), 1024)
    head += tensor(b"left_over.weight", (8,), 1152)
    path.write_bytes(head + bytes(-len(head) % 32 + 1184))
    return path


def call_headers(call, folder):
    none = {"VK_DRIVER_FILES": "/nonexistent", "VK_ICD_FILENAMES": "/nonexistent"}
    call("devices", codes=(4,), **none)
    call("inspect", MODEL)
    call("inspect", MODEL, "--keys", "--tensors")
    call("inspect", unknown_model(folder / "unknown.gguf"), "--keys", "--tensors")
    call("inspect", lacking_model(folder / "lacking.gguf"))
    call("tokenize", "--model", MODEL, "And God said")
    call("tokenize", "--model", MODEL, "--chat", "And God said")
    call("plan", "--model", MODEL, "--policy", "encode=q8_0", "--bandwidth", 100, "--flops", 1000)
    call("plan", "--preset", "deepseek-v4-flash", "--context", "131072,1048576", "--bandwidth", 3350)
    call("plan", "--preset", "gemma-4-12b", "--context", 4096)
    call("plan", "--preset", "gemma-4-e2b", "--policy", "keep=sinks(4)+window(256)")


def call_models(call, folder):
    model = ["--model", MODEL]
    call("run", *model, "-n", 4, "--prompt", "And God said", "--policy", "exact")
    call("run", *model, "-n", 0, "--prompt", "And God said")
    prompts = folder / "prompts.jsonl"
    prompts.write_text('{"prompt": "And God said"}\n{"prompt": "In the beginning"}\n', encoding="utf-8")
    trace = folder / "run.kvtrace"
    call("run", *model, "-n", 4, "--prompts", prompts, "--policy", "encode=k:q8_0,v:q4_0 keep=sinks(1)+window(2)",
         "--policy-at", "3:keep=sinks(1)+window(3)", "--errors-every", 2, "--exact-lane", "--kernel-times", "--record",
         trace)
    call("export", trace, "--format", "csv", "--output", folder / "csv")
    call("export", trace, "--format", "jsonl", "--output", folder / "run.jsonl")
    text = folder / "text.txt"
    text.write_text("In the beginning God created the heaven and the earth. " * 10, encoding="utf-8")
    call("perplexity", *model, "--file", text, "--chunk", 16, "--chunks", 2, "--policy", "keep=sinks(1)+window(4)")
    call("perplexity", *model, "--file", text, "--chunk", 72, "--chunks", 1, "--by-position", "--exact-lane")
    short = ["--depths", "0,4", "--tokens", 1, "--prefill", 2, "--repeats", 5, "--probe-depth", 1]
    call("bench", *model, *short, "--no-probes")
    call("bench", *model, *short)
    call("bench", *model, "--weights", "Q4_K,Q8_0")


def check_the_check(page, outputs):
    """A page with a row less or a row more must be found out, whichever row it is."""
    for command in outputs:
        for path in page[command]:
            less = {**page, command: {p: row for p, row in page[command].items() if p != path}}
            assert breaches(less, outputs), f"{command}: {path} could be left out of the page unnoticed"
        more = {**page, command: {**page[command], "no_such_field": ("integer", "never")}}
        assert breaches(more, outputs), command


def main():
    text = PAGE.read_text(encoding="utf-8")
    page = read_page(text)
    stated = int(re.search(r"`schema_version`, at present `(\d+)`", text).group(1))
    call = Calls(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        call_headers(call, folder)
        device = bool(call("devices", codes=(0, 4))["devices"])
        if device:
            call_models(call, folder)
        else:
            call.outputs.pop("devices")
    found = breaches(page, call.outputs)
    missing = set(page) - set(call.outputs) - (set() if device else NEEDS_DEVICE | {"devices"})
    found |= {f"{command}: a section of the page, but no command was run" for command in missing}
    found |= {f"{command}: schema_version is not {stated}" for command, values in call.outputs.items()
              for value in values if value.get("schema_version") != stated}
    for sentence in sorted(found):
        print(sentence)
    if found:
        return 1
    check_the_check(page, call.outputs)
    if not device:
        print("No Vulkan device: only the commands that need none were compared with the page")
        return 77
    print(f"{sum(map(len, page.values()))} fields of {len(page)} commands agree with the page")
    return 0


if __name__ == "__main__":
    sys.exit(main())
