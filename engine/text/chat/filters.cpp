// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/filters.h"

#include "engine/text/chat/interpreter_guards.h"

#include <algorithm>
#include <array>

namespace kvscope::text {

Value Interpreter::applyFilter(const std::string& name, const Value& subject, const Arguments& arguments) {
    const DepthGuard depth(*this);  // map can name map
    for (const auto table : std::array{textFilters(), listFilters(), valueFilters()}) {
        const auto found = std::ranges::find(table, name, &FilterEntry::name);
        if (found != table.end()) return found->apply(*this, subject, arguments);
    }
    fault("the filter '{}' is not supported", name.substr(0, 60));
}

}  // namespace kvscope::text
