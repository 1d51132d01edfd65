// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace kvscope::gguf::test {

/// Opens the bytes as a file and, when they are accepted, reads every key in every way and decodes every tensor that is
/// small. True when accepted. Throws std::logic_error when a promise of the reader is broken (a range outside the file,
/// an error without a place).
bool exerciseGguf(std::span<const std::byte> bytes);

}  // namespace kvscope::gguf::test
