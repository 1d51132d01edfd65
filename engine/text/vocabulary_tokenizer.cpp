// SPDX-License-Identifier: Apache-2.0
#include "engine/text/vocabulary_tokenizer.h"

namespace kvscope::text {

VocabularyTokenizer::VocabularyTokenizer(Vocabulary vocabulary)
    : m_vocabulary(std::move(vocabulary)), m_special(m_vocabulary) {}

Result<std::vector<TokenId>> VocabularyTokenizer::encode(std::string_view utf8, EncodeOptions options) const {
    if (utf8.size() > kMaxTextBytes) {
        return fail(ErrorKind::BadUsage, "text", "the text has {} bytes; at most {} can be encoded at once",
                    utf8.size(), kMaxTextBytes);
    }
    std::vector<TokenId> ids;
    if (options.addSpecial && m_vocabulary.addsBos()) ids.push_back(m_vocabulary.bos());
    bool startsText = true;
    for (const Fragment& fragment : m_special.split(utf8, options.parseSpecial)) {
        if (fragment.id != kNoToken) {
            ids.push_back(fragment.id);
            startsText = true;
            continue;
        }
        if (auto done = encodePlain(fragment.text, startsText, ids); !done) return forward(done);
        startsText = false;
    }
    if (options.addSpecial && m_vocabulary.addsSeparator()) ids.push_back(m_vocabulary.separator());
    if (options.addSpecial && m_vocabulary.addsEos()) ids.push_back(m_vocabulary.eos());
    return ids;
}

std::string VocabularyTokenizer::tokenBytes(TokenId id, bool showControl) const {
    if (!m_vocabulary.contains(id)) return {};
    switch (m_vocabulary.type(id)) {
        case TokenType::Control:
        case TokenType::Unknown:
            return showControl ? std::string(m_vocabulary.text(id)) : std::string();
        case TokenType::UserDefined:
            return std::string(m_vocabulary.text(id));
        case TokenType::Undefined:
        case TokenType::Normal:
        case TokenType::Unused:
        case TokenType::Byte:
            break;
    }
    return plainBytes(id);
}

std::optional<TokenId> VocabularyTokenizer::bos() const {
    return m_vocabulary.bos() == kNoToken ? std::nullopt : std::optional(m_vocabulary.bos());
}

std::optional<TokenId> VocabularyTokenizer::eos() const {
    return m_vocabulary.eos() == kNoToken ? std::nullopt : std::optional(m_vocabulary.eos());
}

}  // namespace kvscope::text
