// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "engine/base/error.h"

namespace kvscope::trace::detail {

/// A file being written. Unless finish() succeeded it is removed at the end.
class TextFile {
  public:
    static Result<TextFile> create(const std::filesystem::path& path);
    TextFile(TextFile&& other) noexcept = default;
    TextFile& operator=(TextFile&& other) = delete;
    ~TextFile();
    /// Collected text; write() sends it when enough has come together.
    std::string buffer;
    Result<void> write(bool all = false);
    /// Writes what is left and closes; the file stays.
    Result<void> finish();
    /// Removes the file after all.
    void discard();
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

  private:
    TextFile() = default;
    struct Close {
        void operator()(std::FILE* f) const { std::fclose(f); }
    };
    std::unique_ptr<std::FILE, Close> m_file;
    std::filesystem::path m_path;
};

}  // namespace kvscope::trace::detail
