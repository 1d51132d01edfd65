// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/value_type.h"

#include <array>

namespace kvscope::gguf {
namespace {

struct Row {
    std::string_view name;
    std::uint64_t bytes;
};
constexpr std::array<Row, 13> kRows{{{"u8", 1},
                                     {"i8", 1},
                                     {"u16", 2},
                                     {"i16", 2},
                                     {"u32", 4},
                                     {"i32", 4},
                                     {"f32", 4},
                                     {"bool", 1},
                                     {"string", 0},
                                     {"array", 0},
                                     {"u64", 8},
                                     {"i64", 8},
                                     {"f64", 8}}};

}  // namespace

bool isValueType(std::uint32_t id) {
    return id < kRows.size();
}

std::string_view valueTypeName(ValueType type) {
    const auto id = static_cast<std::uint32_t>(type);
    return isValueType(id) ? kRows[id].name : "unknown type";
}

std::uint64_t valueBytes(ValueType type) {
    const auto id = static_cast<std::uint32_t>(type);
    return isValueType(id) ? kRows[id].bytes : 0;
}

}  // namespace kvscope::gguf
