// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"

namespace kvscope::text {

using TokenId = std::int32_t;

/// What encode() adds and recognises.
struct EncodeOptions {
    bool addSpecial = true;     ///< BOS / EOS around the whole, as the file asks
    bool parseSpecial = false;  ///< control tokens written in the text become single ids
};

/// Turns text into token ids and back, as the file's tokenizer metadata says. Immutable; shared by threads.
/// Algorithms: architectures.md 17.
class Tokenizer {
  public:
    virtual ~Tokenizer() = default;

    [[nodiscard]] virtual Result<std::vector<TokenId>> encode(std::string_view utf8, EncodeOptions options) const = 0;
    /// The bytes that a token stands for: may be a part of a UTF-8 character; empty for control tokens unless asked.
    [[nodiscard]] virtual std::string tokenBytes(TokenId id, bool showControl) const = 0;

    [[nodiscard]] virtual std::size_t vocabularySize() const = 0;
    [[nodiscard]] virtual std::optional<TokenId> bos() const = 0;
    [[nodiscard]] virtual bool addsBos() const = 0;
    [[nodiscard]] virtual std::optional<TokenId> eos() const { return std::nullopt; }
    /// Tokens that are never to be sampled (tokenizer.ggml.suppress_tokens); each is < vocabularySize().
    [[nodiscard]] virtual std::span<const TokenId> suppressedTokens() const { return {}; }
    /// Ends generation: eos, eot, eom and tokens whose text is a known end marker.
    [[nodiscard]] virtual bool isEndOfGeneration(TokenId id) const = 0;
    /// The name in tokenizer.ggml.model, and the pre-tokenizer's name where there is one.
    [[nodiscard]] virtual std::string_view kind() const = 0;
    [[nodiscard]] virtual std::string_view preTokenizer() const = 0;
    /// Sentences for the user: an unknown pre-tokenizer that fell back to another, for example.
    [[nodiscard]] virtual std::span<const std::string> warnings() const = 0;

    /// encode() puts a space before a text and after special tokens (SPM); a leading space of a decoded text is its
    /// own.
    [[nodiscard]] virtual bool addsSpacePrefix() const { return false; }

    /// The reference takes spaces before punctuation and contractions out of decoded texts (see cleanSpaces()).
    [[nodiscard]] virtual bool cleansSpaces() const { return false; }

    /// All tokens as one text (a leading space that the tokenizer itself added is taken off). Valid UTF-8: bytes that
    /// are none become U+FFFD.
    [[nodiscard]] std::string decode(std::span<const TokenId> ids) const;
};

/// `text` without the space before "?", "!", ".", ",", "'s", "'m", "'re" and "'ve", and without those around a lone
/// apostrophe. llama.cpp does this to whole texts where cleansSpaces(); decode() and StreamDecoder do not, since tokens
/// and text would no longer agree.
[[nodiscard]] std::string cleanSpaces(std::string_view text);

/// Builds the tokenizer that the file describes; errors name file and key.
[[nodiscard]] Result<std::unique_ptr<Tokenizer>> makeTokenizer(const gguf::File& file);

/// Where the tokens of a stream begin: at the start of a text, whose added leading space is taken off, or behind tokens
/// that were decoded or shown before (what a model generates after a prompt), where a leading space is part of the
/// text.
enum class StreamStart { Text, Continuation };

/// Joins token bytes to text without ever handing out half a UTF-8 character. One per stream.
class StreamDecoder {
  public:
    explicit StreamDecoder(const Tokenizer& tokenizer, StreamStart start = StreamStart::Text)
        : m_tokenizer(&tokenizer), m_first(start == StreamStart::Text) {}
    /// The text that became complete with this token (may be empty). Bytes that cannot become a character are U+FFFD.
    std::string push(TokenId id);
    /// What is left, invalid bytes replaced by U+FFFD.
    std::string finish();

  private:
    const Tokenizer* m_tokenizer;
    std::string m_pending;
    bool m_first;
};

}  // namespace kvscope::text
