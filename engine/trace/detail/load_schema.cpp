// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "engine/base/checked.h"
#include "engine/trace/detail/digest.h"
#include "engine/trace/detail/load.h"
#include "engine/trace/detail/row_io.h"
#include "engine/trace/detail/store.h"
#include "engine/trace/detail/tables.h"

namespace kvscope::trace::detail {

namespace {

constexpr std::int64_t kLayersVersion = 2;  ///< schema version that brought run.layers
constexpr std::string_view kLayers = " layers";

bool isLayers(const Table& in, const Column& column) {
    return in.name == "run" && column.name == kLayers.substr(1);
}

Result<void> checkTable(const Database& database, const Table& expected, std::int64_t version) {
    Result<Statement> kind = database.prepare("SELECT type FROM pragma_table_list WHERE schema = 'main' AND name = ?");
    if (!kind) return forward(kind);
    kind->bindText(1, expected.name);
    const Result<bool> found = kind->step();
    if (!found) return forward(found);
    if (!*found) return fail(ErrorKind::BadFile, database.file(), "table {} is missing", expected.name);
    if (kind->bytes(0) != "table") {
        return fail(ErrorKind::BadFile, database.file(), "{} is no plain table", expected.name);
    }
    Result<Statement> info = database.prepare("SELECT name, type, hidden FROM pragma_table_xinfo(?)");
    if (!info) return forward(info);
    info->bindText(1, expected.name);
    std::map<std::string, std::pair<std::string, std::int64_t>, std::less<>> columns;
    for (;;) {
        const Result<bool> row = info->step();
        if (!row) return forward(row);
        if (!*row) break;
        columns[std::string(info->bytes(0))] = {std::string(info->bytes(1)), info->integer(2)};
    }
    for (const Column& column : expected.columns) {
        if (version < kLayersVersion && isLayers(expected, column)) continue;
        const auto at = columns.find(column.name);
        if (at == columns.end()) {
            return fail(ErrorKind::BadFile, database.file(), "table {} has no column {}", expected.name, column.name);
        }
        if (at->second.first != column.type || at->second.second != 0) {
            return fail(ErrorKind::BadFile, database.file(), "column {} of table {} is no plain {} column", column.name,
                        expected.name, column.type);
        }
    }
    return {};
}

Result<void> checkShape(const RunInfo& run, const std::string& where) {
    const std::uint64_t heads = std::max(run.nHeads, run.nKvHeads);
    if (run.nLayers > kMaxLayers || heads > kMaxHeads || run.nLayers * heads > kMaxHeadValues) {
        return fail(ErrorKind::BadFile, where, "{} layers x {} heads are more than the limits of {}, {} and {} in all",
                    run.nLayers, heads, kMaxLayers, kMaxHeads, kMaxHeadValues);
    }
    return {};
}

}  // namespace

Result<void> checkSchema(const Database& database) {
    const Result<std::int64_t> id = database.integer("PRAGMA application_id");
    if (!id) return forward(id);
    if (*id != kApplicationId) {
        return fail(ErrorKind::BadFile, database.file(), "is no KVScope trace (application id {:#x}, expected {:#x})",
                    static_cast<std::uint32_t>(*id), kApplicationId);
    }
    const Result<std::int64_t> version = database.integer("PRAGMA user_version");
    if (!version) return forward(version);
    if (*version > kSchemaVersion) {
        return fail(ErrorKind::Unsupported, database.file(),
                    "was written by a newer KVScope (schema version {}, this one reads up to {})", *version,
                    kSchemaVersion);
    }
    if (*version < 1) return fail(ErrorKind::BadFile, database.file(), "schema version {} does not exist", *version);
    for (const Table& expected : tables()) {
        if (const Result<void> sound = checkTable(database, expected, *version); !sound) return sound;
    }
    return {};
}

Result<RunInfo> loadRun(const Database& database) {
    const std::string where = database.file() + ": table run";
    const Result<std::int64_t> version = database.integer("PRAGMA user_version");
    if (!version) return forward(version);
    const bool hasLayers = *version >= kLayersVersion;
    std::string sql = selectSql(table("run"), "LIMIT 2");
    if (!hasLayers) sql.replace(sql.find(kLayers), kLayers.size(), "'' AS layers");
    Result<Statement> rows = database.prepare(sql);
    if (!rows) return forward(rows);
    const Result<bool> first = rows->step();
    if (!first) return forward(first);
    if (!*first) return fail(ErrorKind::BadFile, where, "has no row");
    RunInfo run;
    Loader loader(*rows, 0);
    fields(loader, run);
    if (!loader.problem().empty()) return fail(ErrorKind::BadFile, where, "{}", loader.problem());
    const bool checked = rows->type(loader.next()) != ValueType::Null;
    // the checksum of an older run does not know of layers
    if (checked && hasLayers && rows->integer(loader.next()) != digest(run)) {
        return fail(ErrorKind::BadFile, where, "the checksum does not match: the file is damaged");
    }
    const Result<bool> second = rows->step();
    if (!second) return forward(second);
    if (*second) return fail(ErrorKind::BadFile, where, "has more than one row");
    if (const Result<void> sound = checkShape(run, where); !sound) return forward(sound);
    return run;
}

Result<std::vector<std::int64_t>> loadStepNumbers(const Database& database) {
    Result<Statement> rows = database.prepare("SELECT step FROM steps ORDER BY step");
    if (!rows) return forward(rows);
    std::vector<std::int64_t> numbers;
    for (;;) {
        const Result<bool> row = rows->step();
        if (!row) return forward(row);
        if (!*row) return numbers;
        const bool sound = rows->type(0) == ValueType::Integer && rows->integer(0) >= 0 &&
                           (numbers.empty() || rows->integer(0) > numbers.back());
        if (!sound) {
            return fail(ErrorKind::BadFile, database.file() + ": table steps", "row {} has no step number that rises",
                        numbers.size());
        }
        numbers.push_back(rows->integer(0));
    }
}

Result<bool> loadComplete(const Database& database, std::uint64_t steps) {
    Result<Statement> rows = database.prepare("SELECT steps FROM closing");
    if (!rows) return forward(rows);
    const Result<bool> row = rows->step();
    if (!row) return forward(row);
    if (!*row) return false;
    if (rows->type(0) != ValueType::Integer || rows->integer(0) != static_cast<std::int64_t>(steps)) {
        return fail(ErrorKind::BadFile, database.file() + ": table steps", "has {} rows, table closing says {}", steps,
                    rows->integer(0));
    }
    return true;
}

}  // namespace kvscope::trace::detail
