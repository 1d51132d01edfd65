// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "engine/base/error.h"
#include "engine/trace/records.h"

namespace kvscope::trace {

/// Records a run to NAME.kvtrace (SQLite, WAL). Owns the writer thread; push() is called by the engine thread and
/// waits only when the bounded queue is full (the writer may not drop). A run that dies leaves a readable file up to
/// the last batch.
class Writer {
  public:
    /// A trace that is at `path` is replaced; any other file is refused.
    static Result<std::unique_ptr<Writer>> create(const std::filesystem::path& path, const RunInfo& run);
    ~Writer();
    /// Hands a step over; steps come in rising order (gaps are fine). Fails once the writer thread has failed (disk
    /// full …); the run may go on without a trace.
    Result<void> push(BundlePtr bundle);
    /// Waits until all that was pushed is in the file, and fails as push() does.
    Result<void> flush();
    /// Writes what waits, ends the thread, closes the file. Also done by the destructor (errors lost there).
    Result<void> close();

  private:
    struct Impl;
    explicit Writer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kvscope::trace
