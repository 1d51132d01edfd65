// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace kvscope {

/// "4.19 MiB": binary units, three significant digits, a thin space (U+2009) before the unit.
[[nodiscard]] std::string formatBytes(std::uint64_t bytes);
/// "1.23 k", "4.5 M": decimal prefixes for counts, three significant digits.
[[nodiscard]] std::string formatCount(double count);
/// "4.7 ms", "312 µs": three significant digits.
[[nodiscard]] std::string formatNanoseconds(double nanoseconds);

}  // namespace kvscope
