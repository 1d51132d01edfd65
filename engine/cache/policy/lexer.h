// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace kvscope::cache {

/// Longest policy text that is read, in bytes.
inline constexpr std::size_t kMaxPolicyLength = 2048;
/// Longest number that is read, in characters: every such decimal survives the way through a double.
inline constexpr std::size_t kMaxNumberLength = 15;

enum class TokenKind { Word, Number, Symbol, Space, End };

/// A piece of a policy text; `column` counts bytes from 1. `text` points into the text that was lexed.
struct Token {
    TokenKind kind = TokenKind::End;
    std::string_view text;
    std::size_t column = 1;

    [[nodiscard]] bool is(char symbol) const { return kind == TokenKind::Symbol && text.front() == symbol; }
};

/// Splits a policy text into words, numbers, symbols `=+(),:@/~` and runs of spaces, closed by End.
/// BadPolicy for any other byte, a malformed number, or a text longer than kMaxPolicyLength.
[[nodiscard]] Result<std::vector<Token>> lexPolicy(std::string_view text);

}  // namespace kvscope::cache
