// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/detail/tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/assert.h"

namespace kvscope::trace::detail {

namespace {

Column integer(const char* name, const char* unit, const char* what) {
    return {name, "INTEGER", unit, what};
}

Table runTable() {
    Table t{RowTable<RunInfo>::table, RowTable<RunInfo>::what, columnsOf<RunInfo>(), "", false};
    t.columns.push_back(integer("checksum", "", "digest of the row, NULL = not checked"));
    return t;
}

Table stepTable() {
    Table t{RowTable<StepRecord>::table, RowTable<StepRecord>::what, columnsOf<StepRecord>(), "PRIMARY KEY (step)",
            false};
    t.columns.push_back(
        integer("checksum", "", "digest of all that was recorded in the step, all tables, NULL = not checked"));
    return t;
}

template <typename Row>
Table childTable() {
    Table t{RowTable<Row>::table, RowTable<Row>::what, {}, "PRIMARY KEY (step, ordinal)", true};
    t.columns.push_back(integer("step", "", "step, as in steps"));
    t.columns.push_back(integer("ordinal", "", "0, 1, … within the step"));
    std::ranges::move(columnsOf<Row>(), std::back_inserter(t.columns));
    return t;
}

Table headChunkTable() {
    Table t{"head_chunks", "Values of one metric of all heads, up to 64 steps in a row; see below.", {}, "", false};
    t.columns = {integer("step_window", "", "step / 64, the same for all entries"),
                 {"metric", "TEXT", "", "name of the metric"},
                 integer("sequence", "", "sequence, -1 = whole session"),
                 integer("part", "", "0, 1, … while a window is being written; a finished one has one row, part 0"),
                 integer("entries", "", "steps in the blob"),
                 integer("heads", "", "heads of a layer: n_kv_heads or n_heads"),
                 {"data", "BLOB", "", "zstd frame"}};
    t.constraint = "UNIQUE (step_window, metric, sequence, part)";
    return t;
}

Table pyramidTable() {
    Table t{
        "head_pyramid", "Smallest and largest value of each head over a block of steps, for drawing.", {}, "", false};
    t.columns = {integer("level", "", "0: blocks of 64 steps, 1: of 4096, 2: of 262144"),
                 integer("block", "", "step / steps of a block"),
                 {"metric", "TEXT", "", "name of the metric"},
                 integer("sequence", "", "sequence, -1 = whole session"),
                 integer("heads", "", "heads of a layer: n_kv_heads or n_heads"),
                 {"data", "BLOB", "", "zstd frame of f32: minima (layer, head), then maxima; NaN = no value"}};
    t.constraint = "UNIQUE (level, metric, sequence, block)";
    return t;
}

std::vector<Table> makeTables() {
    std::vector<Table> all = {runTable(), stepTable()};
    forEachChild([&]<typename Row>() { all.push_back(childTable<Row>()); });
    all.push_back(headChunkTable());
    all.push_back(pyramidTable());
    Table closing{
        "closing", "One row when the run was closed in order; none when it died or still runs.", {}, "", false};
    closing.columns = {integer("steps", "", "rows of table steps")};
    all.push_back(closing);
    return all;
}

std::string columnList(const Table& t) {
    std::vector<std::string_view> names;
    for (const Column& c : t.columns) names.push_back(c.name);
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

const std::vector<Table>& tables() {
    static const std::vector<Table> all = makeTables();
    return all;
}

const Table& table(std::string_view name) {
    const auto found = std::ranges::find(tables(), name, &Table::name);
    KVS_ASSERT(found != tables().end());
    return *found;
}

std::string createSql(const Table& t) {
    std::vector<std::string> parts;
    for (const Column& c : t.columns) parts.push_back(c.name + " " + c.type);
    if (!t.constraint.empty()) parts.push_back(t.constraint);
    return fmt::format("CREATE TABLE {} ({}){}", t.name, fmt::join(parts, ", "),
                       t.withoutRowid ? " WITHOUT ROWID" : "");
}

std::string insertSql(const Table& t) {
    const std::vector<std::string_view> marks(t.columns.size(), "?");
    return fmt::format("INSERT INTO {} ({}) VALUES ({})", t.name, columnList(t), fmt::join(marks, ", "));
}

std::string selectSql(const Table& t, std::string_view tail) {
    return fmt::format("SELECT {} FROM {} {}", columnList(t), t.name, tail);
}

}  // namespace kvscope::trace::detail
