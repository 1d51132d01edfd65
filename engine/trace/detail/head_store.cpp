// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/detail/head_store.h"

#include <cmath>

#include "engine/trace/detail/row_io.h"
#include "engine/trace/detail/tables.h"

namespace kvscope::trace::detail {

namespace {

/// Widens [minimum, maximum] by values; NaN is no value.
void widen(std::vector<float>& minimum, std::vector<float>& maximum, std::span<const float> low,
           std::span<const float> high) {
    for (std::size_t i = 0; i < minimum.size(); ++i) {
        minimum[i] = std::fmin(minimum[i], low[i]);
        maximum[i] = std::fmax(maximum[i], high[i]);
    }
}

}  // namespace

Result<HeadStore> HeadStore::create(const Database& database, std::uint32_t nLayers) {
    HeadStore store;
    store.m_layers = nLayers;
    const std::array<std::pair<Statement*, std::string>, 3> wanted = {
        {{&store.m_insertChunk, insertSql(table("head_chunks"))},
         {&store.m_deleteParts, "DELETE FROM head_chunks WHERE step_window = ? AND metric = ? AND sequence = ?"},
         {&store.m_insertRange, insertSql(table("head_pyramid"))}}};
    for (const auto& [statement, sql] : wanted) {
        Result<Statement> prepared = database.prepare(sql);
        if (!prepared) return forward(prepared);
        *statement = std::move(*prepared);
    }
    return store;
}

Result<void> HeadStore::add(std::uint64_t step, std::span<const HeadMetricRecord> records) {
    if (step / kWindowSteps != m_window) {
        if (const Result<void> closed = closeWindow(); !closed) return closed;
        m_window = step / kWindowSteps;
    }
    for (std::size_t i = 0; i < records.size(); ++i) {
        const HeadMetricRecord& record = records[i];
        m_pending[{record.metric, record.sequence}].entries.push_back(
            {static_cast<std::uint16_t>(step % kWindowSteps), static_cast<std::uint16_t>(i), record.values});
    }
    return {};
}

Result<void> HeadStore::flush() {
    for (auto& [key, pending] : m_pending) {
        if (pending.written == pending.entries.size()) continue;
        const auto fresh = std::span(pending.entries).subspan(pending.written);
        if (const Result<void> done = insertPart(key, fresh, pending.parts); !done) return done;
        pending.written = pending.entries.size();
        ++pending.parts;
    }
    return {};
}

Result<void> HeadStore::closeWindow() {
    for (auto& [key, pending] : m_pending) {
        if (pending.parts > 1 || (pending.parts == 1 && pending.written < pending.entries.size())) {
            m_deleteParts.bind(1, static_cast<std::int64_t>(m_window));
            m_deleteParts.bindText(2, name(key.first));
            m_deleteParts.bind(3, sequenceOut(key.second));
            if (const Result<void> done = m_deleteParts.run(); !done) return done;
            pending.parts = 0;
        }
        if (pending.parts == 0) {
            if (const Result<void> done = insertPart(key, pending.entries, 0); !done) return done;
        }
        const std::vector<float>& first = pending.entries.front().values;
        Range range{m_window, first, first};
        for (const HeadEntry& entry : pending.entries) widen(range.minimum, range.maximum, entry.values, entry.values);
        if (const Result<void> done = climb(key, std::move(range), 0); !done) return done;
    }
    m_pending.clear();
    return {};
}

Result<void> HeadStore::insertPart(const Key& key, std::span<const HeadEntry> entries, std::int64_t part) {
    const Result<std::vector<std::byte>> packed = packHeads(entries);
    if (!packed) return forward(packed);
    const std::size_t values = entries.front().values.size();
    m_insertChunk.bind(1, static_cast<std::int64_t>(m_window));
    m_insertChunk.bindText(2, name(key.first));
    m_insertChunk.bind(3, sequenceOut(key.second));
    m_insertChunk.bind(4, part);
    m_insertChunk.bind(5, static_cast<std::int64_t>(entries.size()));
    m_insertChunk.bind(6, static_cast<std::int64_t>(m_layers == 0 ? 0 : values / m_layers));
    m_insertChunk.bindBlob(7, *packed);
    return m_insertChunk.run();
}

/// Puts the range of a finished block into a level: joins the level's current block, or ends that and starts another.
Result<void> HeadStore::climb(const Key& key, Range range, std::size_t level) {
    Range next{range.block / 64, range.minimum, range.maximum};
    if (level == 0) {
        if (const Result<void> done = insertRange(key, range, level); !done) return done;
        return climb(key, std::move(next), 1);
    }
    const auto [at, fresh] = m_ranges.at(level).try_emplace(key, range);
    Range& current = at->second;
    if (!fresh && current.block == range.block) {
        widen(current.minimum, current.maximum, range.minimum, range.maximum);
    } else if (!fresh) {
        if (const Result<void> done = insertRange(key, current, level); !done) return done;
        current = std::move(range);
    }
    return level + 1 < kPyramidLevels ? climb(key, std::move(next), level + 1) : Result<void>{};
}

Result<void> HeadStore::insertRange(const Key& key, const Range& range, std::size_t level) {
    std::vector<float> both = range.minimum;
    both.insert(both.end(), range.maximum.begin(), range.maximum.end());
    const Result<std::vector<std::byte>> packed = packFloats(both);
    if (!packed) return forward(packed);
    m_insertRange.bind(1, static_cast<std::int64_t>(level));
    m_insertRange.bind(2, static_cast<std::int64_t>(range.block));
    m_insertRange.bindText(3, name(key.first));
    m_insertRange.bind(4, sequenceOut(key.second));
    m_insertRange.bind(5, static_cast<std::int64_t>(m_layers == 0 ? 0 : range.minimum.size() / m_layers));
    m_insertRange.bindBlob(6, *packed);
    return m_insertRange.run();
}

Result<void> HeadStore::finish() {
    if (const Result<void> closed = closeWindow(); !closed) return closed;
    for (std::size_t level = 1; level < kPyramidLevels; ++level) {
        for (const auto& [key, range] : m_ranges.at(level)) {
            if (const Result<void> done = insertRange(key, range, level); !done) return done;
        }
        m_ranges.at(level).clear();
    }
    return {};
}

}  // namespace kvscope::trace::detail
