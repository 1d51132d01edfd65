// SPDX-License-Identifier: Apache-2.0
#include "app/views/traffic_view.h"

#include <QHeaderView>
#include <QVBoxLayout>
#include <algorithm>
#include <array>
#include <utility>

#include "app/models/format.h"
#include "app/plots/palette.h"
#include "app/views/table_style.h"

namespace kvscope::views {

namespace {

constexpr qint64 kIntervalMs = 150;  // numbers that change faster cannot be read

struct CategoryInfo {
    const char* title;
    const char* definition;
    models::Ink ink;
};

const std::array<CategoryInfo, trace::kTrafficCategories>& categories() {
    static constexpr std::array<CategoryInfo, trace::kTrafficCategories> kTable{{
        {"weights", "Weights that the products read, still quantised.", models::Ink::Grey},
        {"KV read", "K and V rows that attention read.", models::Ink::Read},
        {"KV written", "K and V rows that were appended or re-encoded.", models::Ink::Encode},
        {"index", "Page tables, positions, bounds and other bookkeeping.", models::Ink::Share},
        {"activations", "Inputs and outputs between kernels.", models::Ink::Grey},
    }};
    return kTable;
}

QString bytesText(double value) {
    return models::formatQuantity(value, models::Quantity::Bytes);
}

}  // namespace

TrafficView::TrafficView(ViewContext& context, QWidget* parent) : View(context, parent) {
    m_bars = new plots::BarList(this);
    m_bars->setEmptyText("Open a model: the bytes that each token moves appear here.");
    m_bars->setAccessibleName("Traffic by category, bytes per token");
    createTable();
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 2, 12, 8);
    layout->setSpacing(4);
    layout->addWidget(m_bars, 10);
    layout->addWidget(m_table, 10);
    setAccessibleName("Traffic");
}

void TrafficView::createTable() {
    m_kernels = new models::KernelModel(this);
    m_table = new QTableView(this);
    m_table->setModel(m_kernels);
    m_table->setAccessibleName("Traffic by kernel");
    styleTable(*m_table);
    m_table->setMinimumSize(160, 70);
    constexpr std::array<int, models::KernelModel::kColumns> kWidths{120, 44, 76, 76, 70, 58, 58};
    for (int column = 0; column < models::KernelModel::kColumns; ++column) {
        m_table->setColumnWidth(column, kWidths.at(static_cast<std::size_t>(column)));
    }
    m_table->horizontalHeader()->setSectionResizeMode(models::KernelModel::Kernel, QHeaderView::Stretch);
}

void TrafficView::onSelection(const models::Selection& /*selection*/) {
    m_stale = true;
}

void TrafficView::showFigures(const models::TrafficFigures& figures, bool chosen) {
    std::vector<plots::BarList::Bar> bars;
    const auto& colours = plots::Colours::current();
    double total = 0;
    for (std::size_t i = 0; i < trace::kTrafficCategories; ++i) {
        const auto& entry = figures.byCategory.at(i);
        const auto& info = categories().at(i);
        const double moved = entry.read + entry.written;
        total += moved;
        m_top = std::max(m_top, models::niceCeiling(moved, true));
        bars.push_back({QString::fromUtf8(info.title), moved, bytesText(moved),
                        QString("%1\nRead: %2 requested, %3 distinct; written: %4; each per token.\n"
                                "Counted from the addresses the kernels touch; mean of %5 %6.")
                            .arg(QString::fromUtf8(info.definition), bytesText(entry.read), bytesText(entry.unique),
                                 bytesText(entry.written))
                            .arg(figures.steps)
                            .arg(figures.phase == trace::Phase::Decode ? "decode steps" : "prefill steps"),
                        colours.ink(info.ink)});
    }
    m_bars->setBars(std::move(bars), m_top);
    emit factsChanged(QString("%1 per token · %2%3")
                          .arg(bytesText(total), figures.phase == trace::Phase::Decode ? "decode" : "prefill",
                               chosen ? ", one step" : QString(", last %1 steps").arg(figures.steps)));
}

bool TrafficView::onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& /*status*/) {
    if (snapshot.generation != m_generation) {
        m_generation = snapshot.generation;
        m_top = 1;
        m_stale = true;
    }
    const bool news = snapshot.size() != m_shown || m_stale;
    if (!news || snapshot.empty() || (m_age.isValid() && m_age.elapsed() < kIntervalMs && !m_stale)) {
        return false;
    }
    m_age.start();
    m_shown = snapshot.size();
    m_stale = false;
    const auto step = context().selection.current().step;
    const auto figures = models::trafficFigures(snapshot, step);
    if (figures.steps > 0) {
        showFigures(figures, step.has_value());
    }
    m_kernels->show(models::bundleAt(snapshot, step));
    return false;
}

std::vector<Drawing> TrafficView::drawings() {
    return {{"traffic-by-category", {520, 200}, [this](QPainter& painter, const QRect& area) {
                 m_bars->draw(painter, area.adjusted(12, 12, -12, -12));
             }}};
}

}  // namespace kvscope::views
