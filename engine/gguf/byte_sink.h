// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/checked.h"
#include "engine/gguf/byte_order.h"

namespace kvscope::gguf {

/// Bytes of a file that is being written, numbers in a chosen order.
class ByteSink {
  public:
    explicit ByteSink(ByteOrder order) : m_order(order) {}

    template <typename T>
    void number(T value) {
        const std::size_t at = m_bytes.size();
        m_bytes.resize(at + sizeof(T));
        std::memcpy(m_bytes.data() + at, &value, sizeof(T));
        if (m_order != kNativeOrder) swapNumbers(std::span(m_bytes).subspan(at), sizeof(T));
    }
    template <typename T>
    void numbers(std::span<const T> values) {
        for (const T value : values) number(value);
    }
    /// Length and text.
    void string(std::string_view text) {
        number(static_cast<std::uint64_t>(text.size()));
        raw(std::as_bytes(std::span(text)));
    }
    void raw(std::span<const std::byte> bytes) { m_bytes.insert(m_bytes.end(), bytes.begin(), bytes.end()); }
    /// Zeros up to a multiple of `unit`.
    void pad(std::uint64_t unit) { m_bytes.resize(roundUp(m_bytes.size(), unit)); }
    void reserve(std::uint64_t bytes) { m_bytes.reserve(bytes); }

    [[nodiscard]] ByteOrder order() const { return m_order; }
    [[nodiscard]] const std::vector<std::byte>& bytes() const { return m_bytes; }
    [[nodiscard]] std::vector<std::byte> take() && { return std::move(m_bytes); }

  private:
    ByteOrder m_order;
    std::vector<std::byte> m_bytes;
};

}  // namespace kvscope::gguf
