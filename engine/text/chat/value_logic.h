// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>

#include "engine/text/chat/value.h"

namespace kvscope::text {

/// Python's truth of a value: false are undefined, none, zero and what is empty.
[[nodiscard]] bool truth(const Value& value);
/// Python's ==, numbers by value whatever their type.
[[nodiscard]] bool equal(const Value& a, const Value& b, Budget& budget);
/// Python's order of numbers, strings and lists; other pairs are an error.
[[nodiscard]] std::partial_ordering order(const Value& a, const Value& b, Budget& budget);
/// `item in container`.
[[nodiscard]] bool contains(const Value& container, const Value& item, Budget& budget);
/// What a loop over the value visits: items of a list, keys of a dictionary, characters of a string; nothing of an
/// undefined value. Other types are an error.
[[nodiscard]] Values itemsOf(const Value& value, Budget& budget);
/// Python's len(): characters of a string, items of a list or dictionary.
[[nodiscard]] std::int64_t lengthOf(const Value& value, Budget& budget);
/// The member of a dictionary with this key, or nullptr.
[[nodiscard]] const Value* lookUp(const Value& dict, const Value& key, Budget& budget);

}  // namespace kvscope::text
