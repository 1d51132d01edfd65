// SPDX-License-Identifier: Apache-2.0
// The commands that need no device, bad usage, bad files, and a machine without a device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/gguf/writer.h"
#include "tests/app/cli/child.h"
#include "tests/support/shared_files.h"

namespace kvscope::test {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

const CliOptions kNoDevice{.environment = {"VK_DRIVER_FILES=/nonexistent", "VK_ICD_FILENAMES=/nonexistent"}};

TEST(CliInspect, TellsTheBundledModelWithoutADevice) {
    const CliResult result = runCli({"inspect", "--json"}, kNoDevice);
    ASSERT_EQ(result.code, 0) << result.err;
    const Json json = result.json();
    EXPECT_EQ(json["schema_version"], 1);
    EXPECT_EQ(json["architecture"], "llama");
    EXPECT_EQ(json["runnable"], true);
    EXPECT_EQ(json["n_layers"], 6);
    EXPECT_EQ(json["n_heads"], 8);
    EXPECT_EQ(json["n_kv_heads"], 4);
    EXPECT_EQ(json["head_dim"], 32);
    EXPECT_EQ(json["context"], 2048);
    EXPECT_EQ(json["vocabulary"], 2048);
    EXPECT_EQ(json["cache_bytes_per_token_f16"], 3072);
    EXPECT_EQ(json["cache_bytes_per_token_mha_f16"], 6144);
    EXPECT_EQ(json["tokenizer"], "gpt2");
}

TEST(CliInspect, TellsThePublishedSmallModel) {
    const auto model = sharedFile("models/stories260K-f32.gguf");
    if (!model) GTEST_SKIP() << "models/stories260K-f32.gguf is not in the shared folder";
    const CliResult result = runCli({"inspect", "--json", "--keys", "--tensors", model->string()});
    ASSERT_EQ(result.code, 0) << result.err;
    const Json json = result.json();
    EXPECT_EQ(json["architecture"], "llama");
    EXPECT_EQ(json["n_layers"], 5);
    EXPECT_EQ(json["n_heads"], 8);
    EXPECT_EQ(json["n_kv_heads"], 4);
    EXPECT_EQ(json["head_dim"], 8);
    EXPECT_EQ(json["cache_bytes_per_token_f16"], 640);
    EXPECT_EQ(json["tokenizer"], "llama");
    EXPECT_EQ(json["tensors"].size(), json["n_tensors"]);
    EXPECT_FALSE(json["keys"].empty());
}

TEST(CliInspect, TellsAboutAFileThatCannotBeRun) {
    const auto file = freshFolder("foreign") / "model.gguf";
    gguf::Writer writer;
    writer.addString("general.architecture", "quux");
    ASSERT_TRUE(writer.write(file));
    const CliResult result = runCli({"inspect", "--json", file.string()});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.json()["architecture"], "quux");
    EXPECT_EQ(result.json()["runnable"], false);
    EXPECT_THAT(result.json()["not_runnable_because"].get<std::string>(), HasSubstr("quux"));
    EXPECT_TRUE(result.json()["n_layers"].is_null());
}

TEST(CliTokenize, GivesThePublishedIds) {
    const auto model = sharedFile("models/stories260K-f32.gguf");
    if (!model) GTEST_SKIP() << "models/stories260K-f32.gguf is not in the shared folder";
    const CliResult result = runCli({"tokenize", "--json", "--model", model->string(), "Once upon a time"});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.json()["tokens"], (Json{1, 403, 407, 261, 378}));
    const CliResult ids = runCli({"tokenize", "--ids", "--model", model->string(), "Once upon a time"});
    EXPECT_EQ(ids.out, "1 403 407 261 378\n");
}

TEST(CliFiles, BadFilesHaveExitCode3AndNameThePlace) {
    const auto folder = freshFolder("bad");
    writeFile(folder / "43.gguf", "GGUF" + std::string(39, '\x03'));
    writeFile(folder / "cut.gguf", readFile(kBundled).substr(0, 100'000));
    writeFile(folder / "empty.gguf", "");
    for (const char* name : {"43.gguf", "cut.gguf", "empty.gguf", "absent.gguf"}) {
        const std::string file = (folder / name).string();
        const std::vector<std::vector<std::string>> calls{{"inspect", file},
                                                          {"tokenize", "--model", file, "x"},
                                                          {"run", "--model", file, "-n", "1"},
                                                          {"perplexity", "--model", file, "--file", kBundled},
                                                          {"bench", "--model", file}};
        for (const auto& call : calls) {
            const CliResult result = runCli(call);
            EXPECT_EQ(result.code, 3) << call[0] << " " << name << ": " << result.err;
            EXPECT_THAT(result.err, HasSubstr(name)) << call[0];
            EXPECT_EQ(result.out, "") << call[0];
        }
    }
    EXPECT_EQ(runCli({"export", (folder / "43.gguf").string(), "-o", (folder / "out").string()}).code, 3);
    EXPECT_EQ(runCli({"run", "--prompt-file", (folder / "absent.txt").string()}).code, 3);
}

TEST(CliUsage, MistakesHaveExitCode2) {
    EXPECT_EQ(runCli({}).code, 2);
    EXPECT_EQ(runCli({"fly"}).code, 2);
    EXPECT_EQ(runCli({"run", "--wings"}).code, 2);
    EXPECT_EQ(runCli({"run", "-n", "many"}).code, 2);
    EXPECT_EQ(runCli({"run", "--temperature", "nan"}).code, 2);
    EXPECT_EQ(runCli({"run", "--prompt", "a", "--prompt-file", "b"}).code, 2);
    EXPECT_EQ(runCli({"run", "--policy-at", "keep=window(4)"}).code, 2);
    EXPECT_EQ(runCli({"run", "--policy-at", "4:keep=windou(4)"}).code, 2);
    EXPECT_EQ(runCli({"run", "--policy", "exact", "-ctk", "f16"}).code, 2);
    EXPECT_EQ(runCli({"bench", "-r", "2"}).code, 2);
    const CliResult policy = runCli({"run", "--policy", "keep=windou(4)"});
    EXPECT_EQ(policy.code, 2);
    EXPECT_THAT(policy.err, HasSubstr("windou"));
}

TEST(CliUsage, HelpAndVersion) {
    const CliResult version = runCli({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_THAT(version.out, HasSubstr("kvscope-cli "));
    for (const char* command : {"devices", "inspect", "tokenize", "run", "perplexity", "bench", "export"}) {
        const CliResult help = runCli({command, "--help"});
        EXPECT_EQ(help.code, 0) << command;
        EXPECT_THAT(help.out, HasSubstr("--json")) << command;
    }
    const CliResult help = runCli({"run", "--help"});
    EXPECT_THAT(help.out, HasSubstr("sinks"));
    EXPECT_THAT(help.out, HasSubstr("quotes"));
}

TEST(CliDevices, NoDeviceIsExitCode4) {
    const CliResult devices = runCli({"devices"}, kNoDevice);
    EXPECT_EQ(devices.code, 4);
    EXPECT_THAT(devices.out, HasSubstr("No usable Vulkan device"));
    const CliResult json = runCli({"devices", "--json"}, kNoDevice);
    EXPECT_EQ(json.code, 4);
    EXPECT_EQ(json.json()["devices"], Json::array());
    EXPECT_EQ(runCli({"run", "-n", "1"}, kNoDevice).code, 4);
}

}  // namespace
}  // namespace kvscope::test
