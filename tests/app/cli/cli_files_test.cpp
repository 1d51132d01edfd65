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

/// A llama of one layer that lacks all but its embedding and one norm, and has a tensor that nobody asks for.
void writeLackingModel(const std::filesystem::path& file) {
    gguf::Writer writer;
    writer.addString("general.architecture", "llama");
    writer.addUint32("llama.block_count", 1);
    writer.addUint32("llama.context_length", 64);
    writer.addUint32("llama.embedding_length", 32);
    writer.addUint32("llama.feed_forward_length", 48);
    writer.addUint32("llama.attention.head_count", 2);
    writer.addFloat32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
    const auto add = [&](std::string_view name, std::vector<std::uint64_t> dims) {
        std::size_t count = 1;
        for (const std::uint64_t dim : dims) count *= dim;
        const std::vector<float> values(count, 1.0F);
        ASSERT_TRUE(writer.addTensor(name, dims, gguf::TensorType::F32, values));
    };
    add("token_embd.weight", {32, 40});
    add("blk.0.attn_norm.weight", {32});
    add("left_over.weight", {8});
    ASSERT_TRUE(writer.write(file));
}

TEST(CliInspect, ListsMissingAndUnusedTensors) {
    const auto file = freshFolder("lacking") / "model.gguf";
    writeLackingModel(file);
    const CliResult result = runCli({"inspect", "--json", file.string()});
    ASSERT_EQ(result.code, 0) << result.err;
    const Json json = result.json();
    EXPECT_EQ(json["runnable"], false);
    EXPECT_THAT(json["not_runnable_because"].get<std::string>(), HasSubstr(" is missing, and 8 more"));
    std::vector<std::string> missing;
    for (const Json& tensor : json["missing_tensors"]) missing.push_back(tensor["name"]);
    EXPECT_THAT(missing, testing::UnorderedElementsAre(
                             "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight",
                             "blk.0.attn_output.weight", "blk.0.ffn_norm.weight", "blk.0.ffn_gate.weight",
                             "blk.0.ffn_up.weight", "blk.0.ffn_down.weight", "output_norm.weight"));
    EXPECT_EQ(json["missing_tensors"][0]["dims"], (Json{32, 32}));
    EXPECT_EQ(json["unused_tensors"], Json{"left_over.weight"});
    const CliResult text = runCli({"inspect", file.string()});
    EXPECT_THAT(text.out, HasSubstr("missing tensors       blk.0.attn_q.weight [32,32]\n"));
    EXPECT_THAT(text.out, HasSubstr("unused tensors        left_over.weight\n"));
    const CliResult bundled = runCli({"inspect", "--json"});
    EXPECT_EQ(bundled.json()["missing_tensors"], Json::array());
    EXPECT_EQ(bundled.json()["unused_tensors"], Json::array());
}

TEST(CliInspect, TellsPartsAndByteOrder) {
    const std::filesystem::path folder = std::string(KVSCOPE_SOURCE_DIR) + "/tests/engine/gguf/data";
    const CliResult result =
        runCli({"inspect", "--json", "--tensors", (folder / "split-00003-of-00004.gguf").string()});
    ASSERT_EQ(result.code, 0) << result.err;
    const Json json = result.json();
    EXPECT_EQ(json["byte_order"], "little");
    ASSERT_EQ(json["parts"].size(), 4U);
    EXPECT_EQ(json["file"], (folder / "split-00001-of-00004.gguf").string());
    EXPECT_EQ(json["parts"][0]["tensors"], 0);
    EXPECT_EQ(json["parts"][2]["file"], (folder / "split-00003-of-00004.gguf").string());
    EXPECT_EQ(json["file_bytes"], 640 + 512 + 2016 + 1792);
    EXPECT_EQ(json["n_tensors"], 9);
    EXPECT_EQ(json["tensors"][0]["part"], 2);
    EXPECT_EQ(json["tensors"][8]["part"], 4);
    EXPECT_TRUE(json["missing_tensors"].is_null());
    const CliResult big = runCli({"inspect", "--json", "--keys", (folder / "big.gguf").string()});
    ASSERT_EQ(big.code, 0) << big.err;
    EXPECT_EQ(big.json()["byte_order"], "big");
    EXPECT_EQ(big.json()["parts"].size(), 1U);
    EXPECT_THAT(runCli({"inspect", (folder / "big.gguf").string()}).out,
                HasSubstr("byte order            big-endian\n"));
    const auto alone = freshFolder("alone") / "split-00002-of-00004.gguf";
    std::filesystem::copy_file(folder / "split-00002-of-00004.gguf", alone);
    const CliResult missing = runCli({"inspect", alone.string()});
    EXPECT_EQ(missing.code, 3);
    EXPECT_THAT(missing.err, HasSubstr("3 are missing beside this one: split-00001-of-00004.gguf, "));
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
    EXPECT_EQ(runCli({"bench", "--weights", "Q4_K,Q9_Z"}).code, 2);
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
