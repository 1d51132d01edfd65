// SPDX-License-Identifier: Apache-2.0
#include "app/views/head_map_view.h"

#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QVBoxLayout>
#include <cmath>
#include <utility>

#include "app/models/format.h"
#include "app/models/layer_words.h"
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
    m_sentence->setMinimumHeight(34);  // two lines, so that nothing moves
    m_sentence->setWordWrap(true);
    m_sentence->setAlignment(Qt::AlignLeft | Qt::AlignTop);
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
                                             static_cast<std::int32_t>(m_model.structure().kvHeadOf(layer, queryHead)),
                                             static_cast<std::int32_t>(queryHead));
    });
    onSelection(context.selection.current());
    setAccessibleName("Layer by head");
}

void HeadMapView::createMetrics() {
    m_metric = new QComboBox(this);
    m_metric->setAccessibleName("Metric of the map");
    m_metric->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    connect(m_metric, &QComboBox::currentIndexChanged, this, [this] { metricChosen(); });
    connect(m_metric, &QComboBox::activated, this, [this] { m_wanted = metric(); });
    offerMetrics();
}

HeadMetric HeadMapView::metric() const {
    return static_cast<HeadMetric>(m_metric->currentData().toInt());
}

void HeadMapView::metricChosen() {
    m_stale = true;
    if (m_metric->count() > 0) {
        m_metric->setToolTip(QString::fromUtf8(metricInfo(metric()).definition));
    }
}

// Metrics of rows that the run's layers do not have are not offered.
void HeadMapView::offerMetrics() {
    QList<int> offered;
    for (const auto& info : metricInfos()) {
        if (m_model.offers(info.metric)) {
            offered.append(static_cast<int>(info.metric));
        }
    }
    const int count = m_metric->count();
    bool same = count == offered.size();
    for (int i = 0; same && i < count; ++i) {
        same = m_metric->itemData(i).toInt() == offered[i];
    }
    if (!same) {
        const QSignalBlocker block(m_metric);
        m_metric->clear();
        for (const int metric : offered) {
            const auto& info = metricInfo(static_cast<HeadMetric>(metric));
            m_metric->addItem(QString::fromUtf8(info.title), metric);
            m_metric->setItemData(m_metric->count() - 1, QString::fromUtf8(info.definition), Qt::ToolTipRole);
        }
    }
    const int wanted = m_metric->findData(static_cast<int>(m_wanted));
    m_metric->setCurrentIndex(wanted >= 0 ? wanted : m_metric->findData(static_cast<int>(HeadMetric::ResidentRows)));
    metricChosen();
}

void HeadMapView::setMetric(HeadMetric metric) {
    m_wanted = metric;
    offerMetrics();
}

QString HeadMapView::emptyText(const models::Snapshot& snapshot) const {
    if (snapshot.empty()) {
        return snapshot.history == nullptr ? "Open a model: the map shows every layer and head as it runs."
                                           : "The run has begun: the map fills with its first step.";
    }
    if (!trace::isPerKvHead(metric())) {
        return "Not measured yet: this metric needs the error probe (Prompt… → error probe every n steps).";
    }
    return "Not measured yet: shown from the next step on.";
}

bool HeadMapView::onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& /*status*/) {
    const bool news = m_model.update(snapshot);
    if (!news && !m_stale) {
        return false;
    }
    if (snapshot.generation != m_generation) {
        m_generation = snapshot.generation;
        onSelection(context().selection.current());
    }
    offerMetrics();
    m_stale = false;
    auto grid = m_model.grid(snapshot, metric(), context().selection.current().step);
    if (grid.values.empty()) {
        m_map->setEmptyText(emptyText(snapshot));
        emit factsChanged({});
    } else {
        const QString missing =
            m_wanted == metric() ? QString() : QString("no %1 here · ").arg(metricInfo(m_wanted).title);
        emit factsChanged(missing + QString("step %1 · position %2")
                                        .arg(models::formatInteger(grid.step), models::formatInteger(grid.position)));
    }
    m_map->setGrid(std::move(grid));
    refreshSentence(snapshot);
    return false;
}

// The selected query head, or the first of the selected KV head.
std::uint32_t HeadMapView::queryHeadOf(const models::Selection& selection) const {
    const auto layer = static_cast<std::uint32_t>(selection.layer);
    const auto group = static_cast<std::int32_t>(m_model.structure().group(layer));
    return static_cast<std::uint32_t>(selection.queryHead.value_or(selection.kvHead * group));
}

void HeadMapView::onSelection(const models::Selection& selection) {
    m_stale = true;
    if (selection.layer < 0 || selection.kvHead < 0) {
        m_map->setSelected({});
        return;
    }
    m_map->setSelected(plots::HeadCell{static_cast<std::uint32_t>(selection.layer), queryHeadOf(selection)});
}

void HeadMapView::refreshSentence(const models::Snapshot& snapshot) {
    const auto& selection = context().selection.current();
    if (selection.layer < 0 || snapshot.empty() ||
        static_cast<std::uint32_t>(selection.layer) >= snapshot.history->run().nLayers) {
        m_sentence->clear();
        m_sentence->setToolTip({});
        return;
    }
    const auto layer = static_cast<std::uint32_t>(selection.layer);
    const auto queryHead = queryHeadOf(selection);
    const auto& structure = m_model.structure();
    QString text =
        QString("L%1 · q%2 → KV head %3").arg(layer).arg(queryHead).arg(structure.kvHeadOf(layer, queryHead));
    if (structure.known()) {
        text += " · native " + models::layerLabel(structure, layer);
        m_sentence->setToolTip("Native: " + models::layerSentence(structure, layer));
    } else {
        m_sentence->setToolTip({});
    }
    const auto add = [&](HeadMetric metric, const QString& name) {
        const auto grid = m_model.grid(snapshot, metric, selection.step);
        const double value = grid.at(layer, queryHead);
        if (!std::isnan(value)) {
            text += "  " + name + QChar(QChar::Nbsp) + plots::HeadMap::valueText(grid, value);
        }
    };
    add(HeadMetric::ResidentRows, "holds");
    add(HeadMetric::CompressedRows, "compressed");
    add(HeadMetric::SelectedRows, "selected");
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
