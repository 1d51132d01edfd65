// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLabel>
#include <QVBoxLayout>

#include "app/views/member_control.h"
#include "app/views/view.h"

namespace kvscope::views {

/// The four axes as controls, made from the registry and in step with the policy line both ways.
class PolicyView : public View {
    Q_OBJECT
  public:
    explicit PolicyView(ViewContext& context, QWidget* parent = nullptr);
    bool onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& status) override;

  private:
    QVBoxLayout* addAxis(QVBoxLayout* column, trace::Axis axis, const QString& title);
    MemberControl* add(QVBoxLayout* axis, cache::Place place, MemberControl::Mode mode, const QString& title,
                       const QString& none = {});
    void createAxes(QVBoxLayout* column);
    void showNative(const models::Snapshot& snapshot);
    void readModel();
    void writeModel();
    [[nodiscard]] QString nature();

    MemberControl* m_share = nullptr;
    MemberControl* m_keyTransforms = nullptr;
    MemberControl* m_keyType = nullptr;
    MemberControl* m_valueTransforms = nullptr;
    MemberControl* m_valueType = nullptr;
    MemberControl* m_protectors = nullptr;
    MemberControl* m_scorer = nullptr;
    MemberControl* m_budget = nullptr;
    MemberControl* m_schedule = nullptr;
    MemberControl* m_fate = nullptr;
    MemberControl* m_read = nullptr;
    QLabel* m_problem = nullptr;
    QLabel* m_saving = nullptr;
    QLabel* m_nativeShare = nullptr;  ///< null when the axis has methods to choose from
    QLabel* m_nativeRead = nullptr;
    std::uint64_t m_generation = 0;
    bool m_reading = false;
};

}  // namespace kvscope::views
