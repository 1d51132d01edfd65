// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/trace/schema.h"
#include "engine/trace/synthetic.h"
#include "engine/trace/writer.h"
#include "support.h"

namespace kvscope::trace {
namespace {

namespace fs = std::filesystem;

fs::path sourceFolder() {
    return fs::path(KVSCOPE_SOURCE_DIR) / "tests/engine/trace";
}

TEST(TraceExport, CsvTextIsReversibleAndOnOneLine) {
    EXPECT_EQ(csvText("plain \xE2\x82\xAC"), "plain \xE2\x82\xAC");
    EXPECT_EQ(csvText("a\\b\n\r\t\x7F"), R"(a\\b\x0A\x0D\x09\x7F)");
    EXPECT_EQ(csvText("\xE2\x82"), R"(\xE2\x82)");
    EXPECT_EQ(csvText("\xC0\xAF\xED\xA0\x80\xF4\x90\x80\x80"), R"(\xC0\xAF\xED\xA0\x80\xF4\x90\x80\x80)");
    EXPECT_EQ(csvText(std::string_view("\0", 1)), R"(\x00)");
}

/// The small run that data/tiny_*.txt show.
History tinyHistory() {
    RunInfo run;
    run.modelName = "tiny";
    run.nLayers = 1;
    run.nHeads = 2;
    run.nKvHeads = 1;
    run.weightTypes = "F32";
    History history(run);
    auto b = std::make_shared<StepBundle>();
    b->step = {0, Phase::Prefill, 2, 1, 2, 1000, 0, 5, 1, true, 0};
    b->tokens = {{0, 0, 1, false, std::numeric_limits<float>::quiet_NaN(), "<s>"}, {0, 1, 9, false, -0.1F, "\xE2\x82"}};
    b->occupancy = {{kAllSequences, 2, 2, 4096, 256, 256, 512, 8, 0}};
    b->traffic.byCategory[1] = {10, 20, 0};
    b->kernels = {{"kv_append", 1, 1, 2, 3, 4, 5}};
    b->heads = {{HeadMetric::ResidentRows, 0, {2}},
                {HeadMetric::ErrorRelL2, 0, {0.25F, std::numeric_limits<float>::quiet_NaN()}}};
    b->decisions = {{0, -1, 0, Axis::Keep, DecisionKind::Evict, "window", "evict 1 row, \"(position 4)\"", 1, 4, 4, 0.1,
                     std::numeric_limits<double>::quiet_NaN(), 1e-9, std::numeric_limits<double>::infinity(), -128}};
    b->lanes = {{0, 0.5, true, 1.5, std::numeric_limits<double>::quiet_NaN()}};
    b->policySwitchedTo = "encode=q4_0";
    history.append(b);
    return history;
}

/// Compares with a committed file; KVSCOPE_UPDATE=1 writes it anew.
void expectGolden(const std::string& got, const fs::path& file) {
    if (std::getenv("KVSCOPE_UPDATE") != nullptr) test::writeFile(file, got);
    EXPECT_EQ(got, test::readFile(file)) << "against " << file << "; KVSCOPE_UPDATE=1 writes it anew";
}

TEST(TraceExport, CsvOfATinyRun) {
    const test::TempFolder folder;
    const History history = tinyHistory();
    const auto files = exportCsv(HistorySource(history), folder.path("out"), {.prefix = "t-"});
    ASSERT_TRUE(files) << files.error().text();
    std::string all;
    for (const fs::path& file : *files) {
        all += "== " + file.filename().string() + "\n";
        std::string text = test::readFile(file);
        for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) text.replace(at, 2, "\n");
        EXPECT_EQ(text.find('\r'), std::string::npos);
        all += text;
    }
    expectGolden(all, sourceFolder() / "data/tiny_csv.txt");
}

TEST(TraceExport, JsonLinesOfATinyRun) {
    const test::TempFolder folder;
    const History history = tinyHistory();
    const auto written = exportJsonLines(HistorySource(history), folder.path("t.jsonl"));
    ASSERT_TRUE(written) << written.error().text();
    expectGolden(test::readFile(folder.path("t.jsonl")), sourceFolder() / "data/tiny_jsonl.txt");
}

TEST(TraceExport, ARecordedRunExportsAsTheLiveOne) {
    const test::TempFolder folder;
    const History history = syntheticHistory({.steps = 130, .sequences = 2, .errorEvery = 5, .policySwitchAt = 60});
    test::writeTrace(folder.path("a.kvtrace"), history);
    const Result<Reader> reader = Reader::open(folder.path("a.kvtrace"));
    ASSERT_TRUE(reader);
    ASSERT_TRUE(exportJsonLines(HistorySource(history), folder.path("live.jsonl")));
    ASSERT_TRUE(exportJsonLines(ReaderSource(*reader), folder.path("file.jsonl")));
    EXPECT_EQ(test::readFile(folder.path("live.jsonl")), test::readFile(folder.path("file.jsonl")));
    const auto live = exportCsv(HistorySource(history), folder.path("live"));
    const auto recorded = exportCsv(ReaderSource(*reader), folder.path("file"));
    ASSERT_TRUE(live && recorded);
    ASSERT_EQ(live->size(), 10U);
    for (std::size_t i = 0; i < live->size(); ++i)
        EXPECT_EQ(test::readFile((*live)[i]), test::readFile((*recorded)[i]));
}

/// Python's csv, json and sqlite3 read the exports and the file and compare all values with each other.
TEST(TraceExport, OthersReadTheSameValues) {
    if (std::system("python3 -c 'import sqlite3, csv, json' 2>/dev/null") != 0) GTEST_SKIP() << "python3 is not there";
    const test::TempFolder folder;
    for (const History& history :
         {syntheticHistory({.steps = 70, .sequences = 2, .errorEvery = 5}), test::awkwardHistory()}) {
        const auto path = folder.path("a.kvtrace");
        test::writeTrace(path, history);
        ASSERT_TRUE(exportJsonLines(HistorySource(history), folder.path("a.jsonl")));
        ASSERT_TRUE(exportCsv(HistorySource(history), folder.path("csv")));
        const std::string command = "python3 " + (sourceFolder() / "compare_exports.py").string() + " " +
                                    path.string() + " " + folder.path("a.jsonl").string() + " " +
                                    folder.path("csv").string();
        EXPECT_EQ(std::system(command.c_str()), 0);
    }
}

TEST(TraceExport, ErrorsLeaveNoFiles) {
    const test::TempFolder folder;
    const History history = syntheticHistory({.steps = 10});
    EXPECT_FALSE(exportJsonLines(HistorySource(history), folder.path("no/such/a.jsonl")));
    test::writeFile(folder.path("file"), "x");
    EXPECT_FALSE(exportCsv(HistorySource(history), folder.path("file/out")));
    std::stop_source stop;
    ExportOptions options{.stop = stop.get_token()};
    options.progress = [&](double) { stop.request_stop(); };
    const auto stopped = exportCsv(HistorySource(history), folder.path("out"), options);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, ErrorKind::Cancelled);
    EXPECT_TRUE(fs::is_empty(folder.path("out")));
    EXPECT_FALSE(exportJsonLines(HistorySource(history), folder.path("a.jsonl"), options));
    EXPECT_FALSE(fs::exists(folder.path("a.jsonl")));
}

TEST(TraceExport, HeadMetricsCanBeLeftOut) {
    const test::TempFolder folder;
    const History history = syntheticHistory({.steps = 3});
    ASSERT_TRUE(exportCsv(HistorySource(history), folder.path("out"), {.headMetrics = false}));
    EXPECT_FALSE(fs::exists(folder.path("out/head_metrics.csv")));
}

TEST(TraceExport, AFullDeviceIsAnError) {
    const History history = syntheticHistory({.steps = 100});
    const auto result = exportJsonLines(HistorySource(history), "/dev/full");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::Io);
}

TEST(TraceSchema, ThePageIsThatOfTheCode) {
    expectGolden(schemaMarkdown(), fs::path(KVSCOPE_SOURCE_DIR) / "engine/trace/SCHEMA.md");
}

}  // namespace
}  // namespace kvscope::trace
