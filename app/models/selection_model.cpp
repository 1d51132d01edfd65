// SPDX-License-Identifier: Apache-2.0
#include "app/models/selection_model.h"

namespace kvscope::models {

void SelectionModel::select(const Selection& selection) {
    if (selection == m_current) {
        return;
    }
    m_undo.push_back(m_current);
    if (m_undo.size() > kDepth) {
        m_undo.erase(m_undo.begin());
    }
    m_redo.clear();
    m_current = selection;
    emit changed(m_current);
}

void SelectionModel::selectHead(std::int32_t layer, std::int32_t kvHead, std::optional<std::int32_t> queryHead) {
    Selection next = m_current;
    next.layer = layer;
    next.kvHead = kvHead;
    next.queryHead = queryHead;
    select(next);
}

void SelectionModel::selectStep(std::optional<std::uint64_t> step) {
    Selection next = m_current;
    next.step = step;
    select(next);
}

void SelectionModel::startRun(std::uint64_t run) {
    m_undo.clear();
    m_redo.clear();
    m_current.run = run;
    m_current.step.reset();
    emit changed(m_current);
}

void SelectionModel::undo() {
    if (m_undo.empty()) {
        return;
    }
    m_redo.push_back(m_current);
    m_current = m_undo.back();
    m_undo.pop_back();
    emit changed(m_current);
}

void SelectionModel::redo() {
    if (m_redo.empty()) {
        return;
    }
    m_undo.push_back(m_current);
    m_current = m_redo.back();
    m_redo.pop_back();
    emit changed(m_current);
}

}  // namespace kvscope::models
