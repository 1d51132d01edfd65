// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace kvscope::text {

/// SentencePiece's compiled table of normalisations (tokenizer.ggml.precompiled_charsmap): a double array over the
/// bytes of what is replaced (Darts-clone's 32-bit units, little endian), its size in bytes in front, and behind it the
/// replacements, each ending with a zero byte. Immutable, shared by threads.
class Charsmap {
  public:
    /// Replaces nothing.
    Charsmap() = default;
    /// `where` is used in errors. Error when a size or an ending is wrong.
    static Result<Charsmap> parse(std::span<const std::int64_t> bytes, std::string where);

    struct Match {
        std::size_t bytes;  ///< of the text, at least 1
        std::string_view replacement;
    };
    /// The longest beginning of `text` that has a replacement; nothing where none has. Places outside the table, as in
    /// a broken file, end the search.
    [[nodiscard]] std::optional<Match> find(std::string_view text) const;

  private:
    std::vector<std::uint32_t> m_units;
    std::string m_replacements;
};

}  // namespace kvscope::text
