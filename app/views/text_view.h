// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLabel>

#include "app/models/text_model.h"
#include "app/views/token_strip.h"
#include "app/views/view.h"

namespace kvscope::views {

/// The running text, each token shown with its fate for the selected head.
class TextView : public View {
    Q_OBJECT
  public:
    explicit TextView(ViewContext& context, QWidget* parent = nullptr);
    bool onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& status) override;
    void onSelection(const models::Selection& selection) override;

  private:
    models::TextModel m_model;
    TokenStrip* m_strip = nullptr;
    QLabel* m_empty = nullptr;
    bool m_stale = true;
};

}  // namespace kvscope::views
