// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "engine/trace/history.h"

namespace kvscope::trace::test {

/// An empty folder that is removed at the end of the test.
class TempFolder {
  public:
    TempFolder();
    ~TempFolder();
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    [[nodiscard]] std::filesystem::path path(const std::string& name) const { return m_path / name; }
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

  private:
    std::filesystem::path m_path;
};

/// A text with every member of the bundle, numbers by their bits (NaN as "nan"): equal texts mean equal bundles.
[[nodiscard]] std::string dump(const StepBundle& bundle);
[[nodiscard]] std::string dump(const RunInfo& run);

/// Writes a trace in one go; fails the test on errors.
void writeTrace(const std::filesystem::path& path, const History& history);
/// Runs SQL on a file with SQLite itself; fails the test on errors.
void runSql(const std::filesystem::path& path, const std::string& sql);
/// The first column of the first row, as text.
[[nodiscard]] std::string querySql(const std::filesystem::path& path, const std::string& sql);
[[nodiscard]] std::string readFile(const std::filesystem::path& path);
void writeFile(const std::filesystem::path& path, const std::string& bytes);

/// Three steps with the awkward values: NaN, infinities, -0, int64 extremes, empty texts, bytes that are no UTF-8.
[[nodiscard]] History awkwardHistory();

}  // namespace kvscope::trace::test
