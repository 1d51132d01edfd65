// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "engine/trace/detail/head_store.h"
#include "engine/trace/detail/sqlite.h"
#include "engine/trace/records.h"

namespace kvscope::trace::detail {

inline constexpr std::int32_t kApplicationId = 0x4B565452;  ///< "KVTR"

/// The tables of a .kvtrace being written. Used by one thread at a time.
class Store {
  public:
    /// Makes the file with its tables and the run row. A file that is there is replaced if it is a trace or empty, and
    /// refused if it is anything else.
    static Result<std::unique_ptr<Store>> create(const std::filesystem::path& path, const RunInfo& run);
    /// Writes a batch in one transaction; after an error nothing of it is in the file.
    Result<void> write(std::span<const BundlePtr> batch);
    /// Writes what is left, marks the run as closed, and folds the log into the file so that one file remains.
    Result<void> finish();

  private:
    Store(Database database, HeadStore heads) : m_database(std::move(database)), m_heads(std::move(heads)) {}
    Result<void> prepareAll();
    Result<void> writeBundle(const StepBundle& bundle);
    Result<void> transaction(const auto& body);
    template <typename Row>
    Result<void> insertRows(const StepBundle& bundle, std::size_t index);

    Database m_database;
    HeadStore m_heads;
    Statement m_insertStep;
    std::vector<Statement> m_insertChild;  ///< in the order of forEachChild()
    std::uint64_t m_steps = 0;
};

}  // namespace kvscope::trace::detail
