// SPDX-License-Identifier: Apache-2.0
// How long the window's thread is busy between two pulls, and how old what it shows is, over 2,000 live steps.
#include <gtest/gtest.h>
#include <time.h>

#include <QElapsedTimer>
#include <QTest>
#include <deque>
#include <iostream>
#include <utility>

#include "app/shell/frame_meter.h"
#include "app/shell/main_window.h"
#include "app/shell/theme.h"
#include "app/views/timelines_view.h"
#include "tests/gui/support/synthetic_backend.h"

namespace kvscope::shell {
namespace {

using namespace std::chrono_literals;

double threadCpuMs() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

TEST(Frames, StayWithinTheirBudgetOverTwoThousandLiveSteps) {
    settings::Settings settings(settings::Settings::Store::Memory);
    settings.set(settings::Key::Speed, 0);
    bridge::EngineThread engine([] {
        trace::SyntheticOptions options;
        options.steps = 2000;
        options.nLayers = 6;
        options.budget = 260;
        return std::make_unique<test::SyntheticBackend>(options, 4ms);
    });
    MainWindow window(engine, settings);
    window.resize(1600, 1000);
    window.show();
    auto* application = dynamic_cast<MeasuredApplication*>(QCoreApplication::instance());
    ASSERT_NE(application, nullptr);
    window.measureFrames([application] { return application->takeBusyMs(); });
    views::TimelinesView* timelines = nullptr;
    for (auto* dock : window.docks()) {
        if (auto* view = qobject_cast<views::TimelinesView*>(&dock->view())) {
            timelines = view;
        }
    }
    ASSERT_NE(timelines, nullptr);
    FrameMeter cpu;
    double last = threadCpuMs();
    QElapsedTimer clock;
    clock.start();
    std::deque<std::pair<qint64, double>> arrived;  // (when it was pulled, its position)
    std::size_t frames = 0;
    std::size_t late = 0;
    QObject::connect(&window.pump(), &SnapshotPump::pulled, &window, [&] {
        cpu.add(threadCpuMs() - std::exchange(last, threadCpuMs()));
        if (const auto* newest = window.pump().snapshot().newest()) {
            arrived.emplace_back(clock.elapsed(), static_cast<double>(newest->step.position));
        }
        double old = 0;  // the position that was known 100 ms ago
        while (!arrived.empty() && arrived.front().first + 100 < clock.elapsed()) {
            old = arrived.front().second;
            arrived.pop_front();
        }
        ++frames;
        late += timelines->newestDrawn() < old ? 1 : 0;
    });
    window.openFile("x.gguf");
    ASSERT_TRUE(QTest::qWaitFor([&] { return window.pump().snapshot().size() == 2000; }, 120000));
    const double wall = window.frames().quantile(0.99);
    std::cout << "frames " << frames << ", p99 " << wall << " ms wall, " << cpu.quantile(0.99) << " ms of CPU, median "
              << window.frames().quantile(0.5) << " ms wall, " << cpu.quantile(0.5)
              << " ms of CPU; later than 100 ms: " << late << "\n";
    testing::Test::RecordProperty("frame_p99_ms", std::to_string(wall));
    // The machine may be busy with other things; what the thread itself computes in a frame must fit.
    EXPECT_LE(cpu.quantile(0.99), 16);
    EXPECT_LE(static_cast<double>(late), 0.01 * static_cast<double>(frames));
    EXPECT_EQ(window.pump().snapshot().dropped, 0U);
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
