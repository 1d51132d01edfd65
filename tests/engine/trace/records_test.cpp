// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/records.h"

#include <gtest/gtest.h>

#include "engine/trace/history.h"
#include "engine/trace/names.h"

namespace kvscope::trace {
namespace {

TEST(TraceNames, AreThoseOfTheSchema) {
    EXPECT_STREQ(name(HeadMetric::ResidentRows), "resident_rows");
    EXPECT_STREQ(name(HeadMetric::AttentionKl), "attention_kl");
    EXPECT_STREQ(name(TrafficCategory::KvRead), "kv_read");
    EXPECT_STREQ(name(Axis::Native), "native");
    EXPECT_STREQ(name(DecisionKind::PolicySwitch), "policy_switch");
    EXPECT_STREQ(name(Phase::Decode), "decode");
    EXPECT_STREQ(name(static_cast<HeadMetric>(200)), "unknown");
}

TEST(TraceNames, ReadBack) {
    for (std::size_t i = 0; i < kHeadMetrics; ++i) {
        HeadMetric metric{};
        ASSERT_TRUE(fromName(name(static_cast<HeadMetric>(i)), metric));
        EXPECT_EQ(static_cast<std::size_t>(metric), i);
    }
    DecisionKind kind = DecisionKind::Demote;
    EXPECT_TRUE(fromName("merge", kind));
    EXPECT_EQ(kind, DecisionKind::Merge);
    EXPECT_FALSE(fromName("Merge", kind));
    EXPECT_EQ(kind, DecisionKind::Merge);
}

TEST(TraceNames, UnitsAndHeads) {
    EXPECT_STREQ(unit(HeadMetric::ResidentRows), "rows");
    EXPECT_STREQ(unit(HeadMetric::KvReadBytes), "B");
    EXPECT_STREQ(unit(HeadMetric::MassRecall), "");
    EXPECT_STREQ(unit(HeadMetric::AttentionKl), "nats");
    EXPECT_TRUE(isPerKvHead(HeadMetric::BytesUsed));
    EXPECT_FALSE(isPerKvHead(HeadMetric::ErrorRelL2));
}

TEST(History, FindsTheNewestMetricAtOrBefore) {
    History history;
    EXPECT_EQ(history.headMetric(0, HeadMetric::MassRecall, 0), nullptr);
    for (std::uint64_t i = 0; i < 4; ++i) {
        auto bundle = std::make_shared<StepBundle>();
        bundle->step.step = i;
        if (i == 1) bundle->heads = {{HeadMetric::MassRecall, 0, {0.5F}}, {HeadMetric::MassRecall, 1, {0.25F}}};
        history.append(bundle);
    }
    EXPECT_EQ(history.headMetric(0, HeadMetric::MassRecall, 0), nullptr);
    ASSERT_NE(history.headMetric(3, HeadMetric::MassRecall, 1), nullptr);
    EXPECT_EQ(history.headMetric(3, HeadMetric::MassRecall, 1)->values.front(), 0.25F);
    EXPECT_NE(history.headMetric(static_cast<std::size_t>(-1), HeadMetric::MassRecall, 0), nullptr);
    EXPECT_EQ(history.headMetric(3, HeadMetric::MassRecall, 2), nullptr);
}

}  // namespace
}  // namespace kvscope::trace
