// SPDX-License-Identifier: Apache-2.0
#include "engine/text/charsmap.h"

#include <algorithm>

namespace kvscope::text {
namespace {

constexpr std::size_t kUnitBytes = 4;

// Fields of a unit: bit 31 marks a value; bits 0-7 the byte that leads here; bit 8 says that a value hangs below;
// bits 10-30 the distance to the children, in units of 256 where bit 9 is set.
constexpr std::uint32_t kValueBit = 1U << 31U;

std::uint32_t labelOf(std::uint32_t unit) {
    return unit & (kValueBit | 0xFFU);
}
bool hasValue(std::uint32_t unit) {
    return ((unit >> 8U) & 1U) != 0;
}
std::uint32_t distanceOf(std::uint32_t unit) {
    return (unit >> 10U) << ((unit & (1U << 9U)) >> 6U);
}

std::uint32_t readUnit(std::string_view bytes) {
    std::uint32_t unit = 0;
    for (unsigned i = 0; i < kUnitBytes; ++i) {
        unit |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8U * i);
    }
    return unit;
}

}  // namespace

Result<Charsmap> Charsmap::parse(std::span<const std::int64_t> numbers, std::string where) {
    std::string bytes;
    bytes.reserve(numbers.size());
    for (const std::int64_t number : numbers) {
        if (number < -128 || number > 255) {
            return fail(ErrorKind::BadFile, std::move(where), "the value {} is no byte", number);
        }
        bytes += static_cast<char>(number);
    }
    Charsmap map;
    if (bytes.empty()) return map;
    if (bytes.size() < kUnitBytes) {
        return fail(ErrorKind::BadFile, std::move(where), "the table has {} bytes, too few for its size", bytes.size());
    }
    std::string_view rest = bytes;
    const std::uint32_t size = readUnit(rest);
    rest.remove_prefix(kUnitBytes);
    if (size > rest.size() || size % kUnitBytes != 0) {
        return fail(ErrorKind::BadFile, std::move(where), "the double array has {} bytes, but {} follow", size,
                    rest.size());
    }
    for (std::size_t at = 0; at < size; at += kUnitBytes) map.m_units.push_back(readUnit(rest.substr(at)));
    map.m_replacements = rest.substr(size);
    if (!map.m_replacements.empty() && map.m_replacements.back() != '\0') {
        return fail(ErrorKind::BadFile, std::move(where), "the last replacement does not end");
    }
    return map;
}

std::optional<Charsmap::Match> Charsmap::find(std::string_view text) const {
    std::optional<Match> found;
    if (m_units.empty()) return found;
    std::size_t node = distanceOf(m_units[0]);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        node ^= byte;
        if (byte == 0 || node >= m_units.size() || labelOf(m_units[node]) != byte) break;
        const std::uint32_t unit = m_units[node];
        node ^= distanceOf(unit);
        if (!hasValue(unit)) continue;
        if (node >= m_units.size()) break;
        const std::size_t begin = m_units[node] & ~kValueBit;
        if (begin >= m_replacements.size()) break;
        const std::size_t end = m_replacements.find('\0', begin);  // parse() saw to it that there is one
        found = {i + 1, std::string_view(m_replacements).substr(begin, end - begin)};
    }
    return found;
}

}  // namespace kvscope::text
