// SPDX-License-Identifier: Apache-2.0
#include "engine/text/wpm_tokenizer.h"

#include <array>

#include "engine/text/piece_text.h"
#include "engine/text/unicode.h"
#include "engine/text/unicode_tables.h"
#include "engine/text/utf8.h"

namespace kvscope::text {
namespace {

constexpr std::string_view kLowerCaseKey = "tokenizer.ggml.normalizer.lowercase";
constexpr std::string_view kStripAccentsKey = "tokenizer.ggml.normalizer.strip_accents";
constexpr VocabularyDefaults kDefaults{
    .addBos = true, .bos = 101, .unknown = 100, .separator = 102, .addSeparator = true};
constexpr char32_t kReplacement = 0xFFFD;

/// The CJK ideographs that BERT sets apart.
constexpr std::array kIdeographs{
    CodeRange{0x4E00, 0x9FFF},   CodeRange{0x3400, 0x4DBF},   CodeRange{0x20000, 0x2A6DF}, CodeRange{0x2A700, 0x2B73F},
    CodeRange{0x2B740, 0x2B81F}, CodeRange{0x2B920, 0x2CEAF}, CodeRange{0xF900, 0xFAFF},   CodeRange{0x2F800, 0x2FA1F},
};

bool isIdeograph(char32_t character) {
    for (const CodeRange& range : kIdeographs) {
        if (character >= range.first && character <= range.last) return true;
    }
    return false;
}

bool isAsciiSymbol(char32_t character) {
    return character > 0x20 && character < 0x7F && std::string_view("$+<=>^`|~").contains(static_cast<char>(character));
}

bool isLineSpace(char32_t character) {
    return character == U'\t' || character == U'\n' || character == U'\r';
}

PrefixTree treeOf(const Vocabulary& vocabulary) {
    std::vector<std::pair<std::string, TokenId>> entries;
    for (TokenId id = 0; vocabulary.contains(id); ++id) entries.emplace_back(vocabulary.text(id), id);
    return PrefixTree(std::move(entries));
}

/// Takes the first character off `text`; U+FFFD for bytes that are none.
char32_t takeCharacter(std::string_view& text) {
    const auto prefix = utf8Prefix(text);
    const auto bytes = text.substr(0, prefix.bytes);
    text.remove_prefix(prefix.bytes);
    return prefix.state == Utf8State::Whole ? utf8CodePoint(bytes) : kReplacement;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> WpmTokenizer::make(const gguf::File& file) {
    auto vocabulary = Vocabulary::load(file, kDefaults);
    if (!vocabulary) return forward(vocabulary);
    const auto lowerCase = file.readBool(kLowerCaseKey);
    if (!lowerCase) return forward(lowerCase);
    const auto stripAccents = file.readBool(kStripAccentsKey);
    if (!stripAccents) return forward(stripAccents);
    const bool lowers = lowerCase->value_or(true);
    return std::unique_ptr<Tokenizer>(
        new WpmTokenizer(std::move(*vocabulary), {lowers, stripAccents->value_or(lowers)}));
}

WpmTokenizer::WpmTokenizer(Vocabulary loaded, Options options)
    : VocabularyTokenizer(std::move(loaded)), m_options(options), m_tree(treeOf(vocabulary())) {}

void WpmTokenizer::appendNormalised(char32_t character, std::u32string& out) const {
    std::u32string bases;
    if (m_options.stripAccents) {
        appendWithoutMarks(character, bases);
    } else {
        bases += character;
    }
    if (!m_options.lowerCase) {
        out += bases;
        return;
    }
    for (const char32_t base : bases) appendLowerCase(base, out);
}

/// A word that the tokens do not cover whole is one unknown token.
void WpmTokenizer::appendWord(std::string_view word, std::vector<TokenId>& out) const {
    const std::size_t before = out.size();
    while (!word.empty()) {
        const auto match = m_tree.longest(word);
        if (match.id == kNoToken) {
            out.resize(before);
            if (vocabulary().unknown() != kNoToken) out.push_back(vocabulary().unknown());
            return;
        }
        out.push_back(match.id);
        word.remove_prefix(match.bytes);
    }
}

Result<void> WpmTokenizer::encodePlain(std::string_view text, bool /*startsText*/, std::vector<TokenId>& out) const {
    std::string word(kSpaceMark);
    const auto finishWord = [&] {
        if (word.size() > kSpaceMark.size()) appendWord(word, out);
        word = kSpaceMark;
    };
    std::u32string characters;
    while (!text.empty()) {
        const char32_t raw = takeCharacter(text);
        const bool isSpace = isLineSpace(raw) || (isWhiteSpace(raw) && !isOther(raw));
        if (isSpace) finishWord();
        if (isSpace || raw == 0 || raw == kReplacement || isOther(raw)) continue;
        characters.clear();
        appendNormalised(raw, characters);
        for (const char32_t character : characters) {
            const bool alone = isPunctuation(character) || isAsciiSymbol(character) || isIdeograph(raw);
            if (alone) finishWord();
            appendUtf8(character, word);
            if (alone) finishWord();
        }
    }
    finishWord();
    return {};
}

std::string WpmTokenizer::plainBytes(TokenId id) const {
    return withSpaces(vocabulary().text(id));
}

}  // namespace kvscope::text
