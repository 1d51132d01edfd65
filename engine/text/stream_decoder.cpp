// SPDX-License-Identifier: Apache-2.0
#include "engine/text/tokenizer.h"
#include "engine/text/utf8.h"

namespace kvscope::text {
namespace {

/// Moves everything that is decided from the front of `pending` to the result: whole characters, and U+FFFD for bytes
/// that cannot become one.
std::string takeDecided(std::string& pending) {
    std::string text;
    std::size_t at = 0;
    while (at < pending.size()) {
        const auto prefix = utf8Prefix(std::string_view(pending).substr(at));
        if (prefix.state == Utf8State::Cut) break;
        text += prefix.state == Utf8State::Whole ? std::string_view(pending).substr(at, prefix.bytes)
                                                 : kReplacementCharacter;
        at += prefix.bytes;
    }
    pending.erase(0, at);
    return text;
}

}  // namespace

std::string StreamDecoder::push(TokenId id) {
    std::string bytes = m_tokenizer->tokenBytes(id, false);
    if (bytes.empty()) return {};
    if (m_first && m_tokenizer->addsSpacePrefix() && bytes.front() == ' ') bytes.erase(0, 1);
    m_first = false;
    m_pending += bytes;
    return takeDecided(m_pending);
}

std::string StreamDecoder::finish() {
    std::string text = takeDecided(m_pending);
    if (!m_pending.empty()) text += kReplacementCharacter;
    m_pending.clear();
    return text;
}

std::string Tokenizer::decode(std::span<const TokenId> ids) const {
    StreamDecoder decoder(*this);
    std::string text;
    for (const TokenId id : ids) text += decoder.push(id);
    return text + decoder.finish();
}

}  // namespace kvscope::text
