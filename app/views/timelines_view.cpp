// SPDX-License-Identifier: Apache-2.0
#include "app/views/timelines_view.h"

#include <QPainter>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "app/models/format.h"
#include "app/plots/timeline_plot.h"

namespace kvscope::views {

namespace {

constexpr std::size_t kPlotsAFrame = 1;  // every plot is at most six frames old

// The end of the x axis: grows by steps, never by jitter.
double axisEnd(double position) {
    double end = 256;
    while (end < position) {
        end *= end >= 1024 ? 1.25 : 2;
    }
    return std::ceil(end / 64) * 64;
}

}  // namespace

TimelinesView::TimelinesView(ViewContext& context, QWidget* parent) : View(context, parent) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 0, 12, 6);
    layout->setSpacing(2);
    for (std::size_t i = 0; i < models::kPanels; ++i) {
        const bool last = i + 1 == models::kPanels;
        m_plots[i] = new plots::TimelinePlot(m_model, static_cast<models::Panel>(i), last, this);
        layout->addWidget(m_plots[i], last ? 14 : 10);
        connectPlot(m_plots[i]);
        m_plots[i]->refresh(m_from, m_to);
    }
    setAccessibleName("Timelines");
}

void TimelinesView::connectPlot(plots::TimelinePlot* plot) {
    using plots::TimelinePlot;
    connect(plot, &TimelinePlot::hovered, this, [this](double position) {
        for (auto* other : m_plots) {
            other->setCursor(position);
        }
    });
    connect(plot, &TimelinePlot::clicked, this, &TimelinesView::selectPosition);
    connect(plot, &TimelinePlot::zoomRequested, this, &TimelinesView::zoom);
    connect(plot, &TimelinePlot::panRequested, this, [this](double delta) {
        m_following = false;
        setRange(m_from + delta, m_to + delta);
    });
    connect(plot, &TimelinePlot::resetRequested, this, &TimelinesView::follow);
}

bool TimelinesView::onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& /*status*/) {
    if (m_model.update(snapshot)) {
        m_stale.fill(true);
        if (m_following) {
            m_from = 0;
            m_to = axisEnd(m_model.position());
        }
        emit factsChanged(
            QString("position %1").arg(models::formatInteger(static_cast<std::uint64_t>(m_model.position()))));
    }
    refreshSome();
    return std::ranges::any_of(m_stale, [](bool stale) { return stale; });
}

void TimelinesView::refreshSome() {
    std::size_t done = 0;
    for (std::size_t i = 0; i < models::kPanels && done < kPlotsAFrame; ++i) {
        const std::size_t plot = (m_next + i) % models::kPanels;
        if (m_stale[plot]) {
            m_plots[plot]->refresh(m_from, m_to);
            m_stale[plot] = false;
            ++done;
            m_next = plot + 1;
        }
    }
}

void TimelinesView::setRange(double from, double to) {
    m_from = from;
    m_to = to;
    for (auto* plot : m_plots) {
        plot->refresh(from, to);
    }
}

void TimelinesView::zoom(double position, double factor) {
    const double width = std::clamp((m_to - m_from) * factor, 16.0, 1e9);
    const double share = (position - m_from) / (m_to - m_from);
    m_following = false;
    const double from = std::max(0.0, position - share * width);
    setRange(from, from + width);
}

void TimelinesView::follow() {
    m_following = true;
    setRange(0, axisEnd(m_model.position()));
}

void TimelinesView::selectPosition(double position) {
    if (position >= m_model.position()) {
        context().selection.selectStep({});
        return;
    }
    context().selection.selectStep(m_model.stepAt(position));
}

std::vector<Drawing> TimelinesView::drawings() {
    std::vector<Drawing> all;
    Drawing whole{"timelines", {size().expandedTo({900, 800})}, {}};
    whole.paint = [this](QPainter& painter, const QRect& area) {
        const int height = area.height() / static_cast<int>(models::kPanels);
        for (std::size_t i = 0; i < models::kPanels; ++i) {
            m_plots[i]->render(painter,
                               QRect(area.left(), area.top() + static_cast<int>(i) * height, area.width(), height));
        }
    };
    all.push_back(std::move(whole));
    for (auto* plot : m_plots) {
        const QString name = QString("timeline-") + models::panels().at(static_cast<std::size_t>(plot->panel())).title;
        all.push_back({QString(name).replace(' ', '-'), {900, 260}, [plot](QPainter& painter, const QRect& area) {
                           plot->render(painter, area);
                       }});
    }
    return all;
}

double TimelinesView::newestDrawn() const {
    double newest = 0;
    for (const auto* plot : m_plots) {
        newest = std::max(newest, plot->newestDrawn());
    }
    return newest;
}

}  // namespace kvscope::views
