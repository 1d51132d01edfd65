// SPDX-License-Identifier: Apache-2.0
#include "engine/text/tokenizer_kinds.h"

#include <array>

#include "engine/gguf/quote.h"
#include "engine/text/bpe_tokenizer.h"
#include "engine/text/gemma_tokenizer.h"
#include "engine/text/rwkv_tokenizer.h"
#include "engine/text/spm_tokenizer.h"
#include "engine/text/ugm_tokenizer.h"
#include "engine/text/wpm_tokenizer.h"

namespace kvscope::text {
namespace {

constexpr std::string_view kModelKey = "tokenizer.ggml.model";

constexpr std::array kKinds{
    TokenizerKind{"llama", "SentencePiece BPE: score-driven merges of characters, byte fallback", &SpmTokenizer::make},
    TokenizerKind{"gpt2", "byte-level BPE: ranked merges inside the words of a pre-tokenizer", &BpeTokenizer::make},
    TokenizerKind{"gemma4", "BPE on characters: ranked merges inside lines, byte fallback", &GemmaTokenizer::make},
    TokenizerKind{"bert", "WordPiece: the longest tokens from the left of each word", &WpmTokenizer::make},
    TokenizerKind{"t5", "SentencePiece unigram: the tokens with the highest sum of scores", &UgmTokenizer::make},
    TokenizerKind{"rwkv", "RWKV World: at each place the longest token", &RwkvTokenizer::make},
};

}  // namespace

std::span<const TokenizerKind> tokenizerKinds() {
    return kKinds;
}

Result<std::unique_ptr<Tokenizer>> makeTokenizer(const gguf::File& file) {
    const auto name = file.readString(kModelKey);
    if (!name) return forward(name);
    if (!*name)
        return fail(ErrorKind::BadFile, file.whereKey(kModelKey), "the key is missing; the file has no tokenizer");
    std::string known;
    for (const auto& kind : kKinds) {
        if (kind.name == **name) return kind.make(file);
        known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", kind.name);
    }
    return fail(ErrorKind::Unsupported, file.whereKey(kModelKey), "the tokenizer \"{}\" is not supported; expected {}",
                gguf::quoteName(**name), known);
}

}  // namespace kvscope::text
