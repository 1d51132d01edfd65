// SPDX-License-Identifier: Apache-2.0
// Conversations on the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/app/cli/child.h"
#include "tests/support/shared_files.h"

namespace kvscope::test {
namespace {

using testing::HasSubstr;

TEST(CliChat, PlainFormWithANoteWhenTheModelHasNoTemplate) {
    const CliResult result = runCli({"tokenize", "--json", "--chat", "Who art thou?", "--system", "Speak."});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.json()["chat"], "System: Speak.\n\nUser: Who art thou?\n\nAssistant:");
    EXPECT_THAT(result.err, HasSubstr("Note: the model has no chat template"));
    const CliResult plain = runCli({"tokenize", "--json", "Who art thou?"});
    EXPECT_TRUE(plain.json()["chat"].is_null());
}

TEST(CliChat, RunsAConversation) {
    const CliResult chat = runCli({"run", "--json", "-n", "2", "--chat", "Who art thou?"});
    ASSERT_EQ(chat.code, 0) << chat.err;
    const CliResult tokens = runCli({"tokenize", "--json", "--chat", "Who art thou?"});
    EXPECT_EQ(chat.json()["prompt_tokens"], tokens.json()["tokens"]);
}

TEST(CliChat, TheTemplateOfTheFile) {
    const auto model = modelFile("SmolLM2-135M-Instruct.Q4_1.gguf");
    if (!model) GTEST_SKIP() << "SmolLM2-135M-Instruct.Q4_1.gguf is not there; scripts/fetch-models fetches it";
    const auto file = std::filesystem::temp_directory_path() / "kvscope_cli_chat_test.json";
    std::ofstream(file) << R"([{"role": "system", "content": "S"}, {"role": "user", "content": "U"}])";
    const std::string expected =
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n";
    const CliResult read = runCli({"tokenize", "--json", "--model", model->string(), "--chat-file", file.string()});
    const CliResult given = runCli({"tokenize", "--json", "--model", model->string(), "--chat", "U", "--system", "S"});
    std::filesystem::remove(file);
    ASSERT_EQ(read.code, 0) << read.err;
    ASSERT_EQ(given.code, 0) << given.err;
    EXPECT_EQ(read.json()["chat"], expected);
    EXPECT_EQ(given.json()["chat"], expected);
    EXPECT_EQ(read.json()["tokens"][0], 1);  // <|im_start|>, the begin token, once
    EXPECT_EQ(read.json()["tokens"][1], 9690);
}

TEST(CliChat, BadUsage) {
    for (const std::vector<std::string>& call :
         std::vector<std::vector<std::string>>{{"tokenize", "--chat", "a", "--chat-file", "b"},
                                               {"tokenize", "--system", "a"},
                                               {"tokenize", "--chat-template", "a", "text"},
                                               {"tokenize", "--chat", "a", "--chat-template", "none-such"},
                                               {"run", "--chat", "a", "--prompt", "b"}}) {
        EXPECT_EQ(runCli(call).code, 2) << call.front() << " " << call[1];
    }
    EXPECT_EQ(runCli({"tokenize", "--chat-file", "/nowhere/messages.json"}).code, 3);
}

}  // namespace
}  // namespace kvscope::test
