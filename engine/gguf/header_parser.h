// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/byte_order.h"
#include "engine/gguf/file.h"
#include "engine/gguf/storage.h"

namespace kvscope::gguf {

/// What a file's header says, after every check of users.md part 2.
struct Header {
    std::uint32_t version = 0;
    ByteOrder order = kNativeOrder;
    std::uint64_t alignment = 32;
    std::uint64_t bytes = 0;  ///< before the data section
    std::vector<KeyValue> keys;
    std::vector<std::uint32_t> keysByName;  ///< positions in keys, ascending by name
    std::vector<TensorInfo> tensors;
    std::vector<std::uint32_t> tensorsByName;
};

/// Bounds on what a file may ask for. Each is far above every known model.
inline constexpr std::uint64_t kMaxKeys = 1ULL << 16U;
inline constexpr std::uint64_t kMaxTensors = 1ULL << 20U;
inline constexpr std::uint64_t kMaxKeyBytes = 65535;  ///< the format's own limit
inline constexpr std::uint64_t kMaxStringBytes = 64ULL << 20U;
inline constexpr std::uint64_t kMaxTensorNameBytes = 63;
inline constexpr std::uint32_t kMaxArrayDepth = 8;

/// Reads and checks the header. Key payloads point into storage's private copy, numbers in it in the machine's order.
Result<Header> parseHeader(Storage& storage);

}  // namespace kvscope::gguf
