#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of the tree that no compiler enforces: who may include what, sizes of files, licence lines, leftovers, and
what the command line links. Prints a line for each breach and ends with 1 if there is any.

  python3 tests/architecture/rules.py                      the sources
  python3 tests/architecture/rules.py --ninja build.ninja  the link line of kvscope-cli
"""

import argparse
import re
import sys
from pathlib import Path

FOLDERS = ("app", "engine", "shaders", "tests", "scripts", "cmake", "resources", ".ci")
SKIPPED_FOLDERS = {"__pycache__", "run", "build"}
CPP, SHADERS = {".cpp", ".h"}, {".comp", ".glsl"}

# What a module of the engine may include besides itself. engine/cache is two: the methods, which never see Vulkan, and
# the store.
BASE = {"engine/base"}
MODEL = BASE | {"engine/gguf"}
METHODS = MODEL | {"engine/model", "engine/trace"}
MAY_INCLUDE = {
    "engine/base": set(),
    "engine/gguf": BASE,
    "engine/text": MODEL,
    "engine/vulkan": BASE,
    "engine/kernels": BASE | {"engine/vulkan", "shaders/shared"},
    "engine/trace": BASE,
    "engine/model": MODEL,
    "engine/cache": METHODS,
    "engine/cache/cells": METHODS | {"engine/cache"},
    "engine/cache/store": METHODS | {"engine/cache", "engine/cache/cells", "engine/kernels", "engine/vulkan"},
    "engine/reference": MODEL | {"engine/model"},
    "engine/planner": METHODS | {"engine/cache", "engine/cache/cells"},
    "engine/probe": METHODS | {"engine/cache", "engine/cache/cells", "engine/cache/store", "engine/kernels", "engine/vulkan",
                               "engine/reference"},
}

# The largest number of lines; 5.3 of the conventions in CONTRIBUTING.md.
MAX_LINES = {"source": 500, "test": 700, "header": 250, "shader": 350}

# Exceptions {path: reason}; they should stay few.
EXCEPTIONS = {}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
QT = re.compile(r"(Q[A-Z]\w*|Qt\w+/.*|qcustomplot\.h)$")
VULKAN = re.compile(r"(vulkan/.*|vk_mem_alloc\.h|volk\.h)$")
SPDX = "SPDX-License-Identifier: Apache-2.0"
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_.\-])/(work|farm|root|home/\w+)/", re.MULTILINE)
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX)\b|not implemented|unimplemented")


def files(root):
    """Every file of the project's own folders."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not SKIPPED_FOLDERS & set(path.relative_to(root).parts):
                yield path


def module_of(name):
    """The module of a file or an include, such as engine/gguf; the longest known one."""
    parts = name.split("/")
    for size in (3, 2):
        module = "/".join(parts[:size])
        if len(parts) > size and (module in MAY_INCLUDE or size == 2):
            return module
    return name


def include_breaches(name, text):
    """Sentences about includes that the design forbids."""
    in_engine, in_app = name.startswith("engine/"), name.startswith("app/")
    module = module_of(name)
    for include in INCLUDE.findall(text):
        target = module_of(include)
        if in_engine and QT.match(include):
            yield f"includes {include}: nothing in engine/ includes Qt"
        if VULKAN.match(include) and (in_app or in_engine) and module not in ("engine/vulkan", "engine/kernels"):
            yield f"includes {include}: only engine/vulkan and engine/kernels do; use their wrappers"
        if include == "qcustomplot.h" and not name.startswith("app/plots/"):
            yield "includes qcustomplot.h: only app/plots does"
        if in_app and include.startswith(("engine/vulkan/", "engine/kernels/", "shaders/")):
            yield f"includes {include}: nothing in app/ touches Vulkan"
        if in_app and include.startswith("engine/") and "/detail/" in include:
            yield f"includes {include}: detail/ is private to its module"
        if in_engine and include.startswith("app/"):
            yield f"includes {include}: engine/ does not know app/"
        if module in MAY_INCLUDE and include.startswith(("engine/", "shaders/")) and target != module:
            if target not in MAY_INCLUDE[module]:
                allowed = ", ".join(sorted(MAY_INCLUDE[module])) or "nothing else"
                yield f"includes {include}: {module} may include {allowed}"


def size_breach(name, text):
    """A sentence when the file is too long, or an empty text."""
    suffix = Path(name).suffix
    kind = {".cpp": "source", ".h": "header", ".comp": "shader", ".glsl": "shader"}.get(suffix)
    if name.startswith("tests/") and suffix in CPP:
        kind = "test"
    lines = text.count("\n")
    if kind and lines > MAX_LINES[kind]:
        return f"has {lines} lines; a {kind} file has at most {MAX_LINES[kind]}"
    return ""


def needs_spdx(path, text):
    """Sources, shaders, scripts and CMake files do."""
    known = CPP | SHADERS | {".py", ".sh", ".cmake"}
    return path.suffix in known or path.name == "CMakeLists.txt" or text.startswith("#!")


def breaches(root):
    """(path, sentence) of every breach in the sources."""
    for path in files(root):
        name = path.relative_to(root).as_posix()
        if name in EXCEPTIONS:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if needs_spdx(path, text) and SPDX not in "\n".join(text.split("\n")[:2]):
            yield name, f"lacks the line '{SPDX}' on top"
        if path.suffix in CPP | SHADERS:
            yield from ((name, sentence) for sentence in include_breaches(name, text))
            if size_breach(name, text):
                yield name, size_breach(name, text)
        if path.suffix == ".h" and not name.startswith("shaders/") and "#pragma once" not in text:
            yield name, "lacks #pragma once"
        if not name.startswith("tests/architecture/"):
            for found in MACHINE_PATH.finditer(text):
                yield name, f"names a path of one machine: {found.group(0).strip()}…"
            if name.startswith(("app/", "engine/", "shaders/")):
                for found in LEFTOVER.finditer(text):
                    yield name, f"says '{found.group(0)}': finish it, or open an issue"


def link_breaches(ninja):
    """Sentences about what kvscope-cli links, read from the build file; None when the file has no such program."""
    rule = re.search(r"^build (?:\S*/)?kvscope-cli: CXX_EXECUTABLE_LINKER\S*(.*?)(?=^\S|\Z)",
                     ninja, re.MULTILINE | re.DOTALL)
    if not rule:
        return None
    forbidden = re.findall(r"\S*(?:QCustomPlot|qcustomplot|libQt\d?|Qt6|/Qt)\S*", rule.group(0))
    return [f"kvscope-cli links {item}" for item in sorted(set(forbidden))]


def main():
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--ninja", type=Path, help="a build.ninja to read the link line of kvscope-cli from")
    args = parser.parse_args()
    if args.ninja:
        sentences = link_breaches(args.ninja.read_text(encoding="utf-8"))
        if sentences is None:
            print(f"{args.ninja} builds no kvscope-cli")
            return 1
    else:
        sentences = [f"{name}: {sentence}" for name, sentence in breaches(args.root)]
    print("\n".join(sentences) if sentences else "no breach")
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main())
