// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "engine/text/chat/value.h"

namespace kvscope::text {

/// What printing the value gives: Python's str(), and an empty text for what is undefined.
[[nodiscard]] std::string printed(const Value& value, Budget& budget);

/// How json.dumps writes.
struct JsonStyle {
    bool escapeNonAscii = false;
    bool sortKeys = false;
    std::optional<std::string> indent;  ///< of a level; without it all is on one line
    std::string itemSeparator = ", ";
    std::string keySeparator = ": ";
};

/// The value as JSON text, as Python's json.dumps writes it (the tojson filter of chat templates, which unlike Jinja's
/// own escapes nothing for HTML).
[[nodiscard]] std::string jsonText(const Value& value, const JsonStyle& style, Budget& budget);

}  // namespace kvscope::text
