// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <string>

#include "app/cli/command.h"
#include "app/cli/json.h"
#include "app/cli/progress.h"
#include "app/cli/text_file.h"
#include "engine/trace/export.h"

namespace kvscope::cli {

namespace {

struct ExportSettings {
    std::string trace, format = "csv", output;
    bool noHeadMetrics = false, json = false;
};

Result<int> exportTrace(const ExportSettings& settings, const Context& context) {
    auto reader = trace::Reader::open(settings.trace);
    if (!reader) return std::unexpected(asInputError(reader.error()));
    Progress progress;
    trace::ExportOptions options;
    options.headMetrics = !settings.noHeadMetrics;
    options.stop = context.stop;
    options.progress = [&](double fraction) { progress.show(fmt::format("exporting {:.0f} %", 100 * fraction)); };
    const trace::ReaderSource source(*reader);
    std::vector<std::filesystem::path> files{settings.output};
    if (settings.format == "csv") {
        auto written = trace::exportCsv(source, settings.output, options);
        if (!written) return forward(written);
        files = std::move(*written);
    } else if (auto written = trace::exportJsonLines(source, settings.output, options); !written) {
        return forward(written);
    }
    progress.clear();
    Json names = Json::array();
    for (const auto& file : files) names.push_back(file.string());
    if (settings.json) {
        printJson({{"schema_version", kJsonVersion},
                   {"format", settings.format},
                   {"steps", reader->stepCount()},
                   {"complete", reader->complete()},
                   {"files", std::move(names)}});
        return kExitOk;
    }
    for (const auto& file : files) fmt::print("{}\n", file.string());
    if (!reader->complete())
        fmt::print(stderr, "The recording was not closed in order; all its {} steps are there.\n", reader->stepCount());
    return kExitOk;
}

}  // namespace

Body setupExport(CLI::App& app) {
    auto settings = std::make_shared<ExportSettings>();
    app.add_option("trace", settings->trace, "recorded run (.kvtrace)")->required();
    app.add_option("-f,--format", settings->format, "csv or jsonl")
        ->check(CLI::IsMember({"csv", "jsonl"}))
        ->capture_default_str();
    app.add_option("-o,--output", settings->output, "csv: a folder, made if need be; jsonl: a file")->required();
    app.add_flag("--no-head-metrics", settings->noHeadMetrics,
                 "leaves out the figures of single heads, the largest part");
    app.add_flag("--json", settings->json, "prints the names of the written files as JSON");
    return [settings](const Context& context) { return exportTrace(*settings, context); };
}

}  // namespace kvscope::cli
