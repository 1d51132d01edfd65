// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <cstdint>
#include <optional>
#include <vector>

namespace kvscope::models {

/// What the user looks at; links all views.
struct Selection {
    std::uint64_t run = 0;  ///< generation of the run
    std::uint32_t sequence = 0;
    std::int32_t layer = -1;   ///< -1 = none
    std::int32_t kvHead = -1;  ///< -1 = none
    std::optional<std::int32_t> queryHead;
    std::optional<std::uint64_t> step;  ///< none = the newest
    bool operator==(const Selection&) const = default;
};

/// The one selection of the window, with undo. Owned by the main window; views talk through it, never to each other.
class SelectionModel : public QObject {
    Q_OBJECT
  public:
    explicit SelectionModel(QObject* parent = nullptr) : QObject(parent) {}
    [[nodiscard]] const Selection& current() const { return m_current; }
    [[nodiscard]] bool canUndo() const { return !m_undo.empty(); }
    [[nodiscard]] bool canRedo() const { return !m_redo.empty(); }
    /// Selects a layer and KV head, and a query head of its group when given.
    void selectHead(std::int32_t layer, std::int32_t kvHead, std::optional<std::int32_t> queryHead = {});
    void selectStep(std::optional<std::uint64_t> step);
    void select(const Selection& selection);
    /// Another run began: the heads stay selected, step and undo history go.
    void startRun(std::uint64_t run);
    void undo();
    void redo();

  signals:
    void changed(const kvscope::models::Selection& selection);

  private:
    static constexpr std::size_t kDepth = 200;
    Selection m_current;
    std::vector<Selection> m_undo;
    std::vector<Selection> m_redo;
};

}  // namespace kvscope::models
