// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/trace/reader.h"
#include "engine/trace/synthetic.h"
#include "support.h"

namespace kvscope::trace {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(HeadRange, HoldsTheExtremesOfEachBlock) {
    const test::TempFolder folder;
    History history(RunInfo{.nLayers = 1, .nHeads = 2, .nKvHeads = 1});
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        auto bundle = std::make_shared<StepBundle>();
        bundle->step.step = i;
        const float wave = static_cast<float>((i * 37) % 101);
        if (i % 2 == 0) bundle->heads = {{HeadMetric::ErrorRelL2, 0, {wave, kNan}}};
        history.append(bundle);
    }
    test::writeTrace(folder.path("a.kvtrace"), history);
    const Result<Reader> reader = Reader::open(folder.path("a.kvtrace"));
    ASSERT_TRUE(reader) << reader.error().text();
    for (const auto& [level, size, blocks] : {std::array<std::uint64_t, 3>{0, 64, 157}, {1, 4096, 3}, {2, 262144, 1}}) {
        const auto ranges = reader->headRanges({HeadMetric::ErrorRelL2, 0, level, 0, 9'999});
        ASSERT_TRUE(ranges) << ranges.error().text();
        ASSERT_EQ(ranges->size(), blocks);
        for (const HeadRange& range : *ranges) {
            ASSERT_EQ(range.lastStep - range.firstStep + 1, size);
            float low = 1e9F;
            float high = -1e9F;
            for (std::uint64_t i = range.firstStep; i <= std::min<std::uint64_t>(range.lastStep, 9'999); i += 2) {
                low = std::min(low, static_cast<float>((i * 37) % 101));
                high = std::max(high, static_cast<float>((i * 37) % 101));
            }
            EXPECT_EQ(range.minimum.at(0), low);
            EXPECT_EQ(range.maximum.at(0), high);
            EXPECT_TRUE(std::isnan(range.minimum.at(1)) && std::isnan(range.maximum.at(1)));
        }
    }
    EXPECT_EQ(reader->headRanges({HeadMetric::ErrorRelL2, 0, 0, 640, 700})->size(), 1U);
    EXPECT_TRUE(reader->headRanges({HeadMetric::MassRecall, 0, 0, 0, 9'999})->empty());
    EXPECT_FALSE(reader->headRanges({HeadMetric::MassRecall, 0, 3, 0, 9'999}));
}

TEST(HeadRange, HeadMetricsTakeAtMostTwoBytesASample) {
    const test::TempFolder folder;
    const SyntheticOptions options{.steps = 512, .nLayers = 16, .nHeads = 16, .nKvHeads = 8, .errorEvery = 4};
    test::writeTrace(folder.path("a.kvtrace"), syntheticHistory(options));
    const double bytes =
        std::stod(test::querySql(folder.path("a.kvtrace"), "SELECT sum(length(data)) FROM head_chunks"));
    const double samples = 16.0 * (512 * 3 * 8 + 128 * 4 * 16);
    RecordProperty("bytes_per_sample", std::to_string(bytes / samples));
    EXPECT_LE(bytes / samples, 2.0);
}

}  // namespace
}  // namespace kvscope::trace
