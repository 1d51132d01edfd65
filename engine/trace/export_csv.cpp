// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "engine/trace/detail/row_io.h"
#include "engine/trace/detail/tables.h"
#include "engine/trace/detail/text_file.h"
#include "engine/trace/detail/utf8.h"
#include "engine/trace/detail/walk.h"
#include "engine/trace/export.h"

namespace kvscope::trace {

std::string csvText(std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
        const std::size_t length = detail::utf8Length(bytes);
        const auto byte = static_cast<unsigned char>(bytes.front());
        if (bytes.front() == '\\') {
            out += "\\\\";
        } else if (length == 0 || byte < 0x20 || byte == 0x7F) {
            out += fmt::format("\\x{:02X}", byte);
        } else {
            out += bytes.substr(0, length);
        }
        bytes.remove_prefix(std::max<std::size_t>(1, length));
    }
    return out;
}

namespace {

using detail::Field;
using detail::fields;
using detail::TextFile;

/// A cell with quotes where RFC 4180 wants them.
void appendCell(std::string& out, std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

/// Appends the members of a record as cells; the first cell is preceded by a comma unless it starts the line.
class CsvRow {
  public:
    explicit CsvRow(std::string& out, bool first) : m_out(out), m_first(first) {}

    template <typename T>
    void operator()(const Field&, const T& value) {
        comma();
        if constexpr (std::is_same_v<T, bool>) {
            m_out += value ? '1' : '0';
        } else if constexpr (std::is_floating_point_v<T>) {
            if (!std::isnan(value)) fmt::format_to(std::back_inserter(m_out), "{}", value);
        } else if constexpr (std::is_integral_v<T>) {
            fmt::format_to(std::back_inserter(m_out), "{}", value);
        } else if constexpr (std::is_enum_v<T>) {
            m_out += name(value);
        } else {
            appendCell(m_out, csvText(value));
        }
    }
    template <typename T>
    void operator()(const Field& field, detail::SequenceField<T> sequence) {
        (*this)(field, detail::sequenceOut(sequence.value));
    }

  private:
    void comma() {
        if (!m_first) m_out += ',';
        m_first = false;
    }
    std::string& m_out;
    bool m_first;
};

struct HeadRow {
    std::uint64_t step;
    const HeadMetricRecord& record;
    std::size_t heads;
};

/// All CSV files of a run being written.
class CsvExport {
  public:
    CsvExport(const RunInfo& run, const std::filesystem::path& folder, const ExportOptions& options)
        : m_run(run), m_folder(folder), m_options(options) {}

    Result<void> open();
    Result<void> add(const StepBundle& bundle);
    Result<std::vector<std::filesystem::path>> finish();
    void discard();

  private:
    Result<void> openFile(const std::string& table, std::vector<detail::Column> columns, bool withStep);
    TextFile& file(const char* table) { return m_files.at(table); }
    void addHeads(const HeadRow& row);

    const RunInfo& m_run;
    std::filesystem::path m_folder;
    const ExportOptions& m_options;
    std::map<std::string, TextFile, std::less<>> m_files;
};

Result<void> CsvExport::openFile(const std::string& table, std::vector<detail::Column> columns, bool withStep) {
    const std::filesystem::path path = m_folder / (m_options.prefix + table + ".csv");
    Result<TextFile> created = TextFile::create(path);
    if (!created) return forward(created);
    if (withStep) columns.insert(columns.begin(), {"step", "", "", ""});
    for (const detail::Column& c : columns) {
        if (&c != &columns.front()) created->buffer += ',';
        appendCell(created->buffer, c.name);
    }
    created->buffer += "\r\n";
    m_files.emplace(table, std::move(*created));
    return {};
}

Result<void> CsvExport::open() {
    std::error_code error;
    std::filesystem::create_directories(m_folder, error);
    if (error) return fail(ErrorKind::Io, m_folder.string(), "the folder cannot be made ({})", error.message());
    Result<void> state = openFile("run", detail::columnsOf<RunInfo>(), false);
    if (state) state = openFile("steps", detail::columnsOf<StepRecord>(), false);
    detail::forEachChild([&]<typename Row>() {
        if (state) state = openFile(detail::RowTable<Row>::table, detail::columnsOf<Row>(), true);
    });
    if (state && m_options.headMetrics) {
        state = openFile("head_metrics",
                         {{"metric", "", "", ""},
                          {"unit", "", "", ""},
                          {"sequence", "", "", ""},
                          {"layer", "", "", ""},
                          {"head", "", "", ""},
                          {"value", "", "", ""}},
                         true);
    }
    if (!state) return state;
    std::string& out = file("run").buffer;
    CsvRow row(out, true);
    fields(row, m_run);
    out += "\r\n";
    return {};
}

void CsvExport::addHeads(const HeadRow& row) {
    std::string& out = file("head_metrics").buffer;
    const HeadMetricRecord& r = row.record;
    const std::string left =
        fmt::format("{},{},{},{}", row.step, name(r.metric), unit(r.metric), detail::sequenceOut(r.sequence));
    for (std::size_t i = 0; i < r.values.size(); ++i) {
        fmt::format_to(std::back_inserter(out), "{},{},{},", left, i / row.heads, i % row.heads);
        if (!std::isnan(r.values[i])) fmt::format_to(std::back_inserter(out), "{}", r.values[i]);
        out += "\r\n";
    }
}

Result<void> CsvExport::add(const StepBundle& bundle) {
    std::string& steps = file("steps").buffer;
    CsvRow step(steps, true);
    fields(step, bundle.step);
    steps += "\r\n";
    detail::forEachChild([&]<typename Row>() {
        std::string& out = file(detail::RowTable<Row>::table).buffer;
        for (const Row& record : detail::rowsOf<Row>(bundle)) {
            fmt::format_to(std::back_inserter(out), "{}", bundle.step.step);
            CsvRow row(out, false);
            fields(row, record);
            out += "\r\n";
        }
    });
    if (m_options.headMetrics) {
        for (const HeadMetricRecord& record : bundle.heads) {
            const std::size_t heads = isPerKvHead(record.metric) ? m_run.nKvHeads : m_run.nHeads;
            addHeads({bundle.step.step, record, std::max<std::size_t>(1, heads)});
        }
    }
    for (auto& [table, out] : m_files) {
        if (const Result<void> done = out.write(); !done) return done;
    }
    return {};
}

Result<std::vector<std::filesystem::path>> CsvExport::finish() {
    std::vector<std::filesystem::path> paths;
    for (auto& [table, out] : m_files) {
        if (const Result<void> done = out.finish(); !done) return forward(done);
        paths.push_back(out.path());
    }
    return paths;
}

void CsvExport::discard() {
    for (auto& [table, out] : m_files) out.discard();
}

}  // namespace

Result<std::vector<std::filesystem::path>> exportCsv(const StepSource& source, const std::filesystem::path& folder,
                                                     const ExportOptions& options) {
    CsvExport out(source.run(), folder, options);
    Result<void> state = out.open();
    if (state) state = detail::walk(source, options, [&](const StepBundle& bundle) { return out.add(bundle); });
    Result<std::vector<std::filesystem::path>> paths = state ? out.finish() : forward(state);
    if (!paths) out.discard();
    return paths;
}

}  // namespace kvscope::trace
