// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "engine/gguf/file.h"
#include "engine/text/chat/chat_format.h"

namespace kvscope::cli {

/// Options of commands that take a conversation instead of a text.
struct ChatSettings {
    std::string user, system, file, name;

    /// A conversation was asked for.
    [[nodiscard]] bool wanted() const { return !user.empty() || !file.empty(); }
};

/// --chat, --system, --chat-file, --chat-template.
void addChatOptions(CLI::App& app, ChatSettings& settings);

/// Fails where options contradict each other; needs no model.
[[nodiscard]] Result<void> checkChat(const ChatSettings& settings);

/// The conversation, written by the model's template; prints the note, if there is one, on stderr.
[[nodiscard]] Result<std::string> renderedChat(const ChatSettings& settings, const gguf::File& model);

}  // namespace kvscope::cli
