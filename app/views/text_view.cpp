// SPDX-License-Identifier: Apache-2.0
#include "app/views/text_view.h"

#include <QVBoxLayout>

#include "app/models/format.h"

namespace kvscope::views {

TextView::TextView(ViewContext& context, QWidget* parent) : View(context, parent) {
    m_strip = new TokenStrip(m_model, this);
    m_empty = new QLabel("The text of the run appears here, token by token.", this);
    m_empty->setObjectName("secondary");
    m_empty->setAlignment(Qt::AlignCenter);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 0, 6, 6);
    layout->addWidget(m_strip, 1);
    layout->addWidget(m_empty, 1);
    m_strip->hide();
    connect(m_strip, &TokenStrip::tokenClicked, this, [this](std::uint64_t position) {
        emit factsChanged(QString("position %1").arg(models::formatInteger(position)));
    });
    setAccessibleName("Text");
}

void TextView::onSelection(const models::Selection& selection) {
    m_model.chooseHead(std::max(selection.layer, 0), std::max(selection.kvHead, 0));
    m_stale = true;
}

bool TextView::onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& /*status*/) {
    if (!m_model.update(snapshot) && !m_stale) {
        return false;
    }
    m_stale = false;
    const bool some = !m_model.tokens().empty();
    m_strip->setVisible(some);
    m_empty->setVisible(!some);
    m_strip->refresh();
    const auto& selection = context().selection.current();
    if (some) {
        emit factsChanged(
            QString("fate for L%1 · KV head %2: %3 of %4 evicted (struck through) · generated on a ground")
                .arg(std::max(selection.layer, 0))
                .arg(std::max(selection.kvHead, 0))
                .arg(models::formatInteger(m_model.evicted()), models::formatInteger(m_model.tokens().size())));
    }
    return false;
}

}  // namespace kvscope::views
