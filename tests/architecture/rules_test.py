#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants one breach of each rule in a small tree and expects rules.py to name it, and nothing else."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import rules  # noqa: E402

HEAD = "// SPDX-License-Identifier: Apache-2.0\n"


class Rules(unittest.TestCase):
    """Each test writes one file."""

    def found(self, name, text):
        """The sentences about a tree that holds this file alone."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
            return [sentence for _, sentence in rules.breaches(Path(folder))]

    def expect(self, name, text, *words):
        """One breach a word, in this order."""
        sentences = self.found(name, text)
        self.assertEqual(len(sentences), len(words), sentences)
        for sentence, word in zip(sentences, words):
            self.assertIn(word, sentence)

    def test_qt_stays_out_of_the_engine(self):
        """By class header, by module path, and by plots."""
        self.expect("engine/trace/a.cpp", HEAD + "#include <QString>\n", "QString")
        self.expect("engine/trace/a.cpp", HEAD + "#include <QtCore/qglobal.h>\n", "QtCore")
        self.expect("app/views/a.cpp", HEAD + "#include <QString>\n")

    def test_vulkan_has_two_homes(self):
        """engine/vulkan and engine/kernels."""
        text = HEAD + "#include <vulkan/vulkan.h>\n"
        self.expect("engine/vulkan/a.cpp", text)
        self.expect("engine/kernels/a.cpp", text)
        for name in ("engine/cache/store/a.cpp", "engine/runtime/a.cpp", "engine/probe/a.cpp", "app/cli/a.cpp"):
            self.expect(name, text, "vulkan/vulkan.h")
        self.expect("app/cli/a.cpp", HEAD + '#include "engine/vulkan/device.h"\n', "nothing in app/ touches Vulkan")

    def test_plots_have_one_home(self):
        """app/plots."""
        self.expect("app/plots/a.cpp", HEAD + "#include <qcustomplot.h>\n")
        self.expect("app/views/a.cpp", HEAD + "#include <qcustomplot.h>\n", "only app/plots")

    def test_the_reference_shares_nothing(self):
        """Neither cache nor kernels."""
        for header in ("engine/cache/policy/policy.h", "engine/kernels/mat_mul.h"):
            self.expect("engine/reference/a.cpp", HEAD + f'#include "{header}"\n', "engine/reference may")
        self.expect("engine/reference/a.cpp", HEAD + '#include "engine/model/hparams.h"\n')

    def test_methods_never_see_the_device(self):
        """The store does, the rest of engine/cache does not."""
        text = HEAD + '#include "engine/kernels/kv_append.h"\n'
        self.expect("engine/cache/store/a.cpp", text)
        self.expect("engine/cache/keep/a.cpp", text, "engine/cache may")

    def test_detail_is_private(self):
        """app/ does not reach into a module."""
        self.expect("app/bridge/a.cpp", HEAD + '#include "engine/trace/detail/sql.h"\n', "private")

    def test_sizes(self):
        """At the limit and one line above it."""
        limits = {"engine/base/a.cpp": 500, "tests/engine/base/a_test.cpp": 700, "shaders/kernels/a.comp": 350}
        for name, limit in limits.items():
            self.expect(name, HEAD + "\n" * (limit - 1))
            self.expect(name, HEAD + "\n" * limit, f"at most {limit}")
        self.expect("engine/base/a.h", HEAD + "#pragma once\n" + "\n" * 248)
        self.expect("engine/base/a.h", HEAD + "#pragma once\n" + "\n" * 249, "at most 250")

    def test_licence_lines(self):
        """In sources, shaders, CMake files and scripts without an ending."""
        for name, text in (("engine/base/a.cpp", "int a;\n"), ("shaders/common/a.glsl", "\n"), ("cmake/a.cmake", "\n"),
                           ("engine/base/CMakeLists.txt", "\n"), ("scripts/a", "#!/bin/sh\n")):
            self.expect(name, text, "SPDX")
        self.expect("scripts/a", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n")

    def test_leftovers(self):
        """Unfinished code, paths of a machine, headers without a guard."""
        self.expect("engine/base/a.cpp", HEAD + "// TODO: more\n", "TODO")
        self.expect("tests/gui/a.cpp", HEAD + 'auto p = "/home/me/x";\n', "path of one machine")
        self.expect("engine/base/a.h", HEAD, "#pragma once")

    def test_link_line(self):
        """Of kvscope-cli alone."""
        line = "build bin/{}: CXX_EXECUTABLE_LINKER__x a.o | libx.a\n  LINK_LIBRARIES = {}\n\nbuild other: phony\n"
        plots = "/usr/lib/libQCustomPlotQt6.so -lfmt"
        self.assertEqual(rules.link_breaches(line.format("kvscope-cli", plots)),
                         ["kvscope-cli links /usr/lib/libQCustomPlotQt6.so"])
        self.assertEqual(rules.link_breaches(line.format("kvscope-cli", "-lfmt /usr/lib/libvulkan.so")), [])
        self.assertIsNone(rules.link_breaches(line.format("kvscope", plots)))


if __name__ == "__main__":
    unittest.main()
