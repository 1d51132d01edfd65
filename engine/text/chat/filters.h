// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "engine/text/chat/interpreter.h"

namespace kvscope::text {

using FilterFunction = Value (*)(Interpreter& interpreter, const Value& subject, const Arguments& arguments);

/// A line of a table of filters.
struct FilterEntry {
    std::string_view name;
    FilterFunction apply;
};

/// Filters that make texts (text_filters.cpp), that go through lists (list_filters.cpp), and that turn values into
/// others (value_filters.cpp). Names and meanings are Jinja's; tojson is that of chat templates.
[[nodiscard]] std::span<const FilterEntry> textFilters();
[[nodiscard]] std::span<const FilterEntry> listFilters();
[[nodiscard]] std::span<const FilterEntry> valueFilters();

/// The member that a dotted path names ("function.name"), or the item of an integer: the argument "attribute" of
/// filters.
[[nodiscard]] Value attributePath(Interpreter& interpreter, const Value& item, const Value& path);

}  // namespace kvscope::text
