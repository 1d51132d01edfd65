// SPDX-License-Identifier: Apache-2.0
#include "engine/text/vocabulary.h"

#include <algorithm>
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
constexpr std::string_view kSeparatorKey = "tokenizer.ggml.seperator_token_id";  // spelled so in files
constexpr std::string_view kSuppressKey = "tokenizer.ggml.suppress_tokens";
constexpr std::string_view kAddSeparatorKey = "tokenizer.ggml.add_sep_token";
constexpr std::string_view kAddBosKey = "tokenizer.ggml.add_bos_token";
constexpr std::string_view kAddEosKey = "tokenizer.ggml.add_eos_token";

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
    if (auto done = vocabulary.loadSuppressed(file); !done) return forward(done);
    if (auto done = vocabulary.loadStripping(file); !done) return forward(done);
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
    for (const Role& role :
         {Role{kBosKey, m_bos, defaults.bos}, Role{kEosKey, m_eos, defaults.eos},
          Role{kUnknownKey, m_unknown, defaults.unknown}, Role{kEotKey, endOfTurn, kNoToken},
          Role{kEomKey, endOfMessage, kNoToken}, Role{kSeparatorKey, m_separator, defaults.separator}}) {
        const auto id = readId(file, role.key, role.fallback);
        if (!id) return forward(id);
        role.id = *id;
    }
    m_endsGeneration.assign(m_texts.size(), false);
    for (const TokenId id : {m_eos, endOfTurn, endOfMessage}) {
        if (id != kNoToken) m_endsGeneration[static_cast<std::size_t>(id)] = true;
    }
    if (auto done = markFillTokens(file); !done) return done;
    markEndMarkers();
    applyExceptions();
    return {};
}

Result<void> Vocabulary::loadSuppressed(const gguf::File& file) {
    const auto ids = file.readIntArray(kSuppressKey);
    if (!ids) return forward(ids);
    if (!*ids) return {};
    std::size_t outside = 0;
    for (const std::int64_t id : **ids) {
        if (id < 0 || static_cast<std::uint64_t>(id) >= m_texts.size()) {
            ++outside;
        } else {
            m_suppressed.push_back(static_cast<TokenId>(id));
        }
    }
    if (outside > 0) {
        warnings.push_back(fmt::format("{} of the {} ids in {} are outside the vocabulary and are ignored.", outside,
                                       (*ids)->size(), kSuppressKey));
    }
    return {};
}

Result<void> Vocabulary::loadAdded(const gguf::File& file, const VocabularyDefaults& defaults) {
    struct Added {
        std::string_view key;
        std::string_view idKey;
        bool fallback;
        TokenId id;
        bool& added;
    };
    for (const Added& entry :
         {Added{kAddBosKey, kBosKey, defaults.addBos, m_bos, m_addBos},
          Added{kAddEosKey, kEosKey, defaults.addEos, m_eos, m_addEos},
          Added{kAddSeparatorKey, kSeparatorKey, defaults.addSeparator, m_separator, m_addSeparator}}) {
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
    if (defaults.forceBos && !m_addBos && m_bos != kNoToken) {
        m_addBos = true;
        warnings.push_back(
            fmt::format("{} is false in the file, but this tokenizer always begins a text with its "
                        "BOS token; it is added.",
                        kAddBosKey));
    }
    return {};
}

}  // namespace kvscope::text
