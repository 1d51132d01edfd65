// SPDX-License-Identifier: Apache-2.0
#include "engine/text/bpe_tokenizer.h"

#include "engine/gguf/quote.h"
#include "engine/text/bpe_merger.h"
#include "engine/text/byte_alphabet.h"
#include "engine/text/gemma_tokenizer.h"

namespace kvscope::text {
namespace {

constexpr std::string_view kPreTokenizerKey = "tokenizer.ggml.pre";

/// The rule that the file names; `default` and a warning when it names none or an unknown one.
Result<const PreTokenizerRule*> chooseRule(const gguf::File& file, std::vector<std::string>& warnings) {
    const auto name = file.readString(kPreTokenizerKey);
    if (!name) return forward(name);
    if (const auto* rule = *name ? findPreTokenizerRule(**name) : nullptr) return rule;
    warnings.push_back(*name
                           ? fmt::format("The pre-tokenizer \"{}\" is not known; \"default\" is used, so that some "
                                         "words may be cut into other tokens than the model was trained on.",
                                         gguf::quoteName(**name))
                           : fmt::format("The file does not name its pre-tokenizer ({}); \"default\" is used, so that "
                                         "some words may be cut into other tokens than the model was trained on.",
                                         kPreTokenizerKey));
    return findPreTokenizerRule("default");
}

/// Some published vocabularies lack bytes that their training text did not have. Those that no UTF-8 text has do not
/// matter.
void warnOfMissingBytes(Vocabulary& vocabulary) {
    constexpr unsigned kNamed = 8;
    unsigned missing = 0;
    std::string names;
    for (unsigned byte = 0; byte < 256; ++byte) {
        const bool inUtf8 = byte != 0xC0 && byte != 0xC1 && byte < 0xF5;
        if (!inUtf8 || vocabulary.find(byteCharacter(static_cast<unsigned char>(byte))) != kNoToken) continue;
        if (++missing <= kNamed) names += fmt::format("{}0x{:02X}", missing > 1 ? " " : "", byte);
    }
    if (missing == 0) return;
    vocabulary.warnings.push_back(fmt::format("{} bytes have no token and are left out when text is encoded: {}{}.",
                                              missing, names, missing > kNamed ? " ..." : ""));
}

std::string_view firstName(const PreTokenizerRule& rule) {
    return rule.names.substr(0, rule.names.find(' '));
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> BpeTokenizer::make(const gguf::File& file) {
    std::vector<std::string> warnings;
    const auto rule = chooseRule(file, warnings);
    if (!rule) return forward(rule);
    if (firstName(**rule) == "gemma4") return GemmaTokenizer::make(file);
    auto vocabulary = Vocabulary::load(file, {.addBos = (*rule)->addsBos});
    if (!vocabulary) return forward(vocabulary);
    vocabulary->warnings.insert(vocabulary->warnings.begin(), warnings.begin(), warnings.end());
    auto merges = MergeTable::load(file, *vocabulary);
    if (!merges) return forward(merges);
    auto words = PreTokenizer::compile(std::string(firstName(**rule)), (*rule)->stages);
    if (!words) return forward(words);
    warnOfMissingBytes(*vocabulary);
    return std::unique_ptr<Tokenizer>(
        new BpeTokenizer({std::move(*vocabulary), std::move(*merges), std::move(*words), *rule}));
}

BpeTokenizer::BpeTokenizer(Parts parts)
    : VocabularyTokenizer(std::move(parts.vocabulary)),
      m_merges(std::move(parts.merges)),
      m_words(std::move(parts.words)),
      m_preTokenizerName(firstName(*parts.rule)),
      m_wholeWords(parts.rule->wholeWords),
      m_cleansSpaces(parts.rule->cleansSpaces) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        m_byteTokens[byte] = vocabulary().find(byteCharacter(static_cast<unsigned char>(byte)));
    }
}

TokenId BpeTokenizer::wholeWord(std::string_view word, std::string& scratch) const {
    if (!m_wholeWords || word.size() > vocabulary().longestText()) return kNoToken;
    scratch.clear();
    appendByteCharacters(word, scratch);
    return vocabulary().find(scratch);
}

Result<void> BpeTokenizer::encodePlain(std::string_view text, bool /*startsText*/, std::vector<TokenId>& out) const {
    std::vector<std::string_view> words;
    if (auto done = m_words.split(text, words); !done) return done;
    BpeMerger merger(m_merges);
    std::string scratch;
    for (const auto word : words) {
        if (const TokenId id = wholeWord(word, scratch); id != kNoToken) {
            out.push_back(id);
            continue;
        }
        merger.clear();
        for (std::size_t i = 0; i < word.size(); ++i) {
            merger.add(m_byteTokens[static_cast<unsigned char>(word[i])], word.substr(i, 1));
        }
        merger.merge();
        merger.forEach([&out](const BpeMerger::Symbol& symbol) {
            if (symbol.id != kNoToken) out.push_back(symbol.id);
        });
    }
    return {};
}

std::string BpeTokenizer::plainBytes(TokenId id) const {
    return bytesOfCharacters(vocabulary().text(id));
}

}  // namespace kvscope::text
