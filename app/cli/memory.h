// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace kvscope::cli {

/// Resident memory of this process that no file backs (RssAnon + RssShmem of /proc/self/status), bytes: a mapped model
/// file does not count, a driver's buffers in host memory do. Nothing where the system does not tell.
[[nodiscard]] std::optional<std::uint64_t> privateBytes();

}  // namespace kvscope::cli
