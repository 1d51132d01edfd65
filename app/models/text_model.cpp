// SPDX-License-Identifier: Apache-2.0
#include "app/models/text_model.h"

#include <QByteArrayView>
#include <algorithm>

namespace kvscope::models {

bool TextModel::update(const Snapshot& snapshot) {
    const auto news = m_cursor.advance(snapshot);
    if (news.restarted) {
        m_tokens.clear();
        m_evictions.clear();
        m_decoder.resetState();
        m_evicted = 0;
        ++m_revision;
    }
    for (const auto& bundle : news.bundles) {
        read(*bundle);
    }
    return news.restarted || !news.bundles.empty();
}

void TextModel::read(const trace::StepBundle& bundle) {
    for (const auto& token : bundle.tokens) {
        if (token.sequence == 0) {
            const QString text =
                m_decoder.decode(QByteArrayView(token.text.data(), static_cast<qsizetype>(token.text.size())));
            m_tokens.push_back({text, token.position, token.token, token.logProbability, token.generated, false});
        }
    }
    for (const auto& decision : bundle.decisions) {
        if (decision.kind == trace::DecisionKind::Evict && decision.sequence == 0 && decision.rows > 0) {
            m_evictions.push_back({decision.layer, decision.kvHead, decision.positionFirst, decision.positionLast});
            apply(m_evictions.back());
        }
    }
}

void TextModel::apply(const Eviction& eviction) {
    const bool concerns =
        (eviction.layer < 0 || eviction.layer == m_layer) && (eviction.kvHead < 0 || eviction.kvHead == m_kvHead);
    if (!concerns) {
        return;
    }
    auto at = std::ranges::lower_bound(m_tokens, eviction.first, {}, &ShownToken::position);
    for (; at != m_tokens.end() && at->position <= eviction.last; ++at) {
        m_evicted += at->evicted ? 0 : 1;
        at->evicted = true;
    }
}

void TextModel::chooseHead(std::int32_t layer, std::int32_t kvHead) {
    if (layer == m_layer && kvHead == m_kvHead) {
        return;
    }
    m_layer = layer;
    m_kvHead = kvHead;
    m_evicted = 0;
    for (auto& token : m_tokens) {
        token.evicted = false;
    }
    for (const auto& eviction : m_evictions) {
        apply(eviction);
    }
}

}  // namespace kvscope::models
