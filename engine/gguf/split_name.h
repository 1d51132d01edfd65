// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvscope::gguf {

/// The name of a part of a split model, "PREFIX-00002-of-00005.gguf" (architectures.md 15.5).
struct SplitName {
    std::string prefix;
    std::uint64_t number = 0;  ///< from 1
    std::uint64_t count = 0;

    /// The file name; number and count with at least five digits.
    [[nodiscard]] std::string text() const;
    /// The name of another part of the same model.
    [[nodiscard]] SplitName sibling(std::uint64_t other) const { return {prefix, other, count}; }
};

/// Reads the name of a file without its folder; nothing when it has another form.
[[nodiscard]] std::optional<SplitName> parseSplitName(std::string_view fileName);

}  // namespace kvscope::gguf
