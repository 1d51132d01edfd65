// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace kvscope::gguf {

/// Order of the bytes of a number in a file.
enum class ByteOrder : std::uint8_t { Little, Big };

inline constexpr ByteOrder kNativeOrder =
    std::endian::native == std::endian::little ? ByteOrder::Little : ByteOrder::Big;
inline constexpr ByteOrder kOtherOrder = kNativeOrder == ByteOrder::Little ? ByteOrder::Big : ByteOrder::Little;

/// Reverses the bytes of each number of `size` bytes (1, 2, 4 or 8); bytes.size() is a multiple of it.
inline void swapNumbers(std::span<std::byte> bytes, std::uint64_t size) {
    if (size <= 1) return;
    for (std::size_t at = 0; at + size <= bytes.size(); at += size) {
        std::ranges::reverse(bytes.subspan(at, size));
    }
}

}  // namespace kvscope::gguf
