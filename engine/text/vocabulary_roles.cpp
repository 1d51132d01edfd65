// SPDX-License-Identifier: Apache-2.0
// What follows from the texts of tokens where the file does not say it.
#include <algorithm>
#include <array>
#include <cctype>

#include "engine/gguf/quote.h"
#include "engine/text/vocabulary.h"

namespace kvscope::text {
namespace {

/// Texts that end a generation wherever they occur: end of turn, message, tool call or text in the models of the field.
constexpr std::array<std::string_view, 22> kEndMarkers{
    "<|eot_id|>",
    "<|eom_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|calls|>",
    "<|flush|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<end_of_utterance>",
    "<turn|>",
    "<|tool_response>",
    "</s>",
    "<eos>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "[e~[",
    "<\xEF\xBD\x9C"
    "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>",
};

/// Tokens of fill-in-the-middle that no completion goes beyond: by key, or else by the first of the texts that exists.
struct FillToken {
    std::string_view key;
    std::array<std::string_view, 5> texts;
};
constexpr std::array kFillTokens{
    FillToken{"tokenizer.ggml.fim_pad_token_id", {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"}},
    FillToken{"tokenizer.ggml.fim_rep_token_id",
              {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"}},
    FillToken{"tokenizer.ggml.fim_sep_token_id", {"<|file_sep|>"}},
};

/// Markers inside the turns of OpenAI's format: visible parts of the text.
constexpr std::array<std::string_view, 4> kVisibleMarkers{"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"};

bool containsAny(std::string_view text, std::initializer_list<std::string_view> parts) {
    return std::ranges::any_of(parts, [text](std::string_view part) { return text.contains(part); });
}

std::string lowerCase(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
    return text;
}

}  // namespace

/// A marker is a control token whatever the file calls it, as in llama.cpp: otherwise it would be shown, and text of a
/// user could end a turn.
void Vocabulary::makeControl(TokenId id) {
    const auto index = static_cast<std::size_t>(id);
    if (m_types[index] == TokenType::Control) return;
    m_types[index] = TokenType::Control;
    warnings.push_back(
        fmt::format("Token {} \"{}\" ends a generation but is not marked as a control token in the "
                    "file; it is treated as one.",
                    id, gguf::quoteName(m_texts[index])));
}

Result<void> Vocabulary::markFillTokens(const gguf::File& file) {
    for (const FillToken& fill : kFillTokens) {
        const auto named = readId(file, fill.key, kNoToken);
        if (!named) return forward(named);
        TokenId id = *named;
        for (const auto text : fill.texts) {
            if (id != kNoToken) break;
            id = text.empty() ? kNoToken : find(text);
            if (id != kNoToken) makeControl(id);
        }
        if (id != kNoToken) m_endsGeneration[static_cast<std::size_t>(id)] = true;
    }
    return {};
}

void Vocabulary::markEndMarkers() {
    for (const auto marker : kEndMarkers) {
        const TokenId id = find(marker);
        if (id == kNoToken) continue;
        m_endsGeneration[static_cast<std::size_t>(id)] = true;
        makeControl(id);
    }
}

void Vocabulary::setType(std::string_view text, TokenType type) {
    if (const TokenId id = find(text); id != kNoToken) m_types[static_cast<std::size_t>(id)] = type;
}

/// Formats in which one of the markers means something else: "<|end|>" closes a message, not the turn, where "<|call|>"
/// and "<|return|>" (or "<|flush|>") exist; "</s>" is markup where "<|tool_response>" exists (Gemma 4).
void Vocabulary::applyExceptions() {
    for (const auto marker : kVisibleMarkers) setType(marker, TokenType::UserDefined);
    const auto has = [this](std::string_view text) { return find(text) != kNoToken; };
    const auto keepGoing = [this](std::string_view text, TokenType type) {
        const TokenId id = find(text);
        if (id == kNoToken) return;
        m_endsGeneration[static_cast<std::size_t>(id)] = false;
        setType(text, type);
    };
    const bool hasCall = has("<|call|>") || has("<|calls|>");
    if (hasCall && (has("<|return|>") || has("<|flush|>"))) keepGoing("<|end|>", TokenType::UserDefined);
    if (has("<|tool_response>")) keepGoing("</s>", TokenType::Normal);
}

/// GGUF has no key for this: it goes by the names of the models whose tokenizers are known to do it.
Result<void> Vocabulary::loadStripping(const gguf::File& file) {
    m_stripsLeft.assign(m_texts.size(), false);
    m_stripsRight.assign(m_texts.size(), false);
    std::array<std::string, 3> names;
    constexpr std::array<std::string_view, 3> kKeys{"general.name", "tokenizer.ggml.pre", "general.architecture"};
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
        auto value = file.readString(kKeys[i]);
        if (!value) return forward(value);
        names[i] = value->value_or("");
    }
    const auto& [modelName, pre, architecture] = names;
    const std::string model = lowerCase(modelName);
    const auto stripLeft = [this](std::string_view text) {
        if (const TokenId id = find(text); id != kNoToken) m_stripsLeft[static_cast<std::size_t>(id)] = true;
    };
    if (containsAny(pre, {"jina-v2-de", "jina-v2-es", "jina-v2-code"}) ||
        containsAny(architecture, {"nomic-bert-moe", "jina-bert-v3"})) {
        stripLeft("<mask>");
    } else if (containsAny(model, {"phi-3", "phi3"})) {
        for (std::size_t i = 0; i < m_texts.size(); ++i) {
            const bool special = m_types[i] == TokenType::Control || m_types[i] == TokenType::UserDefined;
            const bool plain = m_texts[i] == "<unk>" || m_texts[i] == "<s>" || m_texts[i] == "<|endoftext|>";
            m_stripsRight[i] = special && !plain;
        }
    } else if (model.contains("modern-bert")) {
        stripLeft("[MASK]");
    }
    return {};
}

}  // namespace kvscope::text
