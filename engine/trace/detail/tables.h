// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/trace/detail/fields.h"

namespace kvscope::trace::detail {

/// What a row type is called: its table, its "type" in JSON Lines, one sentence.
template <typename Row>
struct RowTable;
template <>
struct RowTable<RunInfo> {
    static constexpr const char* table = "run";
    static constexpr const char* type = "run";
    static constexpr const char* what = "What ran: one row, written at the start.";
};
template <>
struct RowTable<StepRecord> {
    static constexpr const char* table = "steps";
    static constexpr const char* type = "step";
    static constexpr const char* what = "One forward pass over one or more columns.";
};
template <>
struct RowTable<TokenRecord> {
    static constexpr const char* table = "tokens";
    static constexpr const char* type = "token";
    static constexpr const char* what = "Tokens that entered a sequence.";
};
template <>
struct RowTable<OccupancyRecord> {
    static constexpr const char* table = "occupancy";
    static constexpr const char* type = "occupancy";
    static constexpr const char* what = "Cache occupancy after a step, of the whole session and of each sequence.";
};
template <>
struct RowTable<TrafficRow> {
    static constexpr const char* table = "traffic";
    static constexpr const char* type = "traffic";
    static constexpr const char* what = "Bytes moved in a step by category; a category without a row moved nothing.";
};
template <>
struct RowTable<KernelRecord> {
    static constexpr const char* table = "kernels";
    static constexpr const char* type = "kernel";
    static constexpr const char* what = "Bytes and time of a step by kernel.";
};
template <>
struct RowTable<DecisionRecord> {
    static constexpr const char* table = "decisions";
    static constexpr const char* type = "decision";
    static constexpr const char* what = "Decisions of the policy and the store.";
};
template <>
struct RowTable<LaneRecord> {
    static constexpr const char* table = "lanes";
    static constexpr const char* type = "lane";
    static constexpr const char* what = "The run against the lane `exact` on the same tokens.";
};
template <>
struct RowTable<PolicySwitchRow> {
    static constexpr const char* table = "policy_switches";
    static constexpr const char* type = "policy_switch";
    static constexpr const char* what = "Steps before which the policy changed.";
};

/// Calls f.template operator()<Row>() for each table that has (step, ordinal) as its key.
template <typename F>
void forEachChild(F&& f) {
    f.template operator()<TokenRecord>();
    f.template operator()<OccupancyRecord>();
    f.template operator()<TrafficRow>();
    f.template operator()<KernelRecord>();
    f.template operator()<DecisionRecord>();
    f.template operator()<LaneRecord>();
    f.template operator()<PolicySwitchRow>();
}

/// The rows of one kind that a bundle holds, in order.
template <typename Row>
std::vector<Row> rowsOf(const StepBundle& bundle) {
    std::vector<Row> rows;
    if constexpr (Is<Row, TokenRecord>) {
        rows = bundle.tokens;
    } else if constexpr (Is<Row, OccupancyRecord>) {
        rows = bundle.occupancy;
    } else if constexpr (Is<Row, KernelRecord>) {
        rows = bundle.kernels;
    } else if constexpr (Is<Row, DecisionRecord>) {
        rows = bundle.decisions;
    } else if constexpr (Is<Row, LaneRecord>) {
        rows = bundle.lanes;
    } else if constexpr (Is<Row, TrafficRow>) {
        for (std::size_t i = 0; i < kTrafficCategories; ++i) {
            const TrafficEntry& e = bundle.traffic.byCategory.at(i);
            if (e.readRequested == 0 && e.readUnique == 0 && e.written == 0) continue;
            rows.push_back({static_cast<TrafficCategory>(i), e});
        }
    } else {
        static_assert(Is<Row, PolicySwitchRow>);
        if (!bundle.policySwitchedTo.empty()) rows.push_back({bundle.policySwitchedTo});
    }
    return rows;
}

/// Adds a loaded row to its bundle.
inline void addRow(StepBundle& bundle, TokenRecord row) {
    bundle.tokens.push_back(std::move(row));
}
inline void addRow(StepBundle& bundle, OccupancyRecord row) {
    bundle.occupancy.push_back(row);
}
inline void addRow(StepBundle& bundle, const TrafficRow& row) {
    bundle.traffic.byCategory.at(static_cast<std::size_t>(row.category)) = row.entry;
}
inline void addRow(StepBundle& bundle, KernelRecord row) {
    bundle.kernels.push_back(std::move(row));
}
inline void addRow(StepBundle& bundle, DecisionRecord row) {
    bundle.decisions.push_back(std::move(row));
}
inline void addRow(StepBundle& bundle, LaneRecord row) {
    bundle.lanes.push_back(row);
}
inline void addRow(StepBundle& bundle, PolicySwitchRow row) {
    bundle.policySwitchedTo = std::move(row.policy);
}

/// A column as SQL sees it.
struct Column {
    std::string name;
    std::string type;  ///< INTEGER, REAL, TEXT or BLOB
    std::string unit;
    std::string what;
};

/// A table as SQL sees it.
struct Table {
    std::string name;
    std::string what;
    std::vector<Column> columns;
    std::string constraint;  ///< "PRIMARY KEY (step, ordinal)" or empty
    bool withoutRowid = false;
};

/// The columns that fields() lists for a row type, without keys.
template <typename Row>
std::vector<Column> columnsOf();

/// All tables of the current schema version.
[[nodiscard]] const std::vector<Table>& tables();
[[nodiscard]] const Table& table(std::string_view name);
[[nodiscard]] std::string createSql(const Table& table);
/// "INSERT INTO name (columns) VALUES (?, …)".
[[nodiscard]] std::string insertSql(const Table& table);
/// "SELECT columns FROM name", with " " and the tail behind it.
[[nodiscard]] std::string selectSql(const Table& table, std::string_view tail);

/// Collects the columns of a record.
struct ColumnCollector {
    std::vector<Column> columns;
    template <typename T>
    void operator()(const Field& field, const T&) {
        const char* type = "TEXT";
        if constexpr (std::is_floating_point_v<T>) {
            type = "REAL";
        } else if constexpr (std::is_integral_v<T> || requires(T t) { t.value; }) {
            type = "INTEGER";
        }
        columns.push_back({field.name, type, field.unit, field.what});
    }
};

template <typename Row>
std::vector<Column> columnsOf() {
    ColumnCollector collector;
    const Row row{};
    fields(collector, row);
    return std::move(collector.columns);
}

}  // namespace kvscope::trace::detail
