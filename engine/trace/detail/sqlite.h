// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kvscope::trace::detail {

/// Type of a value in a row.
enum class ValueType { Integer, Real, Text, Blob, Null };

/// A prepared statement; must not outlive its Database.
class Statement {
  public:
    Statement() = default;
    /// Parameters are numbered from 1. Texts and blobs must stay alive until the next step().
    void bind(int index, std::int64_t value);
    void bind(int index, double value);  ///< NaN becomes NULL
    void bindText(int index, std::string_view value);
    void bindBlob(int index, std::span<const std::byte> value);
    void bindNull(int index);
    /// Goes on to the next row; false when there is none.
    [[nodiscard]] Result<bool> step();
    /// Ready to be bound and run again.
    void reset();
    /// step() and reset() of a statement without rows.
    [[nodiscard]] Result<void> run();

    [[nodiscard]] ValueType type(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] double real(int column) const;
    /// Bytes of a text or blob; valid until the next step() or reset().
    [[nodiscard]] std::string_view bytes(int column) const;

  private:
    friend class Database;
    struct Finalise {
        void operator()(sqlite3_stmt* s) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalise> m_statement;
    std::string m_file;
};

/// A connection to a database file. One thread at a time.
class Database {
  public:
    /// Creates or opens for writing.
    static Result<Database> create(const std::filesystem::path& path);
    /// Opens an untrusted file read-only: no triggers, views or functions of its schema run, lengths are limited.
    static Result<Database> openUntrusted(const std::filesystem::path& path);
    [[nodiscard]] Result<void> execute(const std::string& sql);
    [[nodiscard]] Result<Statement> prepare(const std::string& sql) const;
    /// The single integer that a query gives (a PRAGMA …).
    [[nodiscard]] Result<std::int64_t> integer(const std::string& sql) const;
    [[nodiscard]] const std::string& file() const { return m_file; }

  private:
    static Result<Database> open(const std::filesystem::path& path, int flags);
    struct Close {
        void operator()(sqlite3* s) const;
    };
    std::unique_ptr<sqlite3, Close> m_handle;
    std::string m_file;
};

}  // namespace kvscope::trace::detail
