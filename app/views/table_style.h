// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStyledItemDelegate>
#include <QTableView>

namespace kvscope::views {

/// Gives a table the look of the window: no grid, no row headers, compact rows, numbers in a monospaced face.
void styleTable(QTableView& table);

/// Writes an axis in its colour and a breach in red, by the roles of the decision model.
class AxisDelegate : public QStyledItemDelegate {
    Q_OBJECT
  public:
    using QStyledItemDelegate::QStyledItemDelegate;

  protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override;
};

}  // namespace kvscope::views
