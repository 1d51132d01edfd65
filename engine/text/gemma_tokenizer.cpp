// SPDX-License-Identifier: Apache-2.0
#include "engine/text/gemma_tokenizer.h"

#include <algorithm>

#include "engine/text/bpe_merger.h"
#include "engine/text/piece_text.h"
#include "engine/text/utf8.h"

namespace kvscope::text {
namespace {

/// Bytes of the run of line ends, or of other characters, that `text` begins with.
std::size_t lineRun(std::string_view text) {
    const std::size_t end = text.front() == '\n' ? text.find_first_not_of('\n') : text.find('\n');
    return std::min(end, text.size());
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> GemmaTokenizer::make(const gguf::File& file) {
    auto vocabulary = Vocabulary::load(file, {.addBos = true, .forceBos = true});
    if (!vocabulary) return forward(vocabulary);
    auto merges = MergeTable::load(file, *vocabulary);
    if (!merges) return forward(merges);
    return std::unique_ptr<Tokenizer>(new GemmaTokenizer(std::move(*vocabulary), std::move(*merges)));
}

GemmaTokenizer::GemmaTokenizer(Vocabulary loaded, MergeTable merges)
    : VocabularyTokenizer(std::move(loaded)), m_merges(std::move(merges)), m_byteTokens(byteTokens(vocabulary())) {}

Result<void> GemmaTokenizer::encodePlain(std::string_view text, bool /*startsText*/, std::vector<TokenId>& out) const {
    std::string marked;
    marked.reserve(text.size() + text.size() / 2);
    appendMarked(text, marked);
    BpeMerger merger(m_merges);
    for (std::string_view rest = marked; !rest.empty();) {
        const auto word = rest.substr(0, lineRun(rest));
        rest.remove_prefix(word.size());
        if (const TokenId id = word.front() == '\n' ? vocabulary().find(word) : kNoToken; id != kNoToken) {
            out.push_back(id);
            continue;
        }
        merger.clear();
        for (std::size_t at = 0; at < word.size();) {
            const auto character = word.substr(at, utf8Prefix(word.substr(at)).bytes);
            merger.add(vocabulary().find(character), character);
            at += character.size();
        }
        merger.merge();
        merger.forEach([&](const BpeMerger::Symbol& symbol) {
            if (symbol.id != kNoToken) {
                out.push_back(symbol.id);
                return;
            }
            for (const char byte : symbol.bytes) {
                const TokenId id = m_byteTokens[static_cast<unsigned char>(byte)];
                if (id != kNoToken) out.push_back(id);
            }
        });
    }
    return {};
}

std::string GemmaTokenizer::plainBytes(TokenId id) const {
    return bytesOfPiece(vocabulary(), id);
}

}  // namespace kvscope::text
