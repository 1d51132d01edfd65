// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/chat_template.h"

#include "engine/text/chat/functions.h"
#include "engine/text/chat/json_value.h"
#include "engine/text/chat/parser.h"

namespace kvscope::text {

namespace {

std::tm localTime() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    return local;
}

void defineVariables(Interpreter& interpreter, const ChatJson& messages, const ChatOptions& options) {
    Budget& budget = interpreter.budget();
    interpreter.define("tools", Value());
    interpreter.define("documents", Value());
    if (options.extra.is_object()) {
        for (const auto& [key, value] : options.extra.items()) interpreter.define(key, valueOf(value, budget));
    }
    if (!options.tools.is_null()) interpreter.define("tools", valueOf(options.tools, budget));
    interpreter.define("messages", valueOf(messages, budget));
    interpreter.define("add_generation_prompt", Value(options.addGenerationPrompt));
    interpreter.define("bos_token", Value::string(options.bosToken, budget));
    interpreter.define("eos_token", Value::string(options.eosToken, budget));
}

}  // namespace

Result<std::string> renderChat(std::string_view templateText, const ChatJson& messages, const ChatOptions& options) {
    try {
        Budget budget(options.limits);
        const Block block = Parser(tokenise(templateText, options.limits), options.limits, budget).parse();
        Interpreter interpreter(options.limits, budget);
        defineFunctions(interpreter, options.now.value_or(localTime()));
        defineVariables(interpreter, messages, options);
        return interpreter.render(block);
    } catch (const TemplateFault& found) {
        const std::string where =
            found.line > 0 ? fmt::format("chat template: line {}", found.line) : std::string("chat template");
        if (found.known) return fail(ErrorKind::BadFile, where, "it refuses the conversation: {}", found.message);
        return fail(ErrorKind::BadFile, where, "{}", found.message);
    }
}

}  // namespace kvscope::text
