// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/gguf/file.h"

namespace kvscope::gguf {

/// The name used in sentences and JSON: "u8", "i32", "f32", "bool", "string", "array"; "type N" is the caller's.
[[nodiscard]] std::string_view valueTypeName(ValueType type);
/// True for the thirteen ids of the format.
[[nodiscard]] bool isValueType(std::uint32_t id);
/// Bytes of a value of fixed size; 0 for strings and arrays.
[[nodiscard]] std::uint64_t valueBytes(ValueType type);

}  // namespace kvscope::gguf
