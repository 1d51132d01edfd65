// SPDX-License-Identifier: Apache-2.0
#include "app/views/head_map_view.h"

#include <QHBoxLayout>
#include <QVBoxLayout>
#include <cmath>
#include <utility>

#include "app/models/format.h"
#include "app/plots/palette.h"

namespace kvscope::views {

using models::metricInfo;
using models::metricInfos;
using trace::HeadMetric;

HeadMapView::HeadMapView(ViewContext& context, QWidget* parent) : View(context, parent) {
    m_map = new plots::HeadMap(this);
    m_map->setEmptyText("Open a model: the map shows every layer and head as it runs.");
    m_sentence = new QLabel(this);
    m_sentence->setFont(plots::wordFont(12));
    m_sentence->setMinimumHeight(18);
    m_sentence->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_sentence->setAccessibleName("Selected head");
    createMetrics();
    auto* top = new QHBoxLayout;
    auto* label = new QLabel("metric", this);
    label->setObjectName("secondary");
    label->setBuddy(m_metric);
    top->addWidget(label);
    top->addWidget(m_metric);
    top->addStretch(1);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 0, 12, 8);
    layout->setSpacing(4);
    layout->addLayout(top);
    layout->addWidget(m_map, 1);
    layout->addWidget(m_sentence);
    connect(m_map, &plots::HeadMap::cellClicked, this, [this](std::uint32_t layer, std::uint32_t queryHead) {
        this->context().selection.selectHead(static_cast<std::int32_t>(layer),
                                             static_cast<std::int32_t>(queryHead / m_map->grid().group()),
                                             static_cast<std::int32_t>(queryHead));
    });
    onSelection(context.selection.current());
    setAccessibleName("Layer by head");
}

void HeadMapView::createMetrics() {
    m_metric = new QComboBox(this);
    m_metric->setAccessibleName("Metric of the map");
    for (const auto& info : metricInfos()) {
        m_metric->addItem(QString::fromUtf8(info.title), static_cast<int>(info.metric));
        m_metric->setItemData(m_metric->count() - 1, QString::fromUtf8(info.definition), Qt::ToolTipRole);
    }
    m_metric->setCurrentIndex(static_cast<int>(HeadMetric::ErrorRelL2));
    connect(m_metric, &QComboBox::currentIndexChanged, this, [this](int index) {
        m_stale = true;
        m_metric->setToolTip(QString::fromUtf8(metricInfos().at(static_cast<std::size_t>(index)).definition));
    });
    m_metric->setToolTip(QString::fromUtf8(metricInfo(HeadMetric::ErrorRelL2).definition));
}

void HeadMapView::setMetric(HeadMetric metric) {
    m_metric->setCurrentIndex(static_cast<int>(metric));
}

QString HeadMapView::emptyText(const models::Snapshot& snapshot) const {
    if (snapshot.empty()) {
        return "Open a model: the map shows every layer and head as it runs.";
    }
    const auto metric = static_cast<HeadMetric>(m_metric->currentIndex());
    if (!trace::isPerKvHead(metric)) {
        return "Not measured yet: this metric needs the error probe (Prompt… → error probe every n steps).";
    }
    return "Not measured yet: shown from the next step on.";
}

bool HeadMapView::onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& /*status*/) {
    const bool news = m_model.update(snapshot);
    if (!news && !m_stale) {
        return false;
    }
    m_stale = false;
    const auto metric = static_cast<HeadMetric>(m_metric->currentIndex());
    auto grid = m_model.grid(snapshot, metric, context().selection.current().step);
    if (grid.values.empty()) {
        m_map->setEmptyText(emptyText(snapshot));
        emit factsChanged({});
    } else {
        emit factsChanged(QString("step %1 · position %2")
                              .arg(models::formatInteger(grid.step), models::formatInteger(grid.position)));
    }
    m_map->setGrid(std::move(grid));
    refreshSentence(snapshot);
    return false;
}

void HeadMapView::onSelection(const models::Selection& selection) {
    m_stale = true;
    if (selection.layer < 0 || selection.kvHead < 0) {
        m_map->setSelected({});
        return;
    }
    const auto group = static_cast<std::int32_t>(m_map->grid().group());
    const std::int32_t queryHead = selection.queryHead.value_or(selection.kvHead * group);
    m_map->setSelected(
        plots::HeadCell{static_cast<std::uint32_t>(selection.layer), static_cast<std::uint32_t>(queryHead)});
}

void HeadMapView::refreshSentence(const models::Snapshot& snapshot) {
    const auto& selection = context().selection.current();
    if (selection.layer < 0 || snapshot.empty()) {
        m_sentence->clear();
        return;
    }
    const auto layer = static_cast<std::uint32_t>(selection.layer);
    const auto group = static_cast<std::int32_t>(m_map->grid().group());
    const auto queryHead = static_cast<std::uint32_t>(selection.queryHead.value_or(selection.kvHead * group));
    QString text = QString("L%1 · q%2 → KV head %3").arg(layer).arg(queryHead).arg(selection.kvHead);
    const auto add = [&](HeadMetric metric, const QString& name) {
        const auto grid = m_model.grid(snapshot, metric, selection.step);
        const double value = grid.at(layer, queryHead);
        if (!std::isnan(value)) {
            text += "   " + name + " " + plots::HeadMap::valueText(grid, value);
        }
    };
    add(HeadMetric::ResidentRows, "holds");
    add(HeadMetric::ErrorRelL2, "error");
    add(HeadMetric::MassRecall, "recall");
    add(HeadMetric::KvReadBytes, "reads");
    m_sentence->setText(text);
}

std::vector<Drawing> HeadMapView::drawings() {
    return {{"layer-head-map", {900, 560}, [this](QPainter& painter, const QRect& area) {
                 m_map->draw(painter, area.adjusted(12, 12, -12, -12));
             }}};
}

}  // namespace kvscope::views
