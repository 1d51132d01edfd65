// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "engine/base/checked.h"
#include "engine/trace/detail/digest.h"
#include "engine/trace/detail/head_codec.h"
#include "engine/trace/detail/load.h"
#include "engine/trace/detail/row_io.h"
#include "engine/trace/detail/tables.h"

namespace kvscope::trace::detail {

namespace {

constexpr std::uint64_t kMaxLoadBytes = std::uint64_t{4} << 30U;

/// Bytes of a text that a record holds beside itself.
struct TextBytes {
    std::uint64_t bytes = 0;
    template <typename T>
    void operator()(const Field&, const T& value) {
        if constexpr (std::is_same_v<T, std::string>) bytes += value.size();
    }
};

}  // namespace

BundleLoader::BundleLoader(const Database& database, const RunInfo& run, std::span<const std::int64_t> numbers,
                           std::uint64_t firstIndex)
    : m_database(database),
      m_run(run),
      m_numbers(numbers),
      m_firstIndex(firstIndex),
      m_digests(numbers.size()),
      m_heads(numbers.size()) {
    for (std::size_t i = 0; i < numbers.size(); ++i) m_bundles.push_back(std::make_shared<StepBundle>());
}

Result<std::vector<BundlePtr>> BundleLoader::load() {
    if (m_numbers.empty()) return std::vector<BundlePtr>{};
    Result<void> state = spend(m_numbers.size() * sizeof(StepBundle));
    if (state) state = loadSteps();
    forEachChild([&]<typename Row>() {
        if (state) state = loadChild<Row>();
    });
    if (state) state = loadHeads();
    if (state) state = checkDigests();
    if (!state) return forward(state);
    return std::vector<BundlePtr>(m_bundles.begin(), m_bundles.end());
}

Result<void> BundleLoader::spend(std::uint64_t bytes) {
    m_spent += bytes;
    if (m_spent <= kMaxLoadBytes) return {};
    return fail(ErrorKind::Unsupported, m_database.file(), "steps {} to {} take more than {} bytes at once",
                m_numbers.front(), m_numbers.back(), kMaxLoadBytes);
}

StepBundle* BundleLoader::bundleOf(std::int64_t step) {
    const auto at = std::ranges::lower_bound(m_numbers, step);
    if (at == m_numbers.end() || *at != step) return nullptr;
    return m_bundles[static_cast<std::size_t>(at - m_numbers.begin())].get();
}

Result<void> BundleLoader::loadSteps() {
    Result<Statement> rows = m_database.prepare(selectSql(table("steps"), "WHERE step BETWEEN ? AND ? ORDER BY step"));
    if (!rows) return forward(rows);
    rows->bind(1, m_numbers.front());
    rows->bind(2, m_numbers.back());
    for (std::size_t i = 0; i < m_numbers.size(); ++i) {
        const Result<bool> row = rows->step();
        if (!row) return forward(row);
        if (!*row) return fail(ErrorKind::BadFile, m_database.file() + ": table steps", "a row has gone");
        Loader loader(*rows, 0);
        fields(loader, m_bundles[i]->step);
        const std::string where = fmt::format("{}: table steps, step {}", m_database.file(), m_numbers[i]);
        if (!loader.problem().empty()) return fail(ErrorKind::BadFile, where, "{}", loader.problem());
        if (m_bundles[i]->step.step != static_cast<std::uint64_t>(m_numbers[i])) {
            return fail(ErrorKind::BadFile, where, "the row says step {}", m_bundles[i]->step.step);
        }
        if (rows->type(loader.next()) != ValueType::Null) m_digests[i] = rows->integer(loader.next());
    }
    return {};
}

template <typename Row>
Result<void> BundleLoader::loadChild() {
    const char* tableName = RowTable<Row>::table;
    Result<Statement> rows =
        m_database.prepare(selectSql(table(tableName), "WHERE step BETWEEN ? AND ? ORDER BY step, ordinal"));
    if (!rows) return forward(rows);
    rows->bind(1, m_numbers.front());
    rows->bind(2, m_numbers.back());
    for (;;) {
        const Result<bool> row = rows->step();
        if (!row) return forward(row);
        if (!*row) return {};
        const auto where = [&] {
            return fmt::format("{}: table {}, step {}, row {}", m_database.file(), tableName, rows->integer(0),
                               rows->integer(1));
        };
        StepBundle* bundle = rows->type(0) == ValueType::Integer ? bundleOf(rows->integer(0)) : nullptr;
        if (bundle == nullptr) return fail(ErrorKind::BadFile, where(), "belongs to no step of table steps");
        Row loaded;
        Loader loader(*rows, 2);
        fields(loader, loaded);
        if (!loader.problem().empty()) return fail(ErrorKind::BadFile, where(), "{}", loader.problem());
        TextBytes text;
        fields(text, loaded);
        if (const Result<void> fits = spend(sizeof(Row) + text.bytes); !fits) return fits;
        addRow(*bundle, std::move(loaded));
    }
}

Result<void> BundleLoader::loadHeads() {
    Result<Statement> rows = m_database.prepare(selectSql(
        table("head_chunks"), "WHERE step_window BETWEEN ? AND ? ORDER BY step_window, metric, sequence, part"));
    if (!rows) return forward(rows);
    const auto window = static_cast<std::int64_t>(kWindowSteps);
    rows->bind(1, m_numbers.front() / window);
    rows->bind(2, m_numbers.back() / window);
    for (;;) {
        const Result<bool> row = rows->step();
        if (!row) return forward(row);
        if (!*row) break;
        if (const Result<void> loaded = loadChunk(*rows); !loaded) return loaded;
    }
    for (std::size_t i = 0; i < m_heads.size(); ++i) {
        std::ranges::stable_sort(m_heads[i], {}, [](const auto& placed) { return placed.first; });
        for (auto& [place, record] : m_heads[i]) m_bundles[i]->heads.push_back(std::move(record));
    }
    return {};
}

Result<void> BundleLoader::loadChunk(const Statement& row) {
    const std::string where =
        fmt::format("{}: table head_chunks, window {}, {} of sequence {}, part {}", m_database.file(), row.integer(0),
                    row.bytes(1), row.integer(2), row.integer(3));
    HeadMetricRecord key;
    Loader loader(row, 1);
    loader(Field{"metric", "", ""}, key.metric);
    loader(Field{"sequence", "", ""}, SequenceField{key.sequence});
    std::uint32_t part = 0;
    std::uint32_t entries = 0;
    std::uint32_t heads = 0;
    loader(Field{"part", "", ""}, part);
    loader(Field{"entries", "", ""}, entries);
    loader(Field{"heads", "", ""}, heads);
    if (!loader.problem().empty()) return fail(ErrorKind::BadFile, where, "{}", loader.problem());
    const std::uint32_t expected = m_run.nLayers == 0 ? 0 : isPerKvHead(key.metric) ? m_run.nKvHeads : m_run.nHeads;
    if (heads != expected) return fail(ErrorKind::BadFile, where, "has {} heads, the run has {}", heads, expected);
    const std::uint64_t values = std::uint64_t{m_run.nLayers} * heads;
    if (const Result<void> fits = spend(values * sizeof(float) * std::min<std::uint64_t>(entries, kWindowSteps));
        !fits) {
        return fits;
    }
    if (row.type(6) != ValueType::Blob) return fail(ErrorKind::BadFile, where, "data is no blob");
    Result<std::vector<HeadEntry>> unpacked = unpackHeads(row.bytes(6), entries, values, where);
    if (!unpacked) return forward(unpacked);
    for (HeadEntry& entry : *unpacked) {
        const std::int64_t step = row.integer(0) * static_cast<std::int64_t>(kWindowSteps) + entry.offset;
        const auto at = std::ranges::lower_bound(m_numbers, step);
        if (at == m_numbers.end() || *at != step) continue;  // a step of the window that was not asked for
        key.values = std::move(entry.values);
        m_heads[static_cast<std::size_t>(at - m_numbers.begin())].emplace_back(entry.ordinal, key);
    }
    return {};
}

Result<void> BundleLoader::checkDigests() const {
    for (std::size_t i = 0; i < m_bundles.size(); ++i) {
        if (m_digests[i] && *m_digests[i] != digest(*m_bundles[i], m_firstIndex + i)) {
            return fail(ErrorKind::BadFile, fmt::format("{}: table steps, step {}", m_database.file(), m_numbers[i]),
                        "the checksum of the step's rows does not match: the file is damaged");
        }
    }
    return {};
}

}  // namespace kvscope::trace::detail
