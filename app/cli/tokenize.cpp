// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>

#include "app/cli/chat_options.h"
#include "app/cli/command.h"
#include "app/cli/json.h"
#include "app/cli/model_options.h"
#include "app/cli/text_file.h"
#include "engine/gguf/quote.h"
#include "engine/text/tokenizer.h"

namespace kvscope::cli {

namespace {

struct TokenizeSettings {
    std::string model, text, file;
    ChatSettings chat;
    bool parseSpecial = false, noSpecial = false, ids = false, json = false;
};

/// What is to be cut into tokens: the text given or read, or the conversation as the template writes it.
Result<std::string> inputText(const TokenizeSettings& settings, const gguf::File& model) {
    if (settings.chat.wanted()) return renderedChat(settings.chat, model);
    if (!settings.text.empty()) return settings.text;
    return readTextFile(settings.file.empty() ? "-" : settings.file);
}

void printTokens(const TokenizeSettings& settings, const text::Tokenizer& tokenizer, const std::string& text,
                 const std::vector<text::TokenId>& tokens) {
    if (settings.json) {
        Json pieces = Json::array();
        for (const text::TokenId id : tokens) pieces.push_back(tokenizer.tokenBytes(id, true));
        printJson({{"schema_version", kJsonVersion},
                   {"tokenizer", tokenizer.kind()},
                   {"pre_tokenizer", tokenizer.preTokenizer().empty() ? Json(nullptr) : Json(tokenizer.preTokenizer())},
                   {"count", tokens.size()},
                   {"tokens", tokens},
                   {"chat", settings.chat.wanted() ? Json(text) : Json(nullptr)},
                   {"pieces", std::move(pieces)},
                   {"warnings", std::vector<std::string>(tokenizer.warnings().begin(), tokenizer.warnings().end())}});
        return;
    }
    if (settings.ids) {
        fmt::print("{}\n", fmt::join(tokens, " "));
        return;
    }
    if (settings.chat.wanted()) fmt::print("{}\n\n", text);
    for (const text::TokenId id : tokens) {
        fmt::print("{:>7}  '{}'\n", id, gguf::quoteName(tokenizer.tokenBytes(id, true), 1000));
    }
    for (const std::string& warning : tokenizer.warnings()) fmt::print(stderr, "Warning: {}\n", warning);
}

Result<int> tokenize(const TokenizeSettings& settings) {
    if (auto checked = checkChat(settings.chat); !checked) return forward(checked);
    if (int{!settings.text.empty()} + int{!settings.file.empty()} + int{settings.chat.wanted()} > 1) {
        return fail(ErrorKind::BadUsage, "tokenize", "give one of a text, --file, --chat and --chat-file");
    }
    auto path = modelPath(settings.model);
    if (!path) return forward(path);
    auto model = gguf::File::open(*path);
    if (!model) return std::unexpected(asInputError(model.error()));
    auto tokenizer = text::makeTokenizer(*model);
    if (!tokenizer) return std::unexpected(asInputError(tokenizer.error()));
    auto text = inputText(settings, *model);
    if (!text) return forward(text);
    auto tokens =
        settings.chat.wanted()
            ? text::encodeChat(**tokenizer, *text)
            : (*tokenizer)->encode(*text, {.addSpecial = !settings.noSpecial, .parseSpecial = settings.parseSpecial});
    if (!tokens) return forward(tokens);
    printTokens(settings, **tokenizer, *text, *tokens);
    return kExitOk;
}

}  // namespace

Body setupTokenize(CLI::App& app) {
    auto settings = std::make_shared<TokenizeSettings>();
    addModelOption(app, settings->model);
    app.add_option("text", settings->text, "text; without it and --file, standard input is read");
    app.add_option("-f,--file", settings->file, "text file, '-' = standard input");
    addChatOptions(app, settings->chat);
    app.add_flag("--parse-special", settings->parseSpecial, "control tokens written in the text become single tokens");
    app.add_flag("--no-special", settings->noSpecial, "adds no begin or end token");
    app.add_flag("--ids", settings->ids, "prints the numbers alone, on one line");
    app.add_flag("--json", settings->json, "prints JSON");
    return [settings](const Context&) { return tokenize(*settings); };
}

}  // namespace kvscope::cli
