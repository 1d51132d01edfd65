// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "engine/gguf/file.h"

namespace kvscope::gguf::test {

/// Opens the bytes as a file and, when they are accepted, reads every key in every way and decodes every tensor that is
/// small. True when accepted. Throws std::logic_error when a promise of the reader is broken (a range outside the file,
/// an error without a place). Bytes that begin with kSplitMark are the parts of a split model (see packParts()).
bool exerciseGguf(std::span<const std::byte> bytes);

/// Begins a split model and each further part of it.
inline constexpr std::string_view kSplitMark = "SPLITGGU";
/// Puts files together to one input: each with the mark in front. They are named "fuzz-0000N-of-0000M.gguf".
[[nodiscard]] std::vector<std::byte> packParts(std::span<const NamedBytes> files);

}  // namespace kvscope::gguf::test
