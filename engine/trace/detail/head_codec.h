// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace kvscope::trace::detail {

inline constexpr std::uint64_t kWindowSteps = 64;  ///< steps that share a chunk of head values

/// One metric of all heads in one step of a window.
struct HeadEntry {
    std::uint16_t offset = 0;   ///< step % kWindowSteps
    std::uint16_t ordinal = 0;  ///< place among the head records of its step
    std::vector<float> values;  ///< (layer, head)
};

/// Packs entries of equal size (lossless): raw layout in SCHEMA.md, then one zstd frame with a checksum.
[[nodiscard]] Result<std::vector<std::byte>> packHeads(std::span<const HeadEntry> entries);
/// The inverse; `entries` and `values` (a step's numbers) are what the file claims and are checked against the frame.
/// `where` names file, table and row in errors.
[[nodiscard]] Result<std::vector<HeadEntry>> unpackHeads(std::string_view blob, std::uint64_t entries,
                                                         std::uint64_t values, const std::string& where);

/// Packs plain floats into one zstd frame.
[[nodiscard]] Result<std::vector<std::byte>> packFloats(std::span<const float> values);
[[nodiscard]] Result<std::vector<float>> unpackFloats(std::string_view blob, std::uint64_t count,
                                                      const std::string& where);

}  // namespace kvscope::trace::detail
