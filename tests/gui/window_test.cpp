// SPDX-License-Identifier: Apache-2.0
// The window over a made-up run and over a recorded one, without a model or a device.
#include <gtest/gtest.h>

#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QDropEvent>
#include <QElapsedTimer>
#include <QImage>
#include <QMimeData>
#include <QPushButton>
#include <QSpinBox>
#include <QTemporaryDir>
#include <QTest>
#include <QUrl>
#include <functional>

#include "app/shell/exporter.h"
#include "app/shell/main_window.h"
#include "app/shell/theme.h"
#include "app/views/head_map_view.h"
#include "app/views/policy_line.h"
#include "app/views/timelines_view.h"
#include "engine/trace/reader.h"
#include "engine/trace/writer.h"
#include "tests/gui/support/synthetic_backend.h"

namespace kvscope::shell {
namespace {

using namespace std::chrono_literals;

bool waitFor(const std::function<bool()>& condition, int milliseconds = 20000) {
    return QTest::qWaitFor(condition, milliseconds);
}

class Window : public testing::Test {
  protected:
    Window()
        : m_settings(settings::Settings::Store::Memory),
          m_engine([] {
              trace::SyntheticOptions options;
              options.steps = 600;
              options.policySwitchAt = 100;
              return std::make_unique<test::SyntheticBackend>(options, 500us);
          }),
          m_window((m_settings.set(settings::Key::Speed, 0), m_engine), m_settings) {
        m_window.resize(1280, 800);
        m_window.show();
    }
    void open(const QString& path) { m_window.openFile(path); }
    bool runs(std::size_t steps) {
        return waitFor([&] { return m_window.pump().snapshot().size() >= steps; });
    }
    bridge::RunState state() { return m_window.pump().status().state; }
    ViewDock& dock(const QString& id) {
        for (auto* item : m_window.docks()) {
            if (item->objectName() == id) {
                return *item;
            }
        }
        throw std::runtime_error("no such dock");
    }
    // Every view as the user sees it: drawn, with a name for accessibility, more than one colour.
    void expectDrawn() {
        for (auto* item : m_window.docks()) {
            EXPECT_FALSE(item->view().accessibleName().isEmpty()) << item->objectName().toStdString();
            const QImage image = item->view().grab().toImage();
            bool plain = true;
            for (int y = 0; y < image.height() && plain; ++y) {
                for (int x = 0; x < image.width() && plain; ++x) {
                    plain = image.pixel(x, y) == image.pixel(0, 0);
                }
            }
            EXPECT_FALSE(plain) << item->objectName().toStdString() << " shows nothing";
        }
    }

