// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLabel>
#include <vector>

#include "app/views/view.h"

namespace kvscope::views {

/// The facts of the model and its run.
class ModelView : public View {
    Q_OBJECT
  public:
    explicit ModelView(ViewContext& context, QWidget* parent = nullptr);
    bool onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& status) override;

  protected:
    void resizeEvent(QResizeEvent* event) override;

  private:
    struct Fact {
        QLabel* name = nullptr;
        QLabel* value = nullptr;
        QString shown;       ///< the whole value; the label may elide it
        bool wraps = false;  ///< several lines, broken where they do not fit
    };
    enum Row { Name, Architecture, Native, Shape, Weights, Cache, Mha, Position, Resident, Device, kRows };
    void set(Row row, const QString& value, const QString& tip = {});
    void elide(const Fact& fact);
    void showRun(const trace::RunInfo& run);
    void showStructure(const trace::RunInfo& run);

    std::vector<Fact> m_facts;
    QLabel* m_empty = nullptr;
    std::uint64_t m_generation = 0;
};

}  // namespace kvscope::views
