// SPDX-License-Identifier: Apache-2.0
// Renderings against jinja2, set up as transformers sets it up (make_chat_cases.py).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "engine/gguf/file.h"
#include "engine/text/chat/chat_template.h"
#include "tests/support/shared_files.h"

namespace kvscope::text {
namespace {

ChatJson testData(const std::string& name) {
    std::ifstream in(std::filesystem::path(CHAT_TEST_DATA) / name);
    return in ? ChatJson::parse(in) : ChatJson();
}

/// The moment that the script gives to strftime_now.
std::tm recordedNow() {
    std::tm now{};
    now.tm_year = 124;
    now.tm_mon = 6;
    now.tm_mday = 6;
    now.tm_hour = 9;
    now.tm_min = 5;
    now.tm_sec = 3;
    now.tm_wday = 6;
    now.tm_yday = 187;
    return now;
}

ChatOptions baseOptions() {
    ChatOptions options;
    options.bosToken = "<s>";
    options.eosToken = "</s>";
    options.now = recordedNow();
    return options;
}

/// An expected text of null means that jinja2 fails.
void expectSame(const Result<std::string>& text, const ChatJson& expected) {
    if (expected.is_null()) {
        EXPECT_FALSE(text) << *text;
        EXPECT_GT((text ? std::string() : text.error().message).size(), 8U);
        return;
    }
    ASSERT_TRUE(text) << text.error().text();
    EXPECT_EQ(*text, expected.get<std::string>());
}

void compareChats(const ChatJson& data, const std::string& oneTemplate = {}) {
    for (const ChatJson& item : data["cases"]) {
        const std::string family = item["family"], conversation = item["conversation"];
        SCOPED_TRACE(family + ", " + conversation + ", " + item["extra"].dump());
        ChatOptions options = baseOptions();
        options.addGenerationPrompt = item["prompt"];
        options.tools = item["tools"];
        options.extra = item["extra"];
        const std::string text = oneTemplate.empty() ? data["templates"][family].get<std::string>() : oneTemplate;
        expectSame(renderChat(text, data["conversations"][conversation], options), item["expected"]);
    }
}

TEST(ChatAgreement, ExpressionsAndStatements) {
    const ChatJson data = testData("expressions.json");
    ASSERT_GE(data["cases"].size(), 60U);
    for (const ChatJson& item : data["cases"]) {
        const std::string text = item["template"];
        SCOPED_TRACE(text);
        ChatOptions options = baseOptions();
        options.extra = data["variables"];
        expectSame(renderChat(text, ChatJson::array(), options), item["expected"]);
    }
}

TEST(ChatAgreement, FormatsOfTheFamilies) {
    const ChatJson data = testData("chats.json");
    ASSERT_GE(data["templates"].size(), 15U);
    compareChats(data);
}

TEST(ChatAgreement, TheTemplateOfSmolLM2) {
    const auto model = test::modelFile("SmolLM2-135M-Instruct.Q4_1.gguf");
    if (!model) GTEST_SKIP() << "SmolLM2-135M-Instruct.Q4_1.gguf is not there; scripts/fetch-models fetches it";
    const auto file = gguf::File::open(*model);
    ASSERT_TRUE(file) << file.error().text();
    const auto text = file->readString("tokenizer.chat_template");
    ASSERT_TRUE(text && *text);
    compareChats(testData("smollm2.json"), **text);
}

}  // namespace
}  // namespace kvscope::text
