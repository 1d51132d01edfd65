// SPDX-License-Identifier: Apache-2.0
#include "app/views/table_style.h"

#include <QHeaderView>

#include "app/models/decision_model.h"
#include "app/plots/palette.h"

namespace kvscope::views {

void styleTable(QTableView& table) {
    table.setShowGrid(false);
    table.setFont(plots::numberFont(11.5));
    table.setSelectionBehavior(QAbstractItemView::SelectRows);
    table.setSelectionMode(QAbstractItemView::SingleSelection);
    table.setEditTriggers(QAbstractItemView::NoEditTriggers);
    table.setWordWrap(false);
    table.setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    table.verticalHeader()->hide();
    table.verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    table.verticalHeader()->setDefaultSectionSize(22);
    table.horizontalHeader()->setFont(plots::wordFont(11));
    table.horizontalHeader()->setHighlightSections(false);
    table.horizontalHeader()->setMinimumSectionSize(30);
}

void AxisDelegate::initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const {
    QStyledItemDelegate::initStyleOption(option, index);
    const auto& colours = plots::Colours::current();
    QColor colour = colours.text;
    if (index.data(models::DecisionModel::BreachRole).toBool()) {
        colour = colours.red;
    } else if (index.column() == models::DecisionModel::Axis) {
        const QVariant axis = index.data(models::DecisionModel::AxisRole);
        if (axis.isValid()) {
            colour = colours.axis(static_cast<trace::Axis>(axis.toInt()));
        }
    }
    option->palette.setColor(QPalette::Text, colour);
    option->palette.setColor(QPalette::HighlightedText, colour);
}

}  // namespace kvscope::views
