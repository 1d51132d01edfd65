// SPDX-License-Identifier: Apache-2.0
#include "engine/text/ugm_tokenizer.h"

#include <algorithm>
#include <limits>

#include "engine/text/piece_text.h"
#include "engine/text/utf8.h"

namespace kvscope::text {
namespace {

constexpr std::string_view kScoresKey = "tokenizer.ggml.scores";
constexpr std::string_view kCharsmapKey = "tokenizer.ggml.precompiled_charsmap";
constexpr std::string_view kSpacePrefixKey = "tokenizer.ggml.add_space_prefix";
constexpr std::string_view kExtraSpacesKey = "tokenizer.ggml.remove_extra_whitespaces";
constexpr VocabularyDefaults kDefaults{.addEos = true, .eos = 1, .unknown = 2};
constexpr float kUnknownPenalty = 10;

Result<std::vector<float>> loadScores(const gguf::File& file, std::size_t tokens) {
    auto scores = file.readFloatArray(kScoresKey);
    if (!scores) return forward(scores);
    if (!*scores)
        return fail(ErrorKind::BadFile, file.whereKey(kScoresKey), "the key is missing; unigrams need scores");
    if ((*scores)->size() != tokens) {
        return fail(ErrorKind::BadFile, file.whereKey(kScoresKey), "there are {} scores for {} tokens",
                    (*scores)->size(), tokens);
    }
    return std::move(**scores);
}

Result<Charsmap> loadCharsmap(const gguf::File& file) {
    const auto bytes = file.readIntArray(kCharsmapKey);
    if (!bytes) return forward(bytes);
    if (!*bytes) return Charsmap();
    return Charsmap::parse(**bytes, file.whereKey(kCharsmapKey));
}

bool isMatched(TokenType type) {
    return type == TokenType::Normal || type == TokenType::UserDefined || type == TokenType::Unused;
}

PrefixTree treeOf(const Vocabulary& vocabulary) {
    std::vector<std::pair<std::string, TokenId>> entries;
    for (TokenId id = 0; vocabulary.contains(id); ++id) {
        if (isMatched(vocabulary.type(id))) entries.emplace_back(vocabulary.text(id), id);
    }
    return PrefixTree(std::move(entries));
}

/// The best way to cover the text up to a place: its last token and where that begins.
struct Best {
    double score = -std::numeric_limits<double>::max();
    std::size_t begin = 0;
    TokenId id = kNoToken;

    void offer(double otherScore, std::size_t otherBegin, TokenId otherId) {
        if (otherScore > score) *this = {otherScore, otherBegin, otherId};
    }
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> UgmTokenizer::make(const gguf::File& file) {
    auto vocabulary = Vocabulary::load(file, kDefaults);
    if (!vocabulary) return forward(vocabulary);
    auto scores = loadScores(file, vocabulary->size());
    if (!scores) return forward(scores);
    auto charsmap = loadCharsmap(file);
    if (!charsmap) return forward(charsmap);
    const auto spacePrefix = file.readBool(kSpacePrefixKey);
    if (!spacePrefix) return forward(spacePrefix);
    const auto extraSpaces = file.readBool(kExtraSpacesKey);
    if (!extraSpaces) return forward(extraSpaces);
    const Options options{spacePrefix->value_or(false), extraSpaces->value_or(false)};
    return std::unique_ptr<Tokenizer>(
        new UgmTokenizer(std::move(*vocabulary), std::move(*scores), std::move(*charsmap), options));
}

UgmTokenizer::UgmTokenizer(Vocabulary loaded, std::vector<float> scores, Charsmap charsmap, Options options)
    : VocabularyTokenizer(std::move(loaded)),
      m_scores(std::move(scores)),
      m_charsmap(std::move(charsmap)),
      m_options(options),
      m_tree(treeOf(vocabulary())) {
    float lowest = std::numeric_limits<float>::max();
    for (TokenId id = 0; vocabulary().contains(id); ++id) {
        if (vocabulary().type(id) == TokenType::Normal) {
            lowest = std::min(lowest, m_scores[static_cast<std::size_t>(id)]);
        }
    }
    m_unknownScore = lowest - kUnknownPenalty;
}

/// What the user defined is taken where it fits.
float UgmTokenizer::scoreOf(TokenId id) const {
    return vocabulary().type(id) == TokenType::UserDefined ? 0 : m_scores[static_cast<std::size_t>(id)];
}

std::string UgmTokenizer::normalised(std::string_view text) const {
    std::string out;
    out.reserve(text.size() * 2);
    bool inWord = false;
    if (m_options.addSpacePrefix && !m_options.removeExtraSpaces) out += kSpaceMark;
    const auto append = [&](std::string_view piece) {
        for (const char byte : piece) {
            if (byte == ' ') {
                inWord = false;
                if (!m_options.removeExtraSpaces) out += kSpaceMark;
                continue;
            }
            if (!inWord && m_options.removeExtraSpaces) out += kSpaceMark;
            inWord = true;
            out += byte;
        }
    };
    while (!text.empty()) {
        if (const auto match = m_charsmap.find(text)) {
            append(match->replacement);
            text.remove_prefix(match->bytes);
            continue;
        }
        const auto prefix = utf8Prefix(text);
        append(prefix.state == Utf8State::Whole ? text.substr(0, prefix.bytes) : kReplacementCharacter);
        text.remove_prefix(prefix.bytes);
    }
    return out;
}

Result<void> UgmTokenizer::encodePlain(std::string_view text, bool /*startsText*/, std::vector<TokenId>& out) const {
    const std::string normal = normalised(text);
    const TokenId unknown = vocabulary().unknown();
    std::vector<Best> best(normal.size() + 1);
    best[0] = {0, 0, unknown};
    for (std::size_t begin = 0; begin < normal.size();) {
        const std::size_t character = utf8Prefix(std::string_view(normal).substr(begin)).bytes;
        const double score = best[begin].score;
        bool covered = false;
        auto node = PrefixTree::kRoot;
        for (std::size_t end = begin; end < normal.size();) {
            node = m_tree.step(node, normal[end++]);
            if (node == PrefixTree::kNowhere) break;
            const TokenId id = m_tree.token(node);
            if (id == kNoToken) continue;
            covered = covered || end - begin == character;
            best[end].offer(score + static_cast<double>(scoreOf(id)), begin, id);
        }
        if (!covered) best[begin + character].offer(score + static_cast<double>(m_unknownScore), begin, unknown);
        begin += character;
    }
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    bool lastUnknown = false;
    for (std::size_t end = normal.size(); end > 0; end = best[end].begin) {
        const bool isUnknown = best[end].id == unknown;
        if (best[end].id != kNoToken && !(isUnknown && lastUnknown)) out.push_back(best[end].id);
        lastUnknown = isUnknown;
    }
    std::reverse(out.begin() + first, out.end());
    return {};
}

std::string UgmTokenizer::plainBytes(TokenId id) const {
    return bytesOfPiece(vocabulary(), id);
}

}  // namespace kvscope::text
