// SPDX-License-Identifier: Apache-2.0
// The window over the bundled model on a Vulkan device: what it shows is alive and equals the trace.
#include <gtest/gtest.h>

#include <QElapsedTimer>
#include <QImage>
#include <QTemporaryDir>
#include <QTest>

#include "app/bridge/runtime_backend.h"
#include "app/models/format.h"
#include "app/shell/frame_meter.h"
#include "app/shell/main_window.h"
#include "app/shell/run_settings.h"
#include "app/shell/theme.h"
#include "engine/base/units.h"
#include "engine/trace/reader.h"

namespace kvscope::shell {
namespace {

class LiveWindow : public testing::Test {
  protected:
    LiveWindow()
        : m_settings(settings::Settings::Store::Memory),
          m_engine([] { return std::make_unique<bridge::RuntimeBackend>(""); }),
          m_window(m_engine, m_settings) {}
    void SetUp() override {
        m_model = findBundledModel();
        if (m_model.isEmpty()) {
            GTEST_SKIP() << "the bundled model is not there";
        }
        m_window.resize(1280, 800);
        m_window.show();
    }
    // Opens the model; false (with the reason) when this machine has no usable device.
    bool runs(const bridge::RunSettings& settings, std::size_t steps) {
        m_window.openFile(m_model, settings);
        return QTest::qWaitFor(
            [&] { return m_window.pump().snapshot().size() >= steps || m_window.pump().status().error.has_value(); },
            120000);
    }

    settings::Settings m_settings;
    bridge::EngineThread m_engine;
    MainWindow m_window;
    QString m_model;
};

TEST_F(LiveWindow, MovesAndShowsTheFiguresOfTheTrace) {
    QElapsedTimer timer;
    timer.start();
    QTemporaryDir folder;
    bridge::RunSettings settings = runSettings(m_settings);
    settings.recordTo = folder.filePath("live.kvtrace").toStdString();
    ASSERT_TRUE(runs(settings, 1));
    const auto error = m_window.pump().status().error;
    if (error && error->kind == ErrorKind::NoDevice) {
        GTEST_SKIP() << error->text();
    }
    ASSERT_FALSE(error) << error->text();
    testing::Test::RecordProperty("first_step_ms", std::to_string(timer.elapsed()));
    std::cout << "first step after " << timer.elapsed() << " ms\n";
    ASSERT_TRUE(QTest::qWaitFor([&] { return m_window.pump().snapshot().size() >= 30; }, 120000));
    const QImage before = m_window.grab().toImage();
    QTest::qWait(1000);
    EXPECT_NE(before, m_window.grab().toImage());

    m_engine.setRunning(false);
    ASSERT_TRUE(QTest::qWaitFor([&] { return m_window.pump().status().state == bridge::RunState::Paused; }, 20000));
    m_engine.record({});  // closes the trace
    QTest::qWait(1500);
    const auto reader = trace::Reader::open(settings.recordTo);
    ASSERT_TRUE(reader) << reader.error().text();
    const std::uint64_t shown = m_window.statusLine().shownStep();
    const auto recorded = reader->steps(shown, 1);
    ASSERT_TRUE(recorded) << recorded.error().text();
    ASSERT_EQ(recorded->size(), 1U);
    const auto& step = recorded->front()->step;
    const QString status = m_window.statusLine().leftText();
    EXPECT_TRUE(status.contains("position " + models::formatInteger(step.position))) << status.toStdString();
    EXPECT_TRUE(status.contains(QString::fromStdString(formatNanoseconds(static_cast<double>(step.hostNs)))))
        << status.toStdString();
    EXPECT_EQ(shown + 1, reader->stepCount());
}

TEST_F(LiveWindow, SwitchesThePolicyInMidRun) {
    bridge::RunSettings settings = runSettings(m_settings);
    settings.policy = "encode=f16";
    settings.policyAt = {{25, "encode=k:q8_0,v:q4_0 keep=sinks(4)+window(128)"}};
    settings.maxSteps = 40;
    ASSERT_TRUE(runs(settings, 40));
    const auto error = m_window.pump().status().error;
    if (error && error->kind == ErrorKind::NoDevice) {
        GTEST_SKIP() << error->text();
    }
    ASSERT_FALSE(error) << error->text();
    const auto bundles = m_window.pump().history().bundles();
    EXPECT_FALSE(bundles[25]->policySwitchedTo.empty());
    EXPECT_GT(bundles[24]->occupancy.front().bytesUsed, 4 * bundles[25]->occupancy.front().bytesUsed);
}

}  // namespace
}  // namespace kvscope::shell

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) {
        qputenv("QT_QPA_PLATFORM", "offscreen");
    }
    const kvscope::shell::MeasuredApplication application(argc, argv);
    kvscope::shell::applyTheme(kvscope::shell::Theme::Dark);
    return RUN_ALL_TESTS();
}
