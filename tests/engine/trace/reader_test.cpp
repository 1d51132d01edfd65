// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/rng.h"
#include "engine/trace/synthetic.h"
#include "support.h"

namespace kvscope::trace {
namespace {

using test::dump;
namespace fs = std::filesystem;

/// Opens and reads everything; the error, or nothing.
std::optional<Error> readAll(const fs::path& path) {
    const Result<Reader> reader = Reader::open(path);
    if (!reader) return reader.error();
    const auto steps = reader->steps(0, reader->stepCount());
    if (!steps) return steps.error();
    for (std::size_t metric = 0; metric < kHeadMetrics; ++metric) {
        const auto ranges = reader->headRanges({static_cast<HeadMetric>(metric), 0, 0, 0, 1000});
        if (!ranges) return ranges.error();
    }
    return std::nullopt;
}

class TraceReader : public ::testing::Test {
  protected:
    void SetUp() override { test::writeTrace(path, history); }
    /// The error text after a change by SQL.
    std::string after(const std::string& sql) {
        test::runSql(path, sql);
        const std::optional<Error> error = readAll(path);
        return error ? error->text() : "no error";
    }
    test::TempFolder folder;
    fs::path path = folder.path("a.kvtrace");
    History history = syntheticHistory({.steps = 70, .nLayers = 2, .nHeads = 4, .nKvHeads = 2});
};

TEST_F(TraceReader, SaysWhatAFileIsNot) {
    EXPECT_EQ(Reader::open(folder.path("none.kvtrace")).error().kind, ErrorKind::Io);
    EXPECT_FALSE(Reader::open(folder.path()));
    test::writeFile(folder.path("empty"), "");
    EXPECT_EQ(Reader::open(folder.path("empty")).error().kind, ErrorKind::BadFile);
    test::writeFile(folder.path("text"), "forty-three bytes of text that are no trace");
    EXPECT_EQ(Reader::open(folder.path("text")).error().kind, ErrorKind::BadFile);
    test::runSql(folder.path("other.db"), "CREATE TABLE steps (step INTEGER)");
    EXPECT_NE(Reader::open(folder.path("other.db")).error().message.find("is no KVScope trace"), std::string::npos);
}

TEST_F(TraceReader, RefusesAVersionFromTheFuture) {
    test::runSql(path, "PRAGMA user_version = 3");
    const Result<Reader> reader = Reader::open(path);
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().kind, ErrorKind::Unsupported);
    EXPECT_EQ(reader.error().message, "was written by a newer KVScope (schema version 3, this one reads up to 2)");
}

TEST_F(TraceReader, AFileOfTheFirstSchemaHasNoLayers) {
    test::runSql(path, "ALTER TABLE run DROP COLUMN layers; PRAGMA user_version = 1;");
    const Result<Reader> reader = Reader::open(path);
    ASSERT_TRUE(reader) << reader.error().text();
    EXPECT_EQ(reader->run().layers, "");
    EXPECT_EQ(reader->run().modelName, history.run().modelName);
    EXPECT_FALSE(readAll(path));
}

TEST_F(TraceReader, NamesAMissingTableOrColumn) {
    EXPECT_THAT(after("DROP TABLE lanes"), ::testing::HasSubstr("table lanes is missing"));
}

TEST_F(TraceReader, NamesAMissingColumn) {
    EXPECT_THAT(after("ALTER TABLE kernels RENAME COLUMN flops TO f"),
                ::testing::HasSubstr("table kernels has no column flops"));
}

TEST_F(TraceReader, RefusesAViewInPlaceOfATable) {
    EXPECT_THAT(after("ALTER TABLE lanes RENAME TO l; CREATE VIEW lanes AS SELECT * FROM l"),
                ::testing::HasSubstr("lanes is no plain table"));
}

TEST_F(TraceReader, NamesTheRowOfABadValue) {
    EXPECT_THAT(after("UPDATE tokens SET position = 'x' WHERE step = 5"),
                ::testing::HasSubstr("table tokens, step 5, row 0: column position holds no integer"));
    EXPECT_THAT(after("DELETE FROM tokens; UPDATE traffic SET category = 'magic' WHERE step = 9 AND ordinal = 2"),
                ::testing::HasSubstr("table traffic, step 9, row 2: column category holds a name that is not known"));
    EXPECT_THAT(after("DELETE FROM traffic; UPDATE steps SET tokens = -1 WHERE step = 3"),
                ::testing::HasSubstr("table steps, step 3: column tokens holds a number that is out of range"));
}

TEST_F(TraceReader, FindsChangedAndMissingRowsByTheirChecksum) {
    EXPECT_THAT(after("UPDATE occupancy SET bytes_used = bytes_used + 1 WHERE step = 33"),
                ::testing::HasSubstr("step 33: the checksum of the step's rows does not match"));
    EXPECT_THAT(after("DELETE FROM steps WHERE step = 12"), ::testing::HasSubstr("table closing says 70"));
    EXPECT_THAT(after("DELETE FROM closing"), ::testing::HasSubstr("belongs to no step"));
    EXPECT_THAT(after("UPDATE run SET model_name = 'another'"), ::testing::HasSubstr("table run: the checksum"));
    EXPECT_THAT(after("DELETE FROM run"), ::testing::HasSubstr("table run: has no row"));
}

TEST_F(TraceReader, ChecksTheSizesOfBlobs) {
    EXPECT_THAT(after("UPDATE head_chunks SET entries = 63 WHERE step_window = 0 AND metric = 'resident_rows'"),
                ::testing::HasSubstr("window 0, resident_rows of sequence 0, part 0: data unpacks to"));
    EXPECT_THAT(after("UPDATE head_chunks SET entries = 4294967295"), ::testing::HasSubstr("expected 1 to 64"));
    EXPECT_THAT(after("UPDATE head_chunks SET heads = 3"), ::testing::HasSubstr("has 3 heads, the run has"));
    EXPECT_THAT(after("UPDATE head_chunks SET entries = 64, heads = iif(metric > 'k', 2, 4), data = x'00'"),
                ::testing::HasSubstr("zstd"));
}

TEST_F(TraceReader, BoundsTheShapeOfARun) {
    EXPECT_THAT(after("UPDATE run SET n_layers = 4294967295, checksum = NULL"), ::testing::HasSubstr("are more than"));
    EXPECT_THAT(after("UPDATE run SET n_layers = 4000, n_heads = 4000, checksum = NULL"),
                ::testing::HasSubstr("are more than"));
}

TEST_F(TraceReader, TruncatedFilesAreErrors) {
    const std::string bytes = test::readFile(path);
    for (std::size_t size = 0; size < bytes.size(); size += 1021) {
        test::writeFile(folder.path("t"), bytes.substr(0, size));
        EXPECT_TRUE(readAll(folder.path("t"))) << size;
    }
}

TEST_F(TraceReader, ADamagedByteIsAnErrorOrChangesNothing) {
    std::string expected = dump(history.run());
    for (const BundlePtr& bundle : history.bundles()) expected += dump(*bundle);
    std::string bytes = test::readFile(path);
    Rng rng(3);
    std::size_t errors = 0;
    for (std::size_t at = 0; at < bytes.size(); at += 1 + rng.below(bytes.size() / 250)) {
        const char before = bytes[at];
        bytes[at] = static_cast<char>(static_cast<unsigned char>(before) ^ (1U << rng.below(8)));
        test::writeFile(folder.path("d"), bytes);
        bytes[at] = before;
        if (readAll(folder.path("d"))) {
            ++errors;
            continue;
        }
        const Result<Reader> reader = Reader::open(folder.path("d"));
        std::string got = dump(reader->run());
        const auto steps = reader->steps(0, reader->stepCount());
        for (const BundlePtr& bundle : *steps) got += dump(*bundle);
        ASSERT_EQ(got, expected) << "byte " << at;
    }
    EXPECT_GT(errors, 0U);
}

}  // namespace
}  // namespace kvscope::trace
