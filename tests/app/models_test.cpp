// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <algorithm>
#include <cmath>
#include <vector>

#include "app/models/decision_model.h"
#include "app/models/format.h"
#include "app/models/head_map_model.h"
#include "app/models/policy_model.h"
#include "app/models/selection_model.h"
#include "app/models/text_model.h"
#include "app/models/timeline_model.h"
#include "app/models/traffic_model.h"
#include "engine/trace/synthetic.h"

namespace kvscope::models {
namespace {

constexpr auto kStrict = QAbstractItemModelTester::FailureReportingMode::Fatal;

Snapshot snapshotOf(const trace::History& history, std::uint64_t generation = 1) {
    return {&history, generation, 0};
}

trace::History decisionHistory(std::size_t steps, std::size_t perStep) {
    trace::RunInfo run;
    run.nLayers = 4;
    run.nHeads = 8;
    run.nKvHeads = 4;
    trace::History history(run);
    for (std::size_t step = 0; step < steps; ++step) {
        trace::StepBundle bundle;
        bundle.step.step = step;
        bundle.step.position = step + 1;
        bundle.step.tokens = 1;
        bundle.tokens.push_back({0, step, 5, step > 3, 0, step % 2 == 0 ? "\xC3" : "\xA9"});
        for (std::size_t i = 0; i < perStep; ++i) {
            trace::DecisionRecord decision;
            decision.layer = static_cast<std::int32_t>(i % 4);
            decision.kvHead = static_cast<std::int32_t>(step % 4);
            decision.axis = i % 2 == 0 ? trace::Axis::Keep : trace::Axis::Encode;
            decision.kind = i % 2 == 0 ? trace::DecisionKind::Evict : trace::DecisionKind::Compress;
            decision.text = "row " + std::to_string(step);
            decision.score = static_cast<double>((step * 7 + i * 3) % 11);
            decision.rows = 1;
            decision.positionFirst = decision.positionLast = step / 2;
            decision.bytes = static_cast<std::int64_t>(step);
            bundle.decisions.push_back(decision);
        }
        history.append(std::make_shared<const trace::StepBundle>(std::move(bundle)));
    }
    return history;
}

void readAll(DecisionModel& model, const trace::History& history, std::uint64_t generation = 1) {
    while (model.update(snapshotOf(history, generation))) {
    }
}

TEST(DecisionModel, ListsTheNewestFirstAndIsASoundModel) {
    DecisionModel model;
    const QAbstractItemModelTester tester(&model, kStrict);
    const auto history = decisionHistory(300, 3);
    readAll(model, history);
    ASSERT_EQ(model.rowCount(), 900);
    EXPECT_EQ(model.total(), 900U);
    EXPECT_EQ(model.step(0), 299U);
    EXPECT_EQ(model.step(899), 0U);
    EXPECT_EQ(model.data(model.index(0, DecisionModel::Text), Qt::DisplayRole).toString(), "row 299");
}

TEST(DecisionModel, SortsAsAPlainSortDoesWhileRowsArrive) {
    DecisionModel model;
    const QAbstractItemModelTester tester(&model, kStrict);
    model.sort(DecisionModel::Score, Qt::AscendingOrder);
    trace::History growing(decisionHistory(1, 1).run());
    const auto history = decisionHistory(120, 3);
    for (const auto& bundle : history.bundles()) {
        growing.append(bundle);
        readAll(model, growing);
    }
    std::vector<double> scores;
    for (int row = 0; row < model.rowCount(); ++row) {
        scores.push_back(model.decision(row).score);
    }
    EXPECT_EQ(scores.size(), 360U);
    EXPECT_TRUE(std::ranges::is_sorted(scores));
    model.sort(DecisionModel::Bytes, Qt::DescendingOrder);
    EXPECT_EQ(model.decision(0).bytes, 119);
}

TEST(DecisionModel, FiltersByAxisHeadAndWords) {
    DecisionModel model;
    const QAbstractItemModelTester tester(&model, kStrict);
    const auto history = decisionHistory(40, 4);
    model.setFilter({trace::Axis::Keep, {}, 2, -1});
    readAll(model, history);
    EXPECT_EQ(model.rowCount(), 40);  // one of four decisions a step is on layer 2, and it is a keep
    EXPECT_EQ(model.total(), 160U);
    model.setFilter({{}, "row 7", -1, -1});
    EXPECT_EQ(model.rowCount(), 4);
    model.setFilter({});
    EXPECT_EQ(model.rowCount(), 160);
}

TEST(DecisionModel, ForgetsAnOlderRun) {
    DecisionModel model;
    const QAbstractItemModelTester tester(&model, kStrict);
    const auto first = decisionHistory(30, 2);
    const auto second = decisionHistory(5, 1);
    readAll(model, first);
    readAll(model, second, 2);
    EXPECT_EQ(model.rowCount(), 5);
}

TEST(KernelModel, IsASoundModel) {
    KernelModel model;
    const QAbstractItemModelTester tester(&model, kStrict);
    const auto history = trace::syntheticHistory({.steps = 12});
    for (const auto& bundle : history.bundles()) {
        model.show(bundle);
        EXPECT_EQ(model.rowCount(), static_cast<int>(bundle->kernels.size()));
    }
    model.show(nullptr);
    EXPECT_EQ(model.rowCount(), 0);
}

TEST(TrafficFigures, AreBytesPerTokenOverTheNewestSteps) {
    const auto history = trace::syntheticHistory({.steps = 40});
    const auto figures = trafficFigures(snapshotOf(history), {});
    double read = 0;
    double tokens = 0;
    for (std::size_t i = 24; i < 40; ++i) {
        read += static_cast<double>(history.bundles()[i]->traffic.at(trace::TrafficCategory::KvRead).readRequested);
        tokens += history.bundles()[i]->step.tokens;
    }
    EXPECT_EQ(figures.steps, 16U);
    EXPECT_DOUBLE_EQ(figures.byCategory[1].read, read / tokens);
    EXPECT_EQ(trafficFigures(snapshotOf(history), 30).steps, 1U);
}

TEST(SelectionModel, UndoesAndRedoes) {
    SelectionModel selection;
    int changes = 0;
    QObject::connect(&selection, &SelectionModel::changed, &selection, [&] { ++changes; });
    selection.selectHead(1, 2, 5);
    selection.selectHead(1, 2, 5);  // nothing new: no step of undo
    selection.selectStep(77);
    EXPECT_EQ(changes, 2);
    selection.undo();
    EXPECT_EQ(selection.current().layer, 1);
    EXPECT_FALSE(selection.current().step);
    selection.undo();
    EXPECT_EQ(selection.current().layer, -1);
    EXPECT_FALSE(selection.canUndo());
    selection.redo();
    selection.redo();
    EXPECT_EQ(selection.current().step, 77U);
    EXPECT_FALSE(selection.canRedo());
    selection.startRun(9);
    EXPECT_EQ(selection.current().queryHead, 5);
    EXPECT_FALSE(selection.current().step);
    EXPECT_FALSE(selection.canUndo());
}

TEST(PolicyModel, SaysWhatIsWrong) {
    PolicyModel model;
    model.setText("encode=q8_0 keep=sinks(4)+window(256)");
    ASSERT_TRUE(model.policy());
    EXPECT_EQ(model.policy()->window(), 256U);
    EXPECT_TRUE(model.problem().isEmpty());
    model.setText("keep=widow(256)");
    EXPECT_FALSE(model.policy());
    EXPECT_TRUE(model.problem().contains("widow")) << model.problem().toStdString();
    model.setText("encode=q8_0");
    model.setShape(cache::ModelShape{"llama", 5, 8, 4, 8, 512});  // heads of 8 values hold no block of 32
    EXPECT_TRUE(model.policy());
    EXPECT_FALSE(model.problem().isEmpty());
}

TEST(TimelineModel, ReadsWhatTheBundlesSay) {
    const trace::SyntheticOptions options{.steps = 64, .policySwitchAt = 40};
    const auto history = trace::syntheticHistory(options);
    TimelineModel model;
    EXPECT_TRUE(model.update(snapshotOf(history)));
    EXPECT_FALSE(model.update(snapshotOf(history)));
    const auto& last = *history.bundles().back();
    EXPECT_EQ(model.newestStep(), last.step.step);
    EXPECT_EQ(model.position(), static_cast<double>(last.step.position));
    EXPECT_EQ(model.series(SeriesId::CachePolicy).back().y, static_cast<double>(last.occupancy.front().bytesUsed));
    EXPECT_EQ(model.series(SeriesId::CachePolicy).size(), 64U);
    const auto probed = std::ranges::count_if(history.bundles(), [](const auto& bundle) {
        return std::ranges::find(bundle->heads, trace::HeadMetric::ErrorRelL2, &trace::HeadMetricRecord::metric) !=
               bundle->heads.end();
    });
    EXPECT_EQ(model.series(SeriesId::ErrorWorst).size(), static_cast<std::size_t>(probed));
    ASSERT_EQ(model.marks().size(), 1U);
    EXPECT_EQ(model.marks().front().position, static_cast<double>(history.bundles()[39]->step.position));
    EXPECT_EQ(model.stepAt(static_cast<double>(history.bundles()[20]->step.position)), 20U);
}

TEST(TimelineModel, NamesTheAxisOfASwitch) {
    EXPECT_EQ(changedAxis("encode=q8_0", "encode=q4_0"), trace::Axis::Encode);
    EXPECT_EQ(changedAxis("encode=q8_0", "encode=q8_0 keep=window(8)"), trace::Axis::Keep);
    EXPECT_EQ(changedAxis("exact", "exact"), trace::Axis::Native);
}

TEST(TextModel, JoinsBytesAndStrikesWhatTheHeadLost) {
    const auto history = decisionHistory(20, 4);
    TextModel model;
    model.chooseHead(2, 1);
    model.update(snapshotOf(history));
    ASSERT_EQ(model.tokens().size(), 20U);
    EXPECT_EQ(model.tokens()[0].text, "");
    EXPECT_EQ(model.tokens()[1].text, "é");
    // Layer 2, KV head 1 evicts position step / 2 at the steps 1, 5, 9, 13, 17.
    EXPECT_EQ(model.evicted(), 5U);
    EXPECT_TRUE(model.tokens()[2].evicted);
    EXPECT_FALSE(model.tokens()[3].evicted);
    model.chooseHead(1, 1);  // its decisions are no evictions
    EXPECT_EQ(model.evicted(), 0U);
}

TEST(HeadMapModel, GivesTheNewestAndAnEarlierGrid) {
    const auto history = trace::syntheticHistory({.steps = 50});
    HeadMapModel model;
    model.update(snapshotOf(history));
    const auto newest = model.grid(snapshotOf(history), trace::HeadMetric::ErrorRelL2, {});
    EXPECT_EQ(newest.step, 48U);  // every eighth step
    EXPECT_EQ(newest.values, history.headMetric(49, trace::HeadMetric::ErrorRelL2, 0)->values);
    const auto earlier = model.grid(snapshotOf(history), trace::HeadMetric::ErrorRelL2, 30);
    EXPECT_EQ(earlier.step, 24U);
    const auto rows = model.grid(snapshotOf(history), trace::HeadMetric::ResidentRows, {});
    EXPECT_EQ(rows.at(1, 2), rows.at(1, 3));  // two query heads on one KV head
    EXPECT_GE(rows.high, *std::ranges::max_element(rows.values));
}

TEST(Format, WritesThreeDigits) {
    EXPECT_EQ(formatNumber(0.014321), "0.0143");
    EXPECT_EQ(formatNumber(212.4), "212");
    EXPECT_EQ(formatNumber(std::nan("")), "–");
    EXPECT_EQ(formatInteger(1984), "1,984");
    EXPECT_EQ(formatTick(8 * 1024 * 1024, Quantity::Bytes), "8\u2009MiB");
    EXPECT_EQ(niceCeiling(0.21, false), 0.5);
    EXPECT_EQ(niceCeiling(5e6, true), 8388608);
}

}  // namespace
}  // namespace kvscope::models
