// SPDX-License-Identifier: Apache-2.0
#include "engine/text/spm_tokenizer.h"

#include <algorithm>

#include "engine/text/piece_text.h"
#include "engine/text/utf8.h"

namespace kvscope::text {
namespace {

constexpr std::string_view kScoresKey = "tokenizer.ggml.scores";
constexpr std::string_view kSpacePrefixKey = "tokenizer.ggml.add_space_prefix";
constexpr VocabularyDefaults kDefaults{.addBos = true, .addEos = false, .bos = 1, .eos = 2, .unknown = 0};

Result<std::vector<float>> loadScores(const gguf::File& file, Vocabulary& vocabulary) {
    auto scores = file.readFloatArray(kScoresKey);
    if (!scores) return forward(scores);
    if (!*scores) {
        vocabulary.warnings.push_back(fmt::format("The file has no {}; texts are joined from the left.", kScoresKey));
        return std::vector<float>(vocabulary.size(), 0.0F);
    }
    if ((*scores)->size() != vocabulary.size()) {
        return fail(ErrorKind::BadFile, file.whereKey(kScoresKey), "there are {} scores for {} tokens",
                    (*scores)->size(), vocabulary.size());
    }
    return std::move(**scores);
}

}  // namespace

/// Joins the symbols of one text.
class SpmTokenizer::Merger {
  public:
    Merger(const SpmTokenizer& tokenizer, std::string_view text) : m_tokenizer(tokenizer), m_text(text) {
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t bytes = utf8Prefix(text.substr(begin)).bytes;
            const auto index = static_cast<std::int32_t>(m_symbols.size());
            m_symbols.push_back({begin, bytes, index - 1, index + 1});
            begin += bytes;
        }
        m_symbols.back().next = kEnd;
    }

    void appendTokens(std::vector<TokenId>& out) {
        for (std::int32_t i = 0; i + 1 < static_cast<std::int32_t>(m_symbols.size()); ++i) propose(i);
        while (!m_candidates.empty()) {
            std::ranges::pop_heap(m_candidates, worse);
            const Candidate candidate = m_candidates.back();
            m_candidates.pop_back();
            join(candidate);
        }
        for (std::int32_t i = 0; i != kEnd; i = at(i).next) {
            const auto symbol = m_text.substr(at(i).begin, at(i).bytes);
            if (const TokenId id = m_tokenizer.vocabulary().find(symbol); id != kNoToken) {
                out.push_back(id);
            } else {
                m_tokenizer.appendBytes(symbol, out);
            }
        }
    }

  private:
    static constexpr std::int32_t kEnd = -1;
    struct Symbol {
        std::size_t begin;
        std::size_t bytes;  ///< 0 for a symbol that was joined to its left neighbour
        std::int32_t previous;
        std::int32_t next;
    };
    struct Candidate {
        float score;
        std::int32_t left;
        std::int32_t right;
        std::size_t bytes;  ///< of both; another sum later means that one of them has changed
    };
    static bool worse(const Candidate& a, const Candidate& b) {
        return a.score != b.score ? a.score < b.score : a.left > b.left;
    }
    Symbol& at(std::int32_t index) { return m_symbols[static_cast<std::size_t>(index)]; }

    /// Enters the pair of symbol `left` and its right neighbour.
    void propose(std::int32_t left) {
        const std::int32_t right = at(left).next;
        if (right == kEnd) return;
        const std::size_t bytes = at(left).bytes + at(right).bytes;
        if (bytes > m_tokenizer.vocabulary().longestText()) return;
        const TokenId id = m_tokenizer.vocabulary().find(m_text.substr(at(left).begin, bytes));
        if (id == kNoToken) return;
        m_candidates.push_back({m_tokenizer.score(id), left, right, bytes});
        std::ranges::push_heap(m_candidates, worse);
    }

    void join(const Candidate& candidate) {
        Symbol& left = at(candidate.left);
        Symbol& right = at(candidate.right);
        if (left.bytes == 0 || right.bytes == 0 || left.bytes + right.bytes != candidate.bytes) return;
        left.bytes = candidate.bytes;
        left.next = right.next;
        right.bytes = 0;
        if (left.next != kEnd) at(left.next).previous = candidate.left;
        if (left.previous != kEnd) propose(left.previous);
        propose(candidate.left);
    }

    const SpmTokenizer& m_tokenizer;
    std::string_view m_text;
    std::vector<Symbol> m_symbols;
    std::vector<Candidate> m_candidates;  ///< a heap, best pair in front
};

Result<std::unique_ptr<Tokenizer>> SpmTokenizer::make(const gguf::File& file) {
    auto vocabulary = Vocabulary::load(file, kDefaults);
    if (!vocabulary) return forward(vocabulary);
    auto scores = loadScores(file, *vocabulary);
    if (!scores) return forward(scores);
    const auto addSpacePrefix = file.readBool(kSpacePrefixKey);
    if (!addSpacePrefix) return forward(addSpacePrefix);
    return std::unique_ptr<Tokenizer>(
        new SpmTokenizer(std::move(*vocabulary), std::move(*scores), addSpacePrefix->value_or(true)));
}

SpmTokenizer::SpmTokenizer(Vocabulary loaded, std::vector<float> scores, bool addSpacePrefix)
    : VocabularyTokenizer(std::move(loaded)), m_scores(std::move(scores)), m_addSpacePrefix(addSpacePrefix) {
    m_byteTokens = byteTokens(vocabulary());
    for (unsigned byte = 0; byte < 256; ++byte) {
        const char plain = static_cast<char>(byte);
        if (m_byteTokens[byte] == kNoToken) m_byteTokens[byte] = vocabulary().find({&plain, 1});
    }
}

Result<void> SpmTokenizer::encodePlain(std::string_view text, bool startsText, std::vector<TokenId>& out) const {
    std::string marked;
    marked.reserve(text.size() + text.size() / 2);
    if (startsText && m_addSpacePrefix) marked += kSpaceMark;
    appendMarked(text, marked);
    Merger(*this, marked).appendTokens(out);
    return {};
}

/// Bytes without a token become the unknown token, one for the whole symbol.
void SpmTokenizer::appendBytes(std::string_view symbol, std::vector<TokenId>& out) const {
    const auto tokenOf = [this](char byte) { return m_byteTokens[static_cast<unsigned char>(byte)]; };
    if (std::ranges::all_of(symbol, [&](char byte) { return tokenOf(byte) != kNoToken; })) {
        for (const char byte : symbol) out.push_back(tokenOf(byte));
    } else if (vocabulary().unknown() != kNoToken) {
        out.push_back(vocabulary().unknown());
    }
}

std::string SpmTokenizer::plainBytes(TokenId id) const {
    return bytesOfPiece(vocabulary(), id);
}

}  // namespace kvscope::text
