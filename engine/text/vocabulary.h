// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/text/tokenizer.h"

namespace kvscope::text {

/// Kinds of tokens as numbered in tokenizer.ggml.token_type (architectures.md 17.1).
enum class TokenType : std::uint8_t { Undefined = 0, Normal, Unknown, Control, UserDefined, Unused, Byte };

inline constexpr TokenId kNoToken = -1;

/// What a tokenizer kind sets where the file is silent (architectures.md 17.2).
struct VocabularyDefaults {
    bool addBos = false;
    bool addEos = false;
    TokenId bos = kNoToken;
    TokenId eos = kNoToken;
    TokenId unknown = kNoToken;
    TokenId separator = kNoToken;
    bool addSeparator = false;  ///< behind the text, before EOS
    bool forceBos = false;      ///< BOS is added even where the file says that it is not
};

/// The tokens of a file and their special roles. Every id in here is a token: 0 <= id < size().
class Vocabulary {
  public:
    /// Reads and checks the tokenizer.ggml keys that all kinds share. Errors name file, key and value.
    static Result<Vocabulary> load(const gguf::File& file, const VocabularyDefaults& defaults);

    Vocabulary(Vocabulary&&) noexcept = default;
    Vocabulary& operator=(Vocabulary&&) noexcept = default;
    Vocabulary(const Vocabulary&) = delete;
    Vocabulary& operator=(const Vocabulary&) = delete;
    ~Vocabulary() = default;

    [[nodiscard]] std::size_t size() const { return m_texts.size(); }
    [[nodiscard]] bool contains(TokenId id) const { return id >= 0 && static_cast<std::size_t>(id) < m_texts.size(); }
    /// Text and type of a token of the vocabulary.
    [[nodiscard]] std::string_view text(TokenId id) const { return m_texts[static_cast<std::size_t>(id)]; }
    [[nodiscard]] TokenType type(TokenId id) const { return m_types[static_cast<std::size_t>(id)]; }
    /// The token with this text, or kNoToken.
    [[nodiscard]] TokenId find(std::string_view text) const;
    /// Bytes of the longest token text.
    [[nodiscard]] std::size_t longestText() const { return m_longestText; }

    /// kNoToken where there is none.
    [[nodiscard]] TokenId bos() const { return m_bos; }
    [[nodiscard]] TokenId eos() const { return m_eos; }
    [[nodiscard]] TokenId unknown() const { return m_unknown; }
    [[nodiscard]] TokenId separator() const { return m_separator; }
    [[nodiscard]] bool addsBos() const { return m_addBos; }
    [[nodiscard]] bool addsEos() const { return m_addEos; }
    [[nodiscard]] bool addsSeparator() const { return m_addSeparator; }
    /// White space around a special token in a text belongs to it.
    [[nodiscard]] bool stripsLeft(TokenId id) const { return m_stripsLeft[static_cast<std::size_t>(id)]; }
    [[nodiscard]] bool stripsRight(TokenId id) const { return m_stripsRight[static_cast<std::size_t>(id)]; }
    /// Tokens that are never to be produced (tokenizer.ggml.suppress_tokens), as the file lists them.
    [[nodiscard]] std::span<const TokenId> suppressed() const { return m_suppressed; }
    [[nodiscard]] bool endsGeneration(TokenId id) const {
        return contains(id) && m_endsGeneration[static_cast<std::size_t>(id)];
    }

    /// Sentences for the user, gathered while loading; a tokenizer adds its own.
    std::vector<std::string> warnings;

  private:
    Vocabulary() = default;
    Result<void> loadTexts(const gguf::File& file);
    Result<void> loadTypes(const gguf::File& file);
    Result<void> loadSpecialIds(const gguf::File& file, const VocabularyDefaults& defaults);
    Result<void> loadAdded(const gguf::File& file, const VocabularyDefaults& defaults);
    Result<void> loadSuppressed(const gguf::File& file);
    Result<void> loadStripping(const gguf::File& file);
    Result<TokenId> readId(const gguf::File& file, std::string_view key, TokenId fallback) const;

    // Roles that follow from a token's text (vocabulary_roles.cpp).
    Result<void> markFillTokens(const gguf::File& file);
    void markEndMarkers();
    void applyExceptions();
    void makeControl(TokenId id);
    void setType(std::string_view text, TokenType type);

    std::vector<std::string> m_texts;
    std::unordered_map<std::string_view, TokenId> m_ids;  ///< keys point into m_texts
    std::vector<TokenType> m_types;
    std::vector<bool> m_endsGeneration;
    std::vector<bool> m_stripsLeft;
    std::vector<bool> m_stripsRight;
    std::vector<TokenId> m_suppressed;
    std::size_t m_longestText = 0;
    TokenId m_bos = kNoToken;
    TokenId m_eos = kNoToken;
    TokenId m_unknown = kNoToken;
    TokenId m_separator = kNoToken;
    bool m_addBos = false;
    bool m_addEos = false;
    bool m_addSeparator = false;
};

}  // namespace kvscope::text
