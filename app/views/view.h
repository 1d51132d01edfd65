// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QSize>
#include <QString>
#include <QWidget>
#include <functional>
#include <span>
#include <vector>

#include "app/bridge/engine_thread.h"
#include "app/models/policy_model.h"
#include "app/models/selection_model.h"
#include "app/models/snapshot.h"
#include "app/settings/settings.h"

class QPainter;

namespace kvscope::views {

/// What every view may use. Lives as long as the window.
struct ViewContext {
    bridge::EngineThread& engine;
    models::SelectionModel& selection;
    models::PolicyModel& policy;
    settings::Settings& settings;
};

/// A drawing that can be exported as PNG or SVG.
struct Drawing {
    QString name;
    QSize size;
    std::function<void(QPainter&, const QRect&)> paint;
};

/// The content of one dock. Views talk to each other through the selection only.
class View : public QWidget {
    Q_OBJECT
  public:
    explicit View(ViewContext& context, QWidget* parent = nullptr) : QWidget(parent), m_context(context) {}
    /// Called at most once a frame, in turn with other views, only while the view is visible. Must stay within a few
    /// milliseconds; returns true when it has more to catch up on.
    virtual bool onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& status) = 0;
    /// True for a view that spreads its work over frames itself; the others take turns.
    [[nodiscard]] virtual bool wantsEveryFrame() const { return false; }
    virtual void onSelection(const models::Selection& selection) { (void)selection; }
    /// What can be exported from this view now.
    [[nodiscard]] virtual std::vector<Drawing> drawings() { return {}; }

  signals:
    /// Secondary facts for the right end of the panel's title.
    void factsChanged(const QString& facts);

  protected:
    [[nodiscard]] ViewContext& context() { return m_context; }

  private:
    ViewContext& m_context;
};

enum class Area { Left, Middle, Right, Bottom };

/// A line of the registry: how a view is named, reached and made.
struct ViewFactory {
    const char* id;  ///< object name of the dock, key of the saved layout
    const char* title;
    const char* shortcut;
    Area area;
    View* (*create)(ViewContext& context);
};
/// All views in the order of reading: left, middle, right, bottom; from the top of each column.
[[nodiscard]] std::span<const ViewFactory> viewFactories();

}  // namespace kvscope::views
