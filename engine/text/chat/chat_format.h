// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/text/chat/chat_template.h"
#include "engine/text/tokenizer.h"

namespace kvscope::text {

/// How a model wants a conversation written.
struct ChatFormat {
    std::string templateText;        ///< empty = the file has none: the plain form is used
    std::string name;                ///< NAME of tokenizer.chat_template.NAME; empty = tokenizer.chat_template
    std::vector<std::string> names;  ///< all named templates of the file
    std::string bosToken, eosToken;  ///< texts of these tokens; empty where there is none
};

/// A conversation as text. `note` is a sentence for the user when the plain form stands in for the template.
struct RenderedChat {
    std::string text;
    std::string note;
};

/// Reads the chat template of a file; name: that of a named one, empty = the usual one. A name that the file does not
/// have is BadUsage and lists those that it has.
[[nodiscard]] Result<ChatFormat> chatFormatOf(const gguf::File& file, std::string_view name = {});

/// Writes a conversation with the format's template; bosToken and eosToken of the options are set from the format.
/// Without a template, or when it fails or refuses, with plainChat() and a note. Messages that are no array of objects
/// with a role are BadUsage.
[[nodiscard]] Result<RenderedChat> renderChat(const ChatFormat& format, const ChatJson& messages, ChatOptions options);

/// The form for models without a usable template, a paragraph a message and an empty line behind each:
///   System: …
///   User: …
///   Assistant: …
/// ended by "Assistant:" when an answer is wanted.
[[nodiscard]] std::string plainChat(const ChatJson& messages, bool addGenerationPrompt);

/// A user's text, after a system text unless that is empty, as messages.
[[nodiscard]] ChatJson chatMessages(const std::string& system, const std::string& user);

/// Tokens of a rendered conversation: control tokens in it become single ids, and the begin token is added where the
/// file asks for one, but not when the text begins with it already. No end token is added.
[[nodiscard]] Result<std::vector<TokenId>> encodeChat(const Tokenizer& tokenizer, std::string_view rendered);

}  // namespace kvscope::text
