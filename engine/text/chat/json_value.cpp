// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/json_value.h"

#include <limits>

namespace kvscope::text {

Value valueOf(const nlohmann::ordered_json& json, Budget& budget, std::size_t depth) {
    using Type = nlohmann::ordered_json::value_t;
    if (depth >= kMaxValueDepth) fault("the messages are nested deeper than {} levels", kMaxValueDepth);
    switch (json.type()) {
        case Type::boolean:
            return Value(json.get<bool>());
        case Type::number_integer:
            return Value(json.get<std::int64_t>());
        case Type::number_unsigned: {
            const auto number = json.get<std::uint64_t>();
            if (number > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return Value(json.get<double>());
            return Value(static_cast<std::int64_t>(number));
        }
        case Type::number_float:
            return Value(json.get<double>());
        case Type::string:
            return Value::string(json.get_ref<const std::string&>(), budget);
        case Type::array: {
            Values items;
            for (const auto& item : json) items.push_back(valueOf(item, budget, depth + 1));
            return Value::list(std::move(items), budget);
        }
        case Type::object: {
            std::vector<ValuePair> items;
            for (const auto& [key, item] : json.items()) {
                items.emplace_back(Value::string(key, budget), valueOf(item, budget, depth + 1));
            }
            return Value::dict(items, budget);
        }
        default:
            return {};
    }
}

}  // namespace kvscope::text
