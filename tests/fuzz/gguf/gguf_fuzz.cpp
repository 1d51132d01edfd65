// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: gguf_fuzz CORPUS_FOLDER. The seeds are written by: gguf_seeds CORPUS_FOLDER.
#include <cstdint>

#include "tests/fuzz/gguf/gguf_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    kvscope::gguf::test::exerciseGguf({reinterpret_cast<const std::byte*>(data), size});
    return 0;
}
