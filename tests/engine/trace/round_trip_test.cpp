// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "engine/trace/reader.h"
#include "engine/trace/synthetic.h"
#include "engine/trace/writer.h"
#include "support.h"

namespace kvscope::trace {
namespace {

using test::dump;

void expectSame(const std::filesystem::path& path, const History& history) {
    const Result<Reader> reader = Reader::open(path);
    ASSERT_TRUE(reader) << reader.error().text();
    EXPECT_EQ(dump(reader->run()), dump(history.run()));
    ASSERT_EQ(reader->stepCount(), history.bundles().size());
    const auto steps = reader->steps(0, reader->stepCount());
    ASSERT_TRUE(steps) << steps.error().text();
    ASSERT_EQ(steps->size(), history.bundles().size());
    for (std::size_t i = 0; i < steps->size(); ++i) {
        ASSERT_EQ(dump(*(*steps)[i]), dump(*history.bundles()[i])) << "index " << i;
    }
}

TEST(TraceRoundTrip, AwkwardValuesBitForBit) {
    const test::TempFolder folder;
    test::writeTrace(folder.path("a.kvtrace"), test::awkwardHistory());
    expectSame(folder.path("a.kvtrace"), test::awkwardHistory());
}

TEST(TraceRoundTrip, EmptyRun) {
    const test::TempFolder folder;
    test::writeTrace(folder.path("a.kvtrace"), History());
    expectSame(folder.path("a.kvtrace"), History());
}

TEST(TraceRoundTrip, ManyStepsWithSequencesErrorsAndASwitch) {
    const test::TempFolder folder;
    const History history = syntheticHistory({.steps = 333,
                                              .nLayers = 3,
                                              .nHeads = 6,
                                              .nKvHeads = 2,
                                              .sequences = 2,
                                              .errorEvery = 3,
                                              .policySwitchAt = 100});
    test::writeTrace(folder.path("a.kvtrace"), history);
    expectSame(folder.path("a.kvtrace"), history);
    // A closed trace is one file, and each window of 64 steps is one row for each metric and sequence.
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
    EXPECT_EQ(test::querySql(folder.path("a.kvtrace"), "SELECT count(*) FROM head_chunks"), "84");  // 6 x 7 x 2
    EXPECT_EQ(test::querySql(folder.path("a.kvtrace"), "SELECT max(part) FROM head_chunks"), "0");
    EXPECT_EQ(test::querySql(folder.path("a.kvtrace"), "PRAGMA integrity_check"), "ok");
}

TEST(TraceRoundTrip, AnyRangeOfSteps) {
    const test::TempFolder folder;
    const History history = syntheticHistory({.steps = 200});
    test::writeTrace(folder.path("a.kvtrace"), history);
    const Result<Reader> reader = Reader::open(folder.path("a.kvtrace"));
    ASSERT_TRUE(reader) << reader.error().text();
    EXPECT_TRUE(reader->complete());
    for (const auto& [first, count, got] : {std::array<std::uint64_t, 3>{63, 2, 2},
                                            {199, 10, 1},
                                            {200, 1, 0},
                                            {~std::uint64_t{0}, ~std::uint64_t{0}, 0},
                                            {10, ~std::uint64_t{0}, 190}}) {
        const auto steps = reader->steps(first, count);
        ASSERT_TRUE(steps) << steps.error().text();
        ASSERT_EQ(steps->size(), got);
        for (std::size_t i = 0; i < got; ++i) EXPECT_EQ(dump(*(*steps)[i]), dump(*history.bundles()[first + i]));
    }
}

TEST(TraceRoundTrip, NumbersCanBeQueriedByOthers) {
    const test::TempFolder folder;
    const auto path = folder.path("a.kvtrace");
    test::writeTrace(path, test::awkwardHistory());
    EXPECT_EQ(test::querySql(path, "PRAGMA application_id"), "1263948882");  // "KVTR" as a big-endian number
    EXPECT_EQ(test::querySql(path, "PRAGMA user_version"), "2");
    EXPECT_EQ(test::querySql(path, "SELECT bytes FROM decisions ORDER BY bytes LIMIT 1"), "-9223372036854775808");
    EXPECT_EQ(test::querySql(path, "SELECT count(*) FROM tokens WHERE log_probability_nats IS NULL"), "1");
    EXPECT_EQ(test::querySql(path, "SELECT hex(text) FROM tokens WHERE typeof(text) = 'blob'"), "E282");
    EXPECT_EQ(test::querySql(path, "SELECT bytes_written FROM traffic WHERE category = 'weights'"), "3");
    EXPECT_EQ(test::querySql(path, "SELECT count(*) FROM traffic"), "4");
    EXPECT_EQ(test::querySql(path, "SELECT count(*) FROM occupancy WHERE sequence = -1 AND bytes_used = 4"), "1");
}

}  // namespace
}  // namespace kvscope::trace
