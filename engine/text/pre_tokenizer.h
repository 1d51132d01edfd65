// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace kvscope::text {

/// Splits a text into the words that byte-level BPE never merges across: a list of regular expressions, each applied to
/// every piece that the one before left; matches and what lies between them become pieces (architectures.md 17.4).
/// Immutable after compile(), shared by threads.
class PreTokenizer {
  public:
    /// Compiles the stages (PCRE2 syntax, UTF, Unicode properties). `\s` means Unicode White_Space and must stand
    /// inside brackets. `name` is used in errors.
    static Result<PreTokenizer> compile(std::string name, std::span<const std::string_view> stages);

    PreTokenizer(PreTokenizer&&) noexcept;
    PreTokenizer& operator=(PreTokenizer&&) noexcept;
    ~PreTokenizer();

    /// Appends the pieces of `text`, which together are the text. Each run of bytes that are no UTF-8 is a piece. Error
    /// when the expression engine gives up (its limit on backtracking).
    Result<void> split(std::string_view text, std::vector<std::string_view>& pieces) const;

  private:
    struct Stage;
    struct Scan;
    PreTokenizer(std::string name, std::vector<Stage> stages);
    Result<void> splitFrom(std::size_t stage, std::string_view text, const Scan& scan) const;

    std::string m_name;
    std::vector<Stage> m_stages;
};

}  // namespace kvscope::text
