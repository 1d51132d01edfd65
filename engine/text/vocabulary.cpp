// SPDX-License-Identifier: Apache-2.0
#include "engine/text/vocabulary.h"

#include <algorithm>
#include <array>
#include <limits>

#include "engine/gguf/quote.h"

namespace kvscope::text {
namespace {

constexpr std::string_view kTokensKey = "tokenizer.ggml.tokens";
constexpr std::string_view kTypesKey = "tokenizer.ggml.token_type";
constexpr std::string_view kBosKey = "tokenizer.ggml.bos_token_id";
constexpr std::string_view kEosKey = "tokenizer.ggml.eos_token_id";
constexpr std::string_view kUnknownKey = "tokenizer.ggml.unknown_token_id";
constexpr std::string_view kEotKey = "tokenizer.ggml.eot_token_id";
constexpr std::string_view kEomKey = "tokenizer.ggml.eom_token_id";
constexpr std::string_view kAddBosKey = "tokenizer.ggml.add_bos_token";
constexpr std::string_view kAddEosKey = "tokenizer.ggml.add_eos_token";

/// Token texts that end a generation wherever they occur: end of turn, message or text in the models of the field.
constexpr std::array<std::string_view, 17> kEndMarkers{
    "<|eot_id|>",
    "<|eom_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<end_of_utterance>",
    "<turn|>",
    "</s>",
    "<eos>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<\xEF\xBD\x9C"
    "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>",
};

TokenType typeOfNumber(std::int64_t number) {
    return number >= 0 && number <= 6 ? static_cast<TokenType>(number) : TokenType::Undefined;
}

}  // namespace

Result<Vocabulary> Vocabulary::load(const gguf::File& file, const VocabularyDefaults& defaults) {
    Vocabulary vocabulary;
    if (auto done = vocabulary.loadTexts(file); !done) return forward(done);
    if (auto done = vocabulary.loadTypes(file); !done) return forward(done);
    if (auto done = vocabulary.loadSpecialIds(file, defaults); !done) return forward(done);
    if (auto done = vocabulary.loadAdded(file, defaults); !done) return forward(done);
    return vocabulary;
}

TokenId Vocabulary::find(std::string_view text) const {
    const auto found = m_ids.find(text);
    return found == m_ids.end() ? kNoToken : found->second;
}

Result<void> Vocabulary::loadTexts(const gguf::File& file) {
    auto texts = file.readStringArray(kTokensKey);
    if (!texts) return forward(texts);
    if (!*texts)
        return fail(ErrorKind::BadFile, file.whereKey(kTokensKey), "the key is missing; the file has no tokens");
    m_texts = std::move(**texts);
    if (m_texts.empty()) return fail(ErrorKind::BadFile, file.whereKey(kTokensKey), "the vocabulary is empty");
    if (m_texts.size() > static_cast<std::size_t>(std::numeric_limits<TokenId>::max())) {
        return fail(ErrorKind::BadFile, file.whereKey(kTokensKey), "there are {} tokens, more than 2^31 - 1",
                    m_texts.size());
    }
    m_ids.reserve(m_texts.size());
    for (std::size_t i = 0; i < m_texts.size(); ++i) {
        if (m_texts[i].empty()) continue;  // a placeholder that no text can mean
        const auto [entry, isNew] = m_ids.emplace(m_texts[i], static_cast<TokenId>(i));
        if (!isNew) {
            return fail(ErrorKind::BadFile, file.whereKey(kTokensKey), "tokens {} and {} are both \"{}\"",
                        entry->second, i, gguf::quoteName(m_texts[i]));
        }
        m_longestText = std::max(m_longestText, m_texts[i].size());
    }
    return {};
}

Result<void> Vocabulary::loadTypes(const gguf::File& file) {
    m_types.assign(m_texts.size(), TokenType::Normal);
    const auto numbers = file.readIntArray(kTypesKey);
    if (!numbers) return forward(numbers);
    if (!*numbers) return {};
    if ((*numbers)->size() != m_texts.size()) {
        return fail(ErrorKind::BadFile, file.whereKey(kTypesKey), "there are {} types for {} tokens",
                    (*numbers)->size(), m_texts.size());
    }
    std::ranges::transform(**numbers, m_types.begin(), typeOfNumber);
    return {};
}

Result<TokenId> Vocabulary::readId(const gguf::File& file, std::string_view key, TokenId fallback) const {
    const auto id = file.readUint(key);
    if (!id) return forward(id);
    if (!*id) return contains(fallback) ? fallback : kNoToken;
    if (**id >= m_texts.size()) {
        return fail(ErrorKind::BadFile, file.whereKey(key), "the id is {}, but the vocabulary has {} tokens", **id,
                    m_texts.size());
    }
    return static_cast<TokenId>(**id);
}

Result<void> Vocabulary::loadSpecialIds(const gguf::File& file, const VocabularyDefaults& defaults) {
    TokenId endOfTurn = kNoToken;
    TokenId endOfMessage = kNoToken;
    struct Role {
        std::string_view key;
        TokenId& id;
        TokenId fallback;
    };
    for (const Role& role : {Role{kBosKey, m_bos, defaults.bos}, Role{kEosKey, m_eos, defaults.eos},
                             Role{kUnknownKey, m_unknown, defaults.unknown}, Role{kEotKey, endOfTurn, kNoToken},
                             Role{kEomKey, endOfMessage, kNoToken}}) {
        const auto id = readId(file, role.key, role.fallback);
        if (!id) return forward(id);
        role.id = *id;
    }
    m_endsGeneration.assign(m_texts.size(), false);
    for (const TokenId id : {m_eos, endOfTurn, endOfMessage}) {
        if (id != kNoToken) m_endsGeneration[static_cast<std::size_t>(id)] = true;
    }
    markEndMarkers();
    return {};
}

/// An end marker is a control token whatever the file calls it, as in llama.cpp: otherwise it would be shown, and text
/// of a user could end a turn.
void Vocabulary::markEndMarkers() {
    for (const auto marker : kEndMarkers) {
        const TokenId id = find(marker);
        if (id == kNoToken) continue;
        const auto index = static_cast<std::size_t>(id);
        m_endsGeneration[index] = true;
        if (m_types[index] == TokenType::Control) continue;
        m_types[index] = TokenType::Control;
        warnings.push_back(
            fmt::format("Token {} \"{}\" ends a generation but is not marked as a control token in the "
                        "file; it is treated as one.",
                        id, gguf::quoteName(marker)));
    }
}

Result<void> Vocabulary::loadAdded(const gguf::File& file, const VocabularyDefaults& defaults) {
    struct Added {
        std::string_view key;
        std::string_view idKey;
        bool fallback;
        TokenId id;
        bool& added;
    };
    for (const Added& entry : {Added{kAddBosKey, kBosKey, defaults.addBos, m_bos, m_addBos},
                               Added{kAddEosKey, kEosKey, defaults.addEos, m_eos, m_addEos}}) {
        const auto asked = file.readBool(entry.key);
        if (!asked) return forward(asked);
        entry.added = asked->value_or(entry.fallback);
        if (!entry.added || entry.id != kNoToken) continue;
        if (asked->has_value()) {
            return fail(ErrorKind::BadFile, file.whereKey(entry.key), "the value is true, but {} is missing",
                        entry.idKey);
        }
        entry.added = false;
        warnings.push_back(fmt::format("The file has no {}; no such token is added to texts.", entry.idKey));
    }
    return {};
}

}  // namespace kvscope::text
