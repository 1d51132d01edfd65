// SPDX-License-Identifier: Apache-2.0
#include "engine/text/bpe_tokenizer.h"

#include <algorithm>

#include "engine/gguf/quote.h"
#include "engine/text/byte_alphabet.h"
#include "engine/text/pre_tokenizer_table.h"

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

/// Merges the tokens of one word after the other; keeps its memory between words.
class BpeTokenizer::WordMerger {
  public:
    explicit WordMerger(const BpeTokenizer& tokenizer) : m_tokenizer(tokenizer) {}

    void appendTokens(std::string_view word, std::vector<TokenId>& out) {
        m_symbols.clear();
        m_candidates.clear();
        for (const char byte : word) {
            const auto index = static_cast<std::int32_t>(m_symbols.size());
            m_symbols.push_back({m_tokenizer.m_byteTokens[static_cast<unsigned char>(byte)], index - 1, index + 1});
        }
        m_symbols.back().next = kEnd;
        for (std::int32_t i = 0; i + 1 < static_cast<std::int32_t>(m_symbols.size()); ++i) propose(i);
        while (!m_candidates.empty()) {
            std::ranges::pop_heap(m_candidates, later);
            const Candidate candidate = m_candidates.back();
            m_candidates.pop_back();
            join(candidate);
        }
        for (std::int32_t i = 0; i != kEnd; i = at(i).next) {
            if (at(i).id != kNoToken) out.push_back(at(i).id);
        }
    }

  private:
    static constexpr std::int32_t kEnd = -1;
    struct Symbol {
        TokenId id;
        std::int32_t previous;
        std::int32_t next;  ///< kEnd for the last one, and for a symbol that was joined to its left neighbour
    };
    struct Candidate {
        std::uint32_t rank;
        std::int32_t left;
        std::int32_t right;
        TokenId leftId;
        TokenId rightId;
        TokenId result;
    };
    static bool later(const Candidate& a, const Candidate& b) {
        return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
    }
    Symbol& at(std::int32_t index) { return m_symbols[static_cast<std::size_t>(index)]; }

    /// Enters the pair of symbol `left` and its right neighbour.
    void propose(std::int32_t left) {
        const std::int32_t right = at(left).next;
        if (right == kEnd || at(left).id == kNoToken || at(right).id == kNoToken) return;
        const auto* merge = m_tokenizer.m_merges.find(at(left).id, at(right).id);
        if (merge == nullptr) return;
        m_candidates.push_back({merge->rank, left, right, at(left).id, at(right).id, merge->result});
        std::ranges::push_heap(m_candidates, later);
    }

    void join(const Candidate& candidate) {
        Symbol& left = at(candidate.left);
        Symbol& right = at(candidate.right);
        const bool current =
            left.next == candidate.right && left.id == candidate.leftId && right.id == candidate.rightId;
        if (!current) return;
        left.id = candidate.result;
        left.next = right.next;
        if (right.next != kEnd) at(right.next).previous = candidate.left;
        right = {kNoToken, kEnd, kEnd};
        if (left.previous != kEnd) propose(left.previous);
        propose(candidate.left);
    }

    const BpeTokenizer& m_tokenizer;
    std::vector<Symbol> m_symbols;
    std::vector<Candidate> m_candidates;  ///< a heap, earliest merge in front
};

Result<std::unique_ptr<Tokenizer>> BpeTokenizer::make(const gguf::File& file) {
    std::vector<std::string> warnings;
    const auto rule = chooseRule(file, warnings);
    if (!rule) return forward(rule);
    auto vocabulary = Vocabulary::load(file, {.addBos = (*rule)->addsBos});
    if (!vocabulary) return forward(vocabulary);
    vocabulary->warnings.insert(vocabulary->warnings.begin(), warnings.begin(), warnings.end());
    auto merges = MergeTable::load(file, *vocabulary);
    if (!merges) return forward(merges);
    const auto name = firstName(**rule);
    auto words = PreTokenizer::compile(std::string(name), (*rule)->stages);
    if (!words) return forward(words);
    warnOfMissingBytes(*vocabulary);
    return std::unique_ptr<Tokenizer>(
        new BpeTokenizer({std::move(*vocabulary), std::move(*merges), std::move(*words), name, (*rule)->wholeWords}));
}

BpeTokenizer::BpeTokenizer(Parts parts)
    : VocabularyTokenizer(std::move(parts.vocabulary)),
      m_merges(std::move(parts.merges)),
      m_words(std::move(parts.words)),
      m_preTokenizerName(parts.wordsName),
      m_wholeWords(parts.wholeWords) {
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
    WordMerger merger(*this);
    std::string scratch;
    for (const auto word : words) {
        if (const TokenId id = wholeWord(word, scratch); id != kNoToken) {
            out.push_back(id);
        } else {
            merger.appendTokens(word, out);
        }
    }
    return {};
}

std::string BpeTokenizer::plainBytes(TokenId id) const {
    return bytesOfCharacters(vocabulary().text(id));
}

}  // namespace kvscope::text
