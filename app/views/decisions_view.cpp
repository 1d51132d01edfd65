// SPDX-License-Identifier: Apache-2.0
#include "app/views/decisions_view.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QScrollBar>
#include <QVBoxLayout>
#include <array>
#include <utility>

#include "app/models/format.h"
#include "app/plots/palette.h"
#include "app/views/table_style.h"

namespace kvscope::views {

using models::DecisionModel;

DecisionsView::DecisionsView(ViewContext& context, QWidget* parent) : View(context, parent) {
    m_model = new DecisionModel(this);
    createTable();
    m_empty = new QLabel(
        "No decision yet. A policy that shares, encodes or evicts (for example keep=sinks(4)+window(256))\n"
        "lists here what it does.",
        this);
    m_empty->setObjectName("secondary");
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 0, 12, 8);
    layout->setSpacing(4);
    layout->addLayout(createFilter());
    layout->addWidget(m_table, 1);
    layout->addWidget(m_empty, 1);
    m_table->hide();
    setAccessibleName("Decision log");
}

void DecisionsView::createTable() {
    m_table = new QTableView(this);
    m_table->setModel(m_model);
    m_table->setItemDelegate(new AxisDelegate(m_table));
    m_table->setAccessibleName("Decisions");
    styleTable(*m_table);
    auto* header = m_table->horizontalHeader();
    header->setSortIndicator(DecisionModel::Step, Qt::DescendingOrder);
    m_table->setSortingEnabled(true);
    constexpr std::array<int, DecisionModel::kColumns> kWidths{56, 60, 56, 200, 52, 66, 58, 70};
    for (int column = 0; column < DecisionModel::kColumns; ++column) {
        m_table->setColumnWidth(column, kWidths.at(static_cast<std::size_t>(column)));
    }
    m_table->setMinimumHeight(90);
    header->setSectionResizeMode(DecisionModel::Text, QHeaderView::Stretch);
    connect(m_table, &QTableView::clicked, this, [this](const QModelIndex& index) { selectRow(index, false); });
    connect(m_table, &QTableView::activated, this, [this](const QModelIndex& index) { selectRow(index, true); });
    connect(m_model, &QAbstractItemModel::rowsInserted, this,
            [this](const QModelIndex&, int first, int last) { keepPlace(first, last); });
}

QLayout* DecisionsView::createFilter() {
    m_text = new QLineEdit(this);
    m_text->setPlaceholderText("filter");
    m_text->setClearButtonEnabled(true);
    m_text->setAccessibleName("Filter of decisions");
    m_text->setToolTip("Lists decisions whose text, method or place contains this.");
    m_axis = new QComboBox(this);
    m_axis->setAccessibleName("Axis of decisions");
    m_axis->addItem("all axes", -1);
    for (const auto axis : {trace::Axis::Share, trace::Axis::Encode, trace::Axis::Keep, trace::Axis::Read}) {
        m_axis->addItem(trace::name(axis), static_cast<int>(axis));
    }
    m_selectedOnly = new QCheckBox("selected head only", this);
    m_selectedOnly->setToolTip("Lists what concerns the layer and KV head selected in the map.");
    connect(m_text, &QLineEdit::textChanged, this, &DecisionsView::applyFilter);
    connect(m_axis, &QComboBox::currentIndexChanged, this, &DecisionsView::applyFilter);
    connect(m_selectedOnly, &QCheckBox::toggled, this, &DecisionsView::applyFilter);
    auto* row = new QHBoxLayout;
    row->addWidget(m_text, 1);
    row->addWidget(m_axis);
    row->addWidget(m_selectedOnly);
    return row;
}

void DecisionsView::applyFilter() {
    models::DecisionFilter filter;
    filter.text = m_text->text();
    if (m_axis->currentData().toInt() >= 0) {
        filter.axis = static_cast<trace::Axis>(m_axis->currentData().toInt());
    }
    if (m_selectedOnly->isChecked()) {
        filter.layer = context().selection.current().layer;
        filter.kvHead = context().selection.current().kvHead;
    }
    m_model->setFilter(filter);
}

void DecisionsView::onSelection(const models::Selection& /*selection*/) {
    if (m_selectedOnly->isChecked()) {
        applyFilter();
    }
}

void DecisionsView::selectRow(const QModelIndex& index, bool withStep) {
    models::Selection selection = context().selection.current();
    const auto& decision = m_model->decision(index.row());
    if (decision.layer >= 0) {
        selection.layer = decision.layer;
        selection.kvHead = std::max(decision.kvHead, 0);
        selection.queryHead.reset();
    }
    if (withStep) {
        selection.step = m_model->step(index.row());
    }
    context().selection.select(selection);
}

// New rows enter on top; a list that was scrolled keeps showing the rows it shows.
void DecisionsView::keepPlace(int first, int last) {
    auto* bar = m_table->verticalScrollBar();
    if (first == 0 && bar->value() > 0) {
        bar->setValue(bar->value() + last - first + 1);
    }
}

bool DecisionsView::onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& /*status*/) {
    const auto before = std::pair(m_model->total(), m_model->rowCount());
    const bool more = m_model->update(snapshot);
    if (before != std::pair(m_model->total(), m_model->rowCount())) {
        const auto listed = static_cast<std::uint64_t>(m_model->rowCount());
        emit factsChanged(listed == m_model->total()
                              ? models::formatInteger(m_model->total())
                              : models::formatInteger(listed) + " of " + models::formatInteger(m_model->total()));
        for (const auto column : {DecisionModel::Score, DecisionModel::Predicted, DecisionModel::Verified}) {
            m_table->setColumnHidden(column, !m_model->isKnown(column));
        }
        m_table->setVisible(m_model->total() > 0);
        m_empty->setVisible(m_model->total() == 0);
    }
    return more;
}

}  // namespace kvscope::views
