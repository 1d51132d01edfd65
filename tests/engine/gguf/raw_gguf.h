// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace kvscope::gguf::test {

/// Appends the parts of a GGUF file one by one and checks nothing, so that every fault can be written.
/// It shares no code with the reader or the writer under test.
class RawGguf {
  public:
    /// Begins with magic, version and the two counts.
    RawGguf(std::uint32_t version, std::uint64_t tensors, std::uint64_t keys, bool bigEndian = false)
        : m_bigEndian(bigEndian) {
        text("GGUF").u32(version).u64(tensors).u64(keys);
    }
    RawGguf() = default;

    RawGguf& u8(std::uint8_t value) { return number(value); }
    RawGguf& u16(std::uint16_t value) { return number(value); }
    RawGguf& u32(std::uint32_t value) { return number(value); }
    RawGguf& u64(std::uint64_t value) { return number(value); }
    RawGguf& f32(float value) { return number(value); }
    RawGguf& f64(double value) { return number(value); }
    RawGguf& text(std::string_view bytes) {
        for (const char c : bytes) m_bytes.push_back(static_cast<std::byte>(c));
        return *this;
    }
    RawGguf& string(std::string_view bytes) { return u64(bytes.size()).text(bytes); }
    RawGguf& key(std::string_view name, std::uint32_t type) { return string(name).u32(type); }
    RawGguf& array(std::string_view name, std::uint32_t element, std::uint64_t count) {
        return key(name, 9).u32(element).u64(count);
    }
    RawGguf& tensor(std::string_view name, std::initializer_list<std::uint64_t> dims, std::uint32_t type,
                    std::uint64_t offset) {
        string(name).u32(static_cast<std::uint32_t>(dims.size()));
        for (const std::uint64_t dim : dims) u64(dim);
        return u32(type).u64(offset);
    }
    RawGguf& zeros(std::size_t count) {
        m_bytes.resize(m_bytes.size() + count);
        return *this;
    }
    /// Zeros up to a multiple of `unit`.
    RawGguf& pad(std::size_t unit = 32) { return zeros((unit - m_bytes.size() % unit) % unit); }

    [[nodiscard]] std::vector<std::byte> bytes() const { return m_bytes; }
    [[nodiscard]] std::size_t size() const { return m_bytes.size(); }

  private:
    template <typename T>
    RawGguf& number(T value) {
        const auto* begin = reinterpret_cast<const std::byte*>(&value);
        m_bytes.insert(m_bytes.end(), begin, begin + sizeof(T));
        if (m_bigEndian) std::reverse(m_bytes.end() - sizeof(T), m_bytes.end());
        return *this;
    }
    bool m_bigEndian = false;
    std::vector<std::byte> m_bytes;
};

}  // namespace kvscope::gguf::test
