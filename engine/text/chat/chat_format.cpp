// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/chat_format.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "engine/text/chat/unicode_text.h"

namespace kvscope::text {

namespace {

constexpr std::string_view kKey = "tokenizer.chat_template";

/// The text of the token that a key names, or an empty one.
Result<std::string> tokenText(const gguf::File& file, std::string_view key, const std::vector<std::string>& tokens) {
    auto id = file.readUint(key);
    if (!id) return forward(id);
    if (!*id || **id >= tokens.size()) return std::string();
    return tokens[static_cast<std::size_t>(**id)];
}

Result<void> readTokens(const gguf::File& file, ChatFormat& format) {
    auto tokens = file.readStringArray("tokenizer.ggml.tokens");
    if (!tokens) return forward(tokens);
    if (!*tokens) return {};
    auto bos = tokenText(file, "tokenizer.ggml.bos_token_id", **tokens);
    if (!bos) return forward(bos);
    auto eos = tokenText(file, "tokenizer.ggml.eos_token_id", **tokens);
    if (!eos) return forward(eos);
    format.bosToken = std::move(*bos);
    format.eosToken = std::move(*eos);
    return {};
}

std::string listed(const std::vector<std::string>& names) {
    return names.empty() ? std::string("none") : fmt::format("{}", fmt::join(names, ", "));
}

/// The text of a message: its content, or the texts of its parts.
std::string contentOf(const ChatJson& message) {
    if (!message.contains("content")) return {};
    const ChatJson& content = message["content"];
    if (content.is_string()) return content.get<std::string>();
    std::string text;
    if (!content.is_array()) return text;
    for (const ChatJson& part : content) {
        if (part.is_object() && part.contains("text") && part["text"].is_string())
            text += part["text"].get<std::string>();
    }
    return text;
}

Result<void> checkMessages(const ChatJson& messages) {
    if (!messages.is_array()) return fail(ErrorKind::BadUsage, "chat", "the messages are no array");
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const ChatJson& message = messages[i];
        if (!message.is_object() || !message.contains("role") || !message["role"].is_string()) {
            return fail(ErrorKind::BadUsage, "chat", "message {} is no object with a \"role\"", i);
        }
    }
    return {};
}

}  // namespace

Result<ChatFormat> chatFormatOf(const gguf::File& file, std::string_view name) {
    ChatFormat format;
    const std::string prefix = std::string(kKey) + ".";
    for (const gguf::KeyValue& key : file.keys()) {
        if (key.key.starts_with(prefix)) format.names.push_back(key.key.substr(prefix.size()));
    }
    format.name = name;
    auto text = file.readString(name.empty() ? std::string(kKey) : prefix + std::string(name));
    if (!text) return forward(text);
    if (!*text && !name.empty()) {
        return fail(ErrorKind::BadUsage, file.path().string(), "it has no chat template named '{}'; named ones: {}",
                    name, listed(format.names));
    }
    format.templateText = text->value_or(std::string());
    if (auto read = readTokens(file, format); !read) return forward(read);
    return format;
}

Result<RenderedChat> renderChat(const ChatFormat& format, const ChatJson& messages, ChatOptions options) {
    if (auto checked = checkMessages(messages); !checked) return forward(checked);
    const auto plain = [&](const std::string& reason) {
        return RenderedChat{plainChat(messages, options.addGenerationPrompt),
                            reason + "; the conversation is written plainly, as \"User: … Assistant:\""};
    };
    if (format.templateText.empty()) return plain("the model has no chat template");
    options.bosToken = format.bosToken;
    options.eosToken = format.eosToken;
    auto text = renderChat(format.templateText, messages, options);
    if (!text) return plain(text.error().text());
    return RenderedChat{std::move(*text), {}};
}

std::string plainChat(const ChatJson& messages, bool addGenerationPrompt) {
    std::string text;
    for (const ChatJson& message : messages) {
        text += capitalised(message["role"].get<std::string>()) + ": " + contentOf(message) + "\n\n";
    }
    return addGenerationPrompt ? text + "Assistant:" : text;
}

ChatJson chatMessages(const std::string& system, const std::string& user) {
    ChatJson messages = ChatJson::array();
    if (!system.empty()) messages.push_back({{"role", "system"}, {"content", system}});
    messages.push_back({{"role", "user"}, {"content", user}});
    return messages;
}

Result<std::vector<TokenId>> encodeChat(const Tokenizer& tokenizer, std::string_view rendered) {
    auto tokens = tokenizer.encode(rendered, {.addSpecial = false, .parseSpecial = true});
    if (!tokens) return tokens;
    const std::optional<TokenId> bos = tokenizer.bos();
    if (tokenizer.addsBos() && bos && (tokens->empty() || tokens->front() != *bos)) {
        tokens->insert(tokens->begin(), *bos);
    }
    return tokens;
}

}  // namespace kvscope::text