    settings::Settings m_settings;
    bridge::EngineThread m_engine;
    MainWindow m_window;
};

TEST_F(Window, EveryViewSaysWhatWouldFillIt) {
    QTest::qWait(100);
    EXPECT_EQ(state(), bridge::RunState::Empty);
    EXPECT_EQ(m_window.docks().size(), views::viewFactories().size());
    expectDrawn();
}

TEST_F(Window, EveryViewShowsALiveRun) {
    open("x.gguf");
    ASSERT_TRUE(runs(200));
    expectDrawn();
    const QImage before = m_window.grab().toImage();
    QTest::qWait(500);
    EXPECT_NE(before, m_window.grab().toImage());
    ASSERT_TRUE(waitFor([&] { return state() == bridge::RunState::Finished; }));
    QTest::qWait(400);
    // The status bar and the plots show the newest step of the trace.
    const auto* newest = m_window.pump().snapshot().newest();
    EXPECT_EQ(m_window.statusLine().shownStep(), newest->step.step);
    auto& timelines = dynamic_cast<views::TimelinesView&>(dock("timelines").view());
    EXPECT_EQ(timelines.newestDrawn(), static_cast<double>(newest->step.position));
    EXPECT_EQ(m_window.pump().snapshot().dropped, 0U);
}

TEST_F(Window, EveryViewShowsARecordedTrace) {
    QTemporaryDir folder;
    const QString path = folder.filePath("run.kvtrace");
    const auto history = trace::syntheticHistory({.steps = 300});
    {
        auto writer = trace::Writer::create(path.toStdString(), history.run());
        ASSERT_TRUE(writer) << writer.error().text();
        for (const auto& bundle : history.bundles()) {
            ASSERT_TRUE((*writer)->push(bundle));
        }
        ASSERT_TRUE((*writer)->close());
    }
    open(path);
    ASSERT_TRUE(waitFor([&] { return state() == bridge::RunState::Finished; }));
    ASSERT_EQ(m_window.pump().snapshot().size(), 300U);
    QTest::qWait(400);
    expectDrawn();
    auto& timelines = dynamic_cast<views::TimelinesView&>(dock("timelines").view());
    EXPECT_EQ(timelines.newestDrawn(), static_cast<double>(history.bundles().back()->step.position));
    EXPECT_FALSE(m_window.banner().isVisible());
}

TEST_F(Window, ErrorsAreSentencesInTheWindowAndTheRunStays) {
    open("x.gguf");
    ASSERT_TRUE(runs(20));
    open("bad.gguf");
    ASSERT_TRUE(waitFor([&] { return m_window.banner().isVisible(); }));
    EXPECT_EQ(m_window.banner().sentence(), "bad.gguf: the header ends after 43 bytes.");
    const auto before = m_window.pump().snapshot().size();
    EXPECT_TRUE(runs(before + 20));
}

TEST_F(Window, ABrokenInvariantEndsTheRunAndNotTheProgram) {
    open("throw.gguf");
    ASSERT_TRUE(waitFor([&] { return m_window.banner().isVisible(); }));
    EXPECT_TRUE(m_window.banner().sentence().contains("a planted fault"));
    EXPECT_EQ(m_window.pump().snapshot().size(), 3U);
    open("x.gguf");
    EXPECT_TRUE(runs(20));
}

TEST_F(Window, LoadingShowsProgressAndIsCancelledAtOnce) {
    open("slow.gguf");
    ASSERT_TRUE(waitFor([&] { return m_window.loading().isVisible() && m_window.pump().status().progress > 0; }));
    QElapsedTimer timer;
    timer.start();
    m_window.loading().findChild<QPushButton*>("cancelLoading")->click();
    ASSERT_TRUE(waitFor([&] { return state() == bridge::RunState::Empty; }));
    EXPECT_LT(timer.elapsed(), 1000);
    ASSERT_TRUE(waitFor([&] { return !m_window.loading().isVisible(); }));
    EXPECT_FALSE(m_window.banner().isVisible());
}

TEST_F(Window, ANewOpenReplacesTheOneThatLoads) {
    open("slow.gguf");
    ASSERT_TRUE(waitFor([&] { return m_window.pump().status().progress > 0; }));
    open("x.gguf");
    EXPECT_TRUE(runs(20));
}

TEST_F(Window, ADroppedModelIsOpened) {
    QMimeData mime;
    mime.setUrls({QUrl::fromLocalFile("/models/readme.txt"), QUrl::fromLocalFile("/models/x.gguf")});
    QDragEnterEvent enter(QPoint(100, 100), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&m_window, &enter);
    EXPECT_TRUE(enter.isAccepted());
    QDropEvent drop(QPointF(100, 100), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&m_window, &drop);
    ASSERT_TRUE(runs(5));
    EXPECT_EQ(m_window.pump().status().path, "/models/x.gguf");
    EXPECT_EQ(m_settings.recentFiles().value(0), "/models/x.gguf");
}

TEST_F(Window, PauseStepAndReset) {
    open("x.gguf");
    ASSERT_TRUE(runs(10));
    m_engine.setRunning(false);
    ASSERT_TRUE(waitFor([&] { return state() == bridge::RunState::Paused; }));
    QTest::qWait(100);
    const auto paused = m_window.pump().snapshot().size();
    m_engine.step();
    ASSERT_TRUE(runs(paused + 1));
    QTest::qWait(100);
    EXPECT_EQ(m_window.pump().snapshot().size(), paused + 1);
    const auto generation = m_window.pump().snapshot().generation;
    m_engine.reset({});
    ASSERT_TRUE(waitFor([&] { return m_window.pump().snapshot().generation == generation + 1; }));
    EXPECT_TRUE(runs(1));
    EXPECT_EQ(m_window.pump().history().bundles().front()->step.step, 0U);
}

TEST_F(Window, PolicyLineAndControlsAreInStep) {
    auto* line = m_window.findChild<views::PolicyLine*>("policyLine");
    ASSERT_NE(line, nullptr);
    line->setPlainText("encode=k:q8_0,v:q4_0 keep=sinks(7)+window(99)");
    QSpinBox* window = nullptr;
    for (auto* spin : dock("policy").view().findChildren<QSpinBox*>()) {
        if (spin->accessibleName() == "window n") {
            window = spin;
        } else if (spin->accessibleName() == "sinks n") {
            EXPECT_EQ(spin->value(), 7);
        }
    }
    ASSERT_NE(window, nullptr);
    EXPECT_EQ(window->value(), 99);
    window->setValue(300);
    EXPECT_EQ(line->toPlainText(), "encode=k:q8_0,v:q4_0 keep=sinks(7)+window(300)");
    for (auto* combo : dock("policy").view().findChildren<QComboBox*>()) {
        if (combo->accessibleName() == "values") {
            EXPECT_EQ(combo->currentText(), "q4_0");
            combo->setCurrentText("f16");
        }
    }
    EXPECT_EQ(line->toPlainText(), "encode=k:q8_0 keep=sinks(7)+window(300)");
    line->setPlainText("keep=widow(3)");
    EXPECT_TRUE(m_window.policy().problem().contains("widow"));
    EXPECT_EQ(window->value(), 300);  // controls keep the last value that made sense
}

TEST_F(Window, ApplyingAPolicySwitchesTheRun) {
    open("x.gguf");
    ASSERT_TRUE(runs(10));
    m_window.policy().setText("keep=window(128)");
    m_window.applyPolicy();
    ASSERT_TRUE(waitFor([&] { return m_window.pump().status().policyEffective == "keep=window(128)"; }));
    ASSERT_TRUE(waitFor([&] {
        for (const auto& bundle : m_window.pump().history().bundles()) {
            if (bundle->policySwitchedTo == "keep=window(128)") {
                return true;
            }
        }
        return false;
    }));
}

TEST_F(Window, SelectionLinksTheViews) {
    open("x.gguf");
    ASSERT_TRUE(runs(60));
    QTest::qWait(200);
    auto& map = dynamic_cast<views::HeadMapView&>(dock("headMap").view());
    QTest::keyClick(const_cast<plots::HeadMap*>(&map.map()), Qt::Key_Down);
    EXPECT_EQ(m_window.selection().current().layer, 1);
    QTest::keyClick(const_cast<plots::HeadMap*>(&map.map()), Qt::Key_Right);
    EXPECT_EQ(m_window.selection().current().queryHead, 1);
    m_window.selection().undo();
    EXPECT_EQ(m_window.selection().current().queryHead, 0);
}

TEST_F(Window, EveryDrawingIsExportedAsPngAndSvg) {
    open("x.gguf");
    ASSERT_TRUE(runs(150));
    QTemporaryDir folder;
    std::size_t drawings = 0;
    for (auto* item : m_window.docks()) {
        for (const auto& drawing : item->view().drawings()) {
            ++drawings;
            const QString base = folder.filePath(drawing.name);
            ASSERT_TRUE(writeDrawing(drawing, base + ".png"));
            ASSERT_TRUE(writeDrawing(drawing, base + ".svg"));
            EXPECT_EQ(QImage(base + ".png").size(), drawing.size * 2);
            EXPECT_GT(QFileInfo(base + ".svg").size(), 1000);
        }
    }
    EXPECT_GE(drawings, 8U);
    EXPECT_FALSE(writeDrawing(dock("headMap").view().drawings().front(), "/nowhere/x.png"));
}

TEST_F(Window, ARecordingIsATraceOfTheSameSteps) {
    QTemporaryDir folder;
    bridge::RunSettings settings;
    settings.maxSteps = 50;
    settings.recordTo = folder.filePath("r.kvtrace").toStdString();
    m_window.openFile("x.gguf", settings);
    ASSERT_TRUE(waitFor([&] { return state() == bridge::RunState::Finished; }));
    const auto reader = trace::Reader::open(settings.recordTo);
    ASSERT_TRUE(reader) << reader.error().text();
    EXPECT_EQ(reader->stepCount(), 50U);
}

TEST_F(Window, ChangesThemeWhileItRuns) {
    open("x.gguf");
    ASSERT_TRUE(runs(60));
    applyTheme(Theme::Light);
    QTest::qWait(200);
    const QImage image = dock("timelines").grab().toImage();
    EXPECT_GT(QColor(image.pixel(image.width() / 2, 3)).lightness(), 200);
    applyTheme(Theme::Dark);
}

}  // namespace
}  // namespace kvscope::shell

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) {
        qputenv("QT_QPA_PLATFORM", "offscreen");
    }
    const QApplication application(argc, argv);
    kvscope::shell::applyTheme(kvscope::shell::Theme::Dark);
    return RUN_ALL_TESTS();
}
