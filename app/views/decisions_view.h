// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QTableView>

#include "app/models/decision_model.h"
#include "app/views/view.h"

namespace kvscope::views {

/// The decision log: what the policy shared, merged, evicted, compressed or switched, where, when and why. Click a row:
/// the selection moves to its head; double-click: to its step too.
class DecisionsView : public View {
    Q_OBJECT
  public:
    explicit DecisionsView(ViewContext& context, QWidget* parent = nullptr);
    bool onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& status) override;
    void onSelection(const models::Selection& selection) override;
    [[nodiscard]] models::DecisionModel& model() { return *m_model; }

  private:
    QLayout* createFilter();
    void createTable();
    void applyFilter();
    void selectRow(const QModelIndex& index, bool withStep);
    void keepPlace(int insertedFirst, int insertedLast);

    models::DecisionModel* m_model = nullptr;
    QTableView* m_table = nullptr;
    QLabel* m_empty = nullptr;
    QLineEdit* m_text = nullptr;
    QComboBox* m_axis = nullptr;
    QCheckBox* m_selectedOnly = nullptr;
};

}  // namespace kvscope::views
