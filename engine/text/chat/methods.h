// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/text/chat/value.h"

namespace kvscope::text {

/// A method of strings, dictionaries or lists. Of those that change their value there are none: templates cannot.
using Method = Value (*)(const Value& self, const Arguments& arguments, Budget& budget);

/// The method with this name that the value's type has, or nullptr.
[[nodiscard]] Method findMethod(const Value& self, std::string_view name);
/// Methods of strings (text_methods.cpp).
[[nodiscard]] Method findTextMethod(std::string_view name);

/// An integer argument; `fallback` when it is left out or none.
[[nodiscard]] std::int64_t integerArgument(const Arguments& arguments, std::size_t position, std::string_view name,
                                           std::int64_t fallback);
/// A string argument; nullptr when it is left out or none.
[[nodiscard]] const std::string* textArgument(const Arguments& arguments, std::size_t position, std::string_view name);
/// A yes-or-no argument.
[[nodiscard]] bool flagArgument(const Arguments& arguments, std::size_t position, std::string_view name, bool fallback);

/// All occurrences, or the first `count` of them when it is not negative, replaced as Python's str.replace() does.
[[nodiscard]] Value replaceText(const std::string& text, const std::string& from, const std::string& to,
                                std::int64_t count, Budget& budget);
/// Items joined by a separator.
[[nodiscard]] Value joinTexts(const Values& items, const std::string& separator, Budget& budget);
/// Without white space, or without the characters of `set`, at the ends.
[[nodiscard]] Value stripText(const std::string& text, const std::string* set, bool left, bool right, Budget& budget);
/// Each word with a capital: a word begins behind what is no letter.
[[nodiscard]] std::string titleCase(const std::string& text);

}  // namespace kvscope::text
