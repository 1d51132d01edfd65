// SPDX-License-Identifier: Apache-2.0
// `plan`: no device, presets and files, and the same bytes as a run.
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

Json planned(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"plan", "--json"});
    const CliResult result = runCli(arguments, kNoDevice);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.json();
}

TEST(CliPlan, APresetWithoutADevice) {
    const Json json = planned({"--preset", "gemma-4-e2b", "--context", "131072", "--policy", "encode=f16"});
    EXPECT_EQ(json["schema_version"], 1);
    EXPECT_EQ(json["preset"], "gemma-4-e2b");
    EXPECT_TRUE(json["model"].is_null());
    EXPECT_EQ(json["architecture"], "gemma4");
    EXPECT_EQ(json["cache_bytes_total"], 811'597'824);
    EXPECT_EQ(json["bytes_native_f16"], 811'597'824);
    EXPECT_EQ(json["cache_bytes_by_role"]["attention"], 811'597'824);
    EXPECT_EQ(json["per_layer"].size(), 35);
    EXPECT_EQ(json["per_layer"][13]["window"], 512);
    EXPECT_EQ(json["per_layer"][13]["rows"], 512);
    EXPECT_EQ(json["per_layer"][14]["bytes"], 131'072LL * 2 * 512 * 2);
    EXPECT_EQ(json["per_layer"][20]["source"], 13);
    EXPECT_EQ(json["per_layer"][20]["bytes"], 0);
    EXPECT_EQ(json["per_layer"][20]["roles"], Json::array());
    EXPECT_GT(json["per_layer"][20]["bytes_read"], 0);
    EXPECT_TRUE(json["weight_bytes_per_token"].is_null());
    EXPECT_TRUE(json["roofline_tokens_per_s"].is_null());
    ASSERT_EQ(json["by_context"].size(), 11);
    EXPECT_EQ(json["by_context"].front()["context"], 1024);
    EXPECT_EQ(json["by_context"].back()["context"], 1'048'576);
    EXPECT_EQ(json["by_context"][7]["cache_bytes_total"], 811'597'824);
}

TEST(CliPlan, VariantsOfAPreset) {
    const std::vector<std::string> e2b{"--preset", "gemma-4-e2b", "--context", "131072"};
    auto alone = e2b;
    alone.emplace_back("--no-sharing");
    EXPECT_EQ(planned(alone)["cache_bytes_total"], 1'893'728'256);
    auto open = e2b;
    open.emplace_back("--no-windows");
    EXPECT_EQ(planned(open)["cache_bytes_total"], 131'072LL * (6'144 + 12'288));
}

TEST(CliPlan, CompressedRowsByRole) {
    const Json json = planned({"--preset", "deepseek-v4-pro", "--context", "1048576"});
    EXPECT_EQ(json["cache_bytes_total"], 10'334'371'840);
    EXPECT_EQ(json["cache_bytes_by_role"]["compressed"], 8'053'063'680 + 260'046'848);
    EXPECT_EQ(json["cache_bytes_by_role"]["latent"], 7'995'392);
    EXPECT_EQ(json["cache_bytes_by_role"]["index"], 2'013'265'920);
    EXPECT_EQ(json["cache_bytes_per_further_token"], 9'848);
    const Json mixed = planned(
        {"--preset", "deepseek-v4-pro", "--context", "1048576", "--policy", "encode=deepseek-mixed(scales=omitted)"});
    EXPECT_EQ(mixed["cache_bytes_total"], 5'183'938'560);
    EXPECT_EQ(mixed["policy_effective"], "encode=deepseek-mixed(omitted)");
    EXPECT_EQ(mixed["policy_runs"], false);
    EXPECT_EQ(planned({"--preset", "deepseek-v3.2", "--context", "1048576"})["cache_bytes_total"], 90'060'095'488);
}

TEST(CliPlan, TheRooflineOfAFile) {
    const Json json = planned({"--model", kBundled, "--policy", "exact", "--bandwidth", "100"});
    EXPECT_EQ(json["context"], 2048);
    EXPECT_EQ(json["cache_bytes_total"], 6'144 * 2048);
    EXPECT_EQ(json["bandwidth_from"], "given");
    const double bytes = json["weight_bytes_per_token"].get<double>() + 6'144.0 * 2048;
    EXPECT_NEAR(json["roofline_tokens_per_s"].get<double>(), 100e9 / bytes, 1e-6 * 100e9 / bytes);
    EXPECT_EQ(json["roofline_limit"], "bandwidth");
    const Json given = planned(
        {"--preset", "llama-3.1-8b", "--context", "1000", "--bandwidth", "100", "--weights-bytes", "8000000000"});
    EXPECT_NEAR(given["roofline_tokens_per_s"].get<double>(), 100e9 / 8'131'072'000.0, 1e-6);
}

TEST(CliPlan, ThePublishedSmallModel) {
    const auto model = sharedFile("models/stories260K-f32.gguf");
    if (!model) GTEST_SKIP() << "models/stories260K-f32.gguf is not in the shared folder";
    EXPECT_EQ(planned({"--model", model->string(), "--context", "512"})["cache_bytes_total"], 640 * 512);
    const CliResult refused = runCli({"plan", "--model", model->string(), "--policy", "encode=q8_0"}, kNoDevice);
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("blocks of 32"));
}

TEST(CliPlan, TextNamesWhatIsUnknown) {
    const CliResult result =
        runCli({"plan", "--preset", "deepseek-v4-flash", "--context", "131072,1048576"}, kNoDevice);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("907411456 B"));
    EXPECT_THAT(result.out, HasSubstr("weights read by it        unknown"));
    EXPECT_THAT(result.out, HasSubstr("1048576"));
}

TEST(CliPlan, MistakesHaveTheirExitCodes) {
    const auto code = [](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "plan");
        const CliResult result = runCli(arguments, kNoDevice);
        EXPECT_EQ(result.out, "");
        EXPECT_NE(result.err, "");
        return result.code;
    };
    EXPECT_EQ(code({"--preset", "gpt-5"}), 2);
    EXPECT_EQ(code({"--preset", "gemma-4-12b"}), 2) << "its own context is not known";
    EXPECT_EQ(code({"--preset", "llama-3.1-8b", "--model", kBundled}), 2);
    EXPECT_EQ(code({"--preset", "llama-3.1-8b", "--context", "0"}), 2);
    EXPECT_EQ(code({"--preset", "llama-3.1-8b", "--context", "many"}), 2);
    EXPECT_EQ(code({"--preset", "llama-3.1-8b", "--policy", "encode=q9"}), 2);
    EXPECT_EQ(code({"--preset", "deepseek-v4-pro", "--policy", "keep=window(256)"}), 2);
    EXPECT_EQ(code({"--preset", "llama-3.1-8b", "--bandwidth", "nan"}), 2);
    EXPECT_EQ(code({"--preset", "llama-3.1-8b", "--bandwidth", "10", "--device", "0"}), 2);
    EXPECT_EQ(code({"--preset", "llama-3.1-8b", "--device", "0"}), 4);
    const auto folder = freshFolder("plan");
    writeFile(folder / "43.gguf", "GGUF" + std::string(39, '\x03'));
    EXPECT_EQ(code({"--model", (folder / "43.gguf").string()}), 3);
    EXPECT_EQ(code({"--model", (folder / "absent.gguf").string()}), 3);
    gguf::Writer writer;
    writer.addString("general.architecture", "quux");
    ASSERT_TRUE(writer.write(folder / "quux.gguf"));
    EXPECT_EQ(code({"--model", (folder / "quux.gguf").string()}), 3);
}

/// Tokens of the prompt are prefilled in chunks, as a plan assumes with --prompt-tokens.
TEST(CliPlan, AllocatesWhatARunAllocates) {
    if (runCli({"devices"}).code != 0) GTEST_SKIP() << "there is no Vulkan device";
    const std::string words = std::string(KVSCOPE_SOURCE_DIR) + "/resources/texts/ruth-1.txt";
    const auto folder = freshFolder("plan-run");
    writeFile(folder / "prompt.txt", readFile(words).substr(0, 1500));
    for (const char* policy : {"exact", "encode=k:q8_0,v:q4_0", "encode=f16 keep=sinks(4)+window(100)"}) {
        const CliResult run =
            runCli({"run", "--json", "--model", kBundled, "--prompt-file", (folder / "prompt.txt").string(), "-n", "40",
                    "--temperature", "0", "--context", "2048", "--policy", policy});
        ASSERT_EQ(run.code, 0) << run.err;
        const std::size_t prompt = run.json()["prompt_tokens"].size();
        const std::size_t tokens = prompt + run.json()["tokens"].size();
        const Json plan = planned({"--model", kBundled, "--context", std::to_string(tokens), "--run-context", "2048",
                                   "--prompt-tokens", std::to_string(prompt), "--policy", policy});
        EXPECT_EQ(plan["cache_bytes_allocated"], run.json()["cache_bytes_allocated"]) << policy;
        EXPECT_EQ(plan["cache_bytes_index"], run.json()["cache_bytes_index"]) << policy;
        EXPECT_EQ(plan["cache_bytes_total"], run.json()["cache_bytes"]) << policy;
        EXPECT_EQ(plan["bytes_native_f16"], run.json()["cache_bytes_native_f16"]) << policy;
        EXPECT_EQ(plan["bytes_mha_f16"], run.json()["cache_bytes_mha_f16"]) << policy;
    }
}

}  // namespace
}  // namespace kvscope::test
