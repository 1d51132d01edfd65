// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/detail/sqlite.h"

#include <sqlite3.h>

#include <cmath>
#include <cstring>

namespace kvscope::trace::detail {

namespace {

constexpr int kMaxValueBytes = 256 << 20;  ///< longest text or blob that is accepted from a file
constexpr int kBusyMs = 2000;

ErrorKind kindOf(int code) {
    switch (code & 0xFF) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_FORMAT:
        case SQLITE_MISMATCH:
        case SQLITE_TOOBIG:
        case SQLITE_ERROR:
            return ErrorKind::BadFile;
        case SQLITE_NOMEM:
            return ErrorKind::OutOfMemory;
        case SQLITE_MISUSE:
            return ErrorKind::Internal;
        default:
            return ErrorKind::Io;
    }
}

std::unexpected<Error> failure(sqlite3* handle, const std::string& file) {
    const int code = sqlite3_extended_errcode(handle);
    const int system = sqlite3_system_errno(handle);
    const ErrorKind kind = kindOf(code);
    if (kind == ErrorKind::Io && system != 0) {
        return fail(kind, file, "{} ({})", sqlite3_errmsg(handle), std::strerror(system));
    }
    return fail(kind, file, "{}", sqlite3_errmsg(handle));
}

}  // namespace

void Statement::Finalise::operator()(sqlite3_stmt* s) const {
    sqlite3_finalize(s);
}
void Database::Close::operator()(sqlite3* s) const {
    sqlite3_close_v2(s);
}

void Statement::bind(int index, std::int64_t value) {
    sqlite3_bind_int64(m_statement.get(), index, value);
}

void Statement::bind(int index, double value) {
    if (std::isnan(value)) {
        bindNull(index);
    } else {
        sqlite3_bind_double(m_statement.get(), index, value);
    }
}

void Statement::bindText(int index, std::string_view value) {
    sqlite3_bind_text64(m_statement.get(), index, value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
}

void Statement::bindBlob(int index, std::span<const std::byte> value) {
    if (value.empty()) {
        sqlite3_bind_zeroblob(m_statement.get(), index, 0);
    } else {
        sqlite3_bind_blob64(m_statement.get(), index, value.data(), value.size(), SQLITE_STATIC);
    }
}

void Statement::bindNull(int index) {
    sqlite3_bind_null(m_statement.get(), index);
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(m_statement.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return failure(sqlite3_db_handle(m_statement.get()), m_file);
}

void Statement::reset() {
    sqlite3_reset(m_statement.get());
}

Result<void> Statement::run() {
    const Result<bool> stepped = step();
    reset();
    if (!stepped) return forward(stepped);
    return {};
}

ValueType Statement::type(int column) const {
    switch (sqlite3_column_type(m_statement.get(), column)) {
        case SQLITE_INTEGER:
            return ValueType::Integer;
        case SQLITE_FLOAT:
            return ValueType::Real;
        case SQLITE_TEXT:
            return ValueType::Text;
        case SQLITE_BLOB:
            return ValueType::Blob;
        default:
            return ValueType::Null;
    }
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(m_statement.get(), column);
}
double Statement::real(int column) const {
    return sqlite3_column_double(m_statement.get(), column);
}

std::string_view Statement::bytes(int column) const {
    const void* data = type(column) == ValueType::Text
                           ? static_cast<const void*>(sqlite3_column_text(m_statement.get(), column))
                           : sqlite3_column_blob(m_statement.get(), column);
    const int size = sqlite3_column_bytes(m_statement.get(), column);
    if (data == nullptr || size <= 0) return {};
    return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

Result<Database> Database::open(const std::filesystem::path& path, int flags) {
    Database db;
    db.m_file = path.string();
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(std::filesystem::absolute(path).c_str(), &handle, flags | SQLITE_OPEN_EXRESCODE, nullptr);
    db.m_handle.reset(handle);
    if (handle == nullptr) return fail(ErrorKind::OutOfMemory, db.m_file, "no memory for a database connection");
    if (code != SQLITE_OK) return failure(handle, db.m_file);
    sqlite3_busy_timeout(handle, kBusyMs);
    return db;
}

Result<Database> Database::create(const std::filesystem::path& path) {
    return open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
}

Result<Database> Database::openUntrusted(const std::filesystem::path& path) {
    Result<Database> db = open(path, SQLITE_OPEN_READONLY);
    if (!db) return db;
    sqlite3* handle = db->m_handle.get();
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(handle, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
    for (const auto& [option, value] : {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                        {SQLITE_DBCONFIG_ENABLE_VIEW, 0}}) {
        sqlite3_db_config(handle, option, value, nullptr);
    }
    const Result<void> set = db->execute("PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA query_only=ON");
    if (!set) return forward(set);
    return db;
}

Result<void> Database::execute(const std::string& sql) {
    if (sqlite3_exec(m_handle.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        return failure(m_handle.get(), m_file);
    }
    return {};
}

Result<Statement> Database::prepare(const std::string& sql) const {
    Statement statement;
    statement.m_file = m_file;
    sqlite3_stmt* handle = nullptr;
    const int code = sqlite3_prepare_v2(m_handle.get(), sql.c_str(), static_cast<int>(sql.size()), &handle, nullptr);
    statement.m_statement.reset(handle);
    if (code != SQLITE_OK) return failure(m_handle.get(), m_file);
    return statement;
}

Result<std::int64_t> Database::integer(const std::string& sql) const {
    Result<Statement> statement = prepare(sql);
    if (!statement) return forward(statement);
    const Result<bool> row = statement->step();
    if (!row) return forward(row);
    return *row ? statement->integer(0) : 0;
}

}  // namespace kvscope::trace::detail
