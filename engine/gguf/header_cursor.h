// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/base/error.h"
#include "engine/gguf/byte_order.h"
#include "engine/gguf/quote.h"
#include "engine/gguf/storage.h"

namespace kvscope::gguf {

/// A position in the header that never leaves the file. Reads answer false after noting one error sentence that names
/// the place ("FILE: key NAME") and the byte; the first error is kept.
class HeaderCursor {
  public:
    explicit HeaderCursor(Storage& storage) : m_storage(storage), m_place(storage.label()) {}

    [[nodiscard]] std::uint64_t position() const { return m_position; }
    [[nodiscard]] std::uint64_t left() const { return m_storage.size() - m_position; }

    /// What the following reads belong to: "key general.name", "tensor 3 of 12".
    void setPlace(std::string place) { m_place = fmt::format("{}: {}", m_storage.label(), place); }
    [[nodiscard]] const std::string& place() const { return m_place; }
    /// The numbers that follow have this order in the file. Each is turned to the machine's in the header copy as it is
    /// read, so that views into the copy need no turning.
    void setByteOrder(ByteOrder order) { m_swap = order != kNativeOrder; }

    template <typename T>
    bool number(T& out, std::string_view what) {
        const std::byte* at = numbers(sizeof(T), 1, what);
        if (at == nullptr) return false;
        std::memcpy(&out, at, sizeof(T));
        return true;
    }

    /// `count` numbers of `size` bytes each, in the machine's order; their product is at most left() or overflows
    /// nothing. nullptr when the file ends before.
    const std::byte* numbers(std::uint64_t size, std::uint64_t count, std::string_view what) {
        std::byte* at = take(size * count, what);
        if (at != nullptr && m_swap) swapNumbers({at, size * count}, size);
        return at;
    }

    /// A string with its length in front; the view points into the header copy.
    bool string(std::string_view& out, std::uint64_t maxBytes, std::string_view what) {
        const std::uint64_t start = m_position;
        std::uint64_t length = 0;
        if (!number(length, what)) return false;
        if (length > left() || length > maxBytes) return refuseLength(length, maxBytes, what, start);
        const std::byte* at = take(length, what);
        if (at == nullptr) return false;
        out = {reinterpret_cast<const char*>(at), length};
        return true;
    }

    /// The next `bytes` bytes, or nullptr.
    std::byte* take(std::uint64_t bytes, std::string_view what) {
        if (bytes > left()) {
            refuse("the file ends at byte {}, inside {} at byte {}", m_storage.size(), what, m_position);
            return nullptr;
        }
        auto base = m_storage.loadHeader(m_position + bytes);
        if (!base) {
            m_error = {base.error().kind, m_place, base.error().message};
            return nullptr;
        }
        std::byte* at = *base + m_position;
        m_position += bytes;
        return at;
    }

    template <typename... Args>
    bool refuse(fmt::format_string<Args...> format, Args&&... args) {
        m_error = {ErrorKind::BadFile, m_place, fmt::format(format, std::forward<Args>(args)...)};
        return false;
    }
    template <typename... Args>
    bool refuseUnsupported(fmt::format_string<Args...> format, Args&&... args) {
        m_error = {ErrorKind::Unsupported, m_place, fmt::format(format, std::forward<Args>(args)...)};
        return false;
    }
    [[nodiscard]] const Error& error() const { return m_error; }

  private:
    bool refuseLength(std::uint64_t length, std::uint64_t maxBytes, std::string_view what, std::uint64_t start) {
        if (length > left()) {
            return refuse("the length of {} at byte {} is {}, but only {} bytes are left in the file", what, start,
                          length, left());
        }
        return refuse("the length of {} at byte {} is {}, more than the {} bytes allowed", what, start, length,
                      maxBytes);
    }

    Storage& m_storage;
    std::uint64_t m_position = 0;
    bool m_swap = false;
    std::string m_place;
    Error m_error;
};

}  // namespace kvscope::gguf
