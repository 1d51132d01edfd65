// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace kvscope::gguf {

/// Text of a file made fit for an error sentence or a terminal: control characters and bytes that are no UTF-8 become
/// \xNN, a backslash is doubled, and more than `maxBytes` are cut with "...".
[[nodiscard]] std::string quoteName(std::string_view text, std::size_t maxBytes = 100);

/// Length in bytes of the well-formed UTF-8 character that `text` begins with; 0 when it begins with none.
[[nodiscard]] std::size_t utf8CharacterBytes(std::string_view text);

}  // namespace kvscope::gguf
