// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/trace/detail/head_codec.h"
#include "engine/trace/detail/head_store.h"
#include "engine/trace/detail/load.h"
#include "engine/trace/detail/row_io.h"
#include "engine/trace/detail/tables.h"

namespace kvscope::trace {

struct Reader::Impl {
    detail::Database database;
    RunInfo run;
    std::vector<std::int64_t> numbers;  ///< of the recorded steps, rising
    bool complete = false;

    /// Runs a query function on one state of the file, which another program may be writing.
    template <typename F>
    auto frozen(F&& query) -> decltype(query()) {
        if (const Result<void> begun = database.execute("BEGIN"); !begun) return forward(begun);
        auto result = query();
        (void)database.execute("COMMIT");
        return result;
    }
    Result<void> load();
    Result<std::vector<HeadRange>> ranges(const HeadRangeQuery& query) const;
    Result<HeadRange> range(const detail::Statement& row, const HeadRangeQuery& query) const;
};

Result<void> Reader::Impl::load() {
    if (const Result<void> sound = detail::checkSchema(database); !sound) return sound;
    Result<RunInfo> info = detail::loadRun(database);
    if (!info) return forward(info);
    run = std::move(*info);
    Result<std::vector<std::int64_t>> steps = detail::loadStepNumbers(database);
    if (!steps) return forward(steps);
    numbers = std::move(*steps);
    const Result<bool> closed = detail::loadComplete(database, numbers.size());
    if (!closed) return forward(closed);
    complete = *closed;
    return {};
}

Reader::Reader(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(const std::filesystem::path& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) return fail(ErrorKind::Io, path.string(), "the file does not exist");
    if (!std::filesystem::is_regular_file(status)) return fail(ErrorKind::BadFile, path.string(), "is no regular file");
    Result<detail::Database> database = detail::Database::openUntrusted(path);
    if (!database) return forward(database);
    auto impl = std::make_unique<Impl>();
    impl->database = std::move(*database);
    const Result<void> loaded = impl->frozen([&] { return impl->load(); });
    if (!loaded) return forward(loaded);
    return Reader(std::move(impl));
}

const RunInfo& Reader::run() const {
    return m_impl->run;
}
std::uint64_t Reader::stepCount() const {
    return m_impl->numbers.size();
}
bool Reader::complete() const {
    return m_impl->complete;
}

Result<std::vector<BundlePtr>> Reader::steps(std::uint64_t first, std::uint64_t count) const {
    const std::uint64_t start = std::min<std::uint64_t>(first, m_impl->numbers.size());
    const auto wanted =
        std::span(m_impl->numbers).subspan(start, std::min<std::uint64_t>(count, m_impl->numbers.size() - start));
    return m_impl->frozen([&] { return detail::BundleLoader(m_impl->database, m_impl->run, wanted, start).load(); });
}

Result<std::vector<HeadRange>> Reader::headRanges(const HeadRangeQuery& query) const {
    return m_impl->frozen([&] { return m_impl->ranges(query); });
}

Result<std::vector<HeadRange>> Reader::Impl::ranges(const HeadRangeQuery& query) const {
    if (query.level >= detail::kPyramidLevels) {
        return fail(ErrorKind::BadUsage, "trace", "level {} does not exist, expected 0 to {}", query.level,
                    detail::kPyramidLevels - 1);
    }
    const std::uint64_t blockSteps = detail::blockSteps(query.level);
    Result<detail::Statement> rows = database.prepare(
        detail::selectSql(detail::table("head_pyramid"),
                          "WHERE level = ? AND metric = ? AND sequence = ? AND block BETWEEN ? AND ? ORDER BY block"));
    if (!rows) return forward(rows);
    rows->bind(1, static_cast<std::int64_t>(query.level));
    rows->bindText(2, name(query.metric));
    rows->bind(3, detail::sequenceOut(query.sequence));
    rows->bind(4, static_cast<std::int64_t>(query.firstStep / blockSteps));
    rows->bind(5, static_cast<std::int64_t>(query.lastStep / blockSteps));
    std::vector<HeadRange> result;
    for (;;) {
        const Result<bool> row = rows->step();
        if (!row) return forward(row);
        if (!*row) return result;
        Result<HeadRange> loaded = range(*rows, query);
        if (!loaded) return forward(loaded);
        result.push_back(std::move(*loaded));
    }
}

Result<HeadRange> Reader::Impl::range(const detail::Statement& row, const HeadRangeQuery& query) const {
    const std::int64_t block = row.integer(1);
    const std::string where = fmt::format("{}: table head_pyramid, level {}, block {}, {} of sequence {}",
                                          database.file(), query.level, block, name(query.metric), row.integer(3));
    const std::uint64_t heads = run.nLayers == 0 ? 0 : isPerKvHead(query.metric) ? run.nKvHeads : run.nHeads;
    if (row.integer(4) != static_cast<std::int64_t>(heads)) {
        return fail(ErrorKind::BadFile, where, "has {} heads, the run has {}", row.integer(4), heads);
    }
    if (row.type(5) != detail::ValueType::Blob) return fail(ErrorKind::BadFile, where, "data is no blob");
    const std::uint64_t values = run.nLayers * heads;
    const Result<std::vector<float>> both = detail::unpackFloats(row.bytes(5), 2 * values, where);
    if (!both) return forward(both);
    const std::uint64_t blockSteps = detail::blockSteps(query.level);
    HeadRange range;
    range.firstStep = static_cast<std::uint64_t>(block) * blockSteps;
    range.lastStep = range.firstStep + blockSteps - 1;
    range.minimum.assign(both->begin(), both->begin() + static_cast<std::ptrdiff_t>(values));
    range.maximum.assign(both->begin() + static_cast<std::ptrdiff_t>(values), both->end());
    return range;
}

}  // namespace kvscope::trace
