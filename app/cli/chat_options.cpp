// SPDX-License-Identifier: Apache-2.0
#include "app/cli/chat_options.h"

#include <fmt/format.h>

#include "app/cli/text_file.h"

namespace kvscope::cli {

namespace {

/// The messages of --chat-file: an array, or an object with "messages" and "tools" and further variables.
Result<text::ChatJson> readChatFile(const std::string& path, text::ChatOptions& options) {
    auto text = readTextFile(path);
    if (!text) return forward(text);
    text::ChatJson json = text::ChatJson::parse(*text, nullptr, false);
    if (json.is_array()) return json;
    if (!json.is_object() || !json.contains("messages") || !json["messages"].is_array()) {
        return fail(ErrorKind::BadFile, path, "it is neither a JSON array of messages nor an object with \"messages\"");
    }
    text::ChatJson messages = json["messages"];
    if (json.contains("tools")) options.tools = json["tools"];
    json.erase("messages");
    json.erase("tools");
    options.extra = std::move(json);
    return messages;
}

}  // namespace

void addChatOptions(CLI::App& app, ChatSettings& settings) {
    app.add_option("--chat", settings.user, "what a user says, written as the model's chat template has it");
    app.add_option("--system", settings.system, "system text in front of --chat");
    app.add_option("--chat-file", settings.file,
                   "JSON messages, [{\"role\": …, \"content\": …}, …], or an object with \"messages\" and \"tools\"");
    app.add_option("--chat-template", settings.name, "NAME: the file's tokenizer.chat_template.NAME");
}

Result<void> checkChat(const ChatSettings& settings) {
    if (!settings.user.empty() && !settings.file.empty()) {
        return fail(ErrorKind::BadUsage, "chat", "give --chat or --chat-file, not both");
    }
    if (!settings.system.empty() && settings.user.empty()) {
        return fail(ErrorKind::BadUsage, "--system", "it needs --chat; a file of messages has its own system message");
    }
    if (!settings.name.empty() && !settings.wanted()) {
        return fail(ErrorKind::BadUsage, "--chat-template", "it needs --chat or --chat-file");
    }
    return {};
}

Result<std::string> renderedChat(const ChatSettings& settings, const gguf::File& model) {
    auto format = text::chatFormatOf(model, settings.name);
    if (!format) return forward(format);
    text::ChatOptions options;
    text::ChatJson messages;
    if (settings.file.empty()) {
        messages = text::chatMessages(settings.system, settings.user);
    } else {
        auto read = readChatFile(settings.file, options);
        if (!read) return forward(read);
        messages = std::move(*read);
    }
    auto chat = text::renderChat(*format, messages, std::move(options));
    if (!chat) return forward(chat);
    if (!chat->note.empty()) fmt::print(stderr, "Note: {}\n", chat->note);
    return std::move(chat->text);
}

}  // namespace kvscope::cli
