// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/text/chat/budget.h"

namespace kvscope::text {

/// Messages as chat interfaces have them: an array of {"role": …, "content": …} and what else a template knows.
using ChatJson = nlohmann::ordered_json;

/// What a template is given besides the messages.
struct ChatOptions {
    bool addGenerationPrompt = true;  ///< ends with the opening of the model's turn
    std::string bosToken, eosToken;   ///< texts of these tokens
    ChatJson tools;                   ///< null = none; else an array of descriptions of functions
    ChatJson extra;                   ///< null, or an object: variables such as enable_thinking
    std::optional<std::tm> now;       ///< for strftime_now(); nothing = the local time
    ChatLimits limits;
};

/// Renders a chat template, written in the part of Jinja that chat templates use and meant for the settings that
/// transformers has (trim_blocks, lstrip_blocks, loop controls, nothing escaped). The template is untrusted: it is
/// interpreted, reaches nothing but what it is given, and ends within the limits. Errors name the template's line;
/// what a template refuses itself (raise_exception) is an error too.
/// Not supported, each with a sentence: include, import, extends, block, recursive loops, arguments from lists.
[[nodiscard]] Result<std::string> renderChat(std::string_view templateText, const ChatJson& messages,
                                             const ChatOptions& options);

}  // namespace kvscope::text
