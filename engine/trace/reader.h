// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "engine/base/error.h"
#include "engine/trace/records.h"

namespace kvscope::trace {

/// Opens a .kvtrace file (untrusted input: schema, sizes and blobs are checked; errors name file, table and row).
class Reader {
  public:
    static Result<Reader> open(const std::filesystem::path& path);
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;
    ~Reader();
    [[nodiscard]] const RunInfo& run() const;
    [[nodiscard]] std::uint64_t stepCount() const;
    /// Steps first … first + count - 1 (fewer at the end), whole bundles.
    [[nodiscard]] Result<std::vector<BundlePtr>> steps(std::uint64_t first, std::uint64_t count) const;

  private:
    struct Impl;
    explicit Reader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kvscope::trace
