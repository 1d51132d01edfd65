// SPDX-License-Identifier: Apache-2.0
// The commands that run a model, against figures of llama.cpp where the model is published.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/app/cli/child.h"
#include "tests/support/shared_files.h"

namespace kvscope::test {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

const std::vector<std::string> kShort{"run", "--json", "-n", "8", "--prompt", "And God said"};

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

Json expectOk(const std::vector<std::string>& arguments) {
    const CliResult result = runCli(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.code == 0 ? result.json() : Json::object();
}

TEST(CliRun, GreedyTextOfThePublishedModel) {
    const auto model = sharedFile("models/stories260K-f32.gguf");
    if (!model) GTEST_SKIP() << "models/stories260K-f32.gguf is not in the shared folder";
    const Json json = expectOk({"run", "--json", "--model", model->string(), "--prompt", "Once upon a time", "-n", "64",
                                "--temperature", "0", "--policy", "exact"});
    EXPECT_EQ(json["prompt_tokens"], (Json{1, 403, 407, 261, 378}));
    EXPECT_EQ(json["tokens"].size(), 64U);
    EXPECT_EQ(json["text"],
              ", there was a little girl named Lily. She loved to play outside in the park. One day, she saw "
              "a big, red ball. She wanted to play with it, but it was too high.\nLily's mom said");
    EXPECT_EQ(json["policy_requested"], "exact");
    EXPECT_EQ(json["policy_effective"], "exact");
    EXPECT_EQ(json["policy_acted"], false);
    // 5 + 64 rows in f32: twice the 640 bytes a token of f16
    EXPECT_EQ(json["cache_bytes"], 69 * 1280);
    EXPECT_EQ(json["cache_bytes_native_f16"], 69 * 640);
    EXPECT_EQ(json["cache_bytes_mha_f16"], 69 * 1280);
    EXPECT_GT(json["decode_tokens_per_s"], 0.0);
    EXPECT_GT(json["prefill_tokens_per_s"], 0.0);
    EXPECT_EQ(json["submissions_per_token"], 1.0);
    EXPECT_TRUE(json["error"].is_null());
    EXPECT_TRUE(json["lane"].is_null());
}

TEST(CliPerplexity, FiguresOfLlamaCpp) {
    const auto model = sharedFile("models/stories260K-f32.gguf");
    const auto story = sharedFile("models/story.txt");
    if (!model || !story) GTEST_SKIP() << "models/stories260K-f32.gguf and story.txt are not in the shared folder";
    const std::vector<std::string> call{"perplexity", "--json",        "--model", model->string(),
                                        "--file",     story->string(), "--chunk", "256"};
    const Json exact = expectOk(with(call, {"--policy", "exact"}));
    EXPECT_NEAR(exact["perplexity"].get<double>(), 3.3152, 0.0002);
    EXPECT_EQ(exact["tokens_scored"], 4 * 127);
    EXPECT_EQ(exact["chunks"], 4);
    const Json half = expectOk(with(call, {"--policy", "encode=f16", "--exact-lane"}));
    EXPECT_NEAR(half["perplexity"].get<double>(), 3.3146, 0.0005);
    EXPECT_NEAR(half["lane"]["perplexity_exact"].get<double>(), exact["perplexity"].get<double>(), 1e-9);
    EXPECT_LT(half["lane"]["kl_mean"], 1e-4);
    const Json kept = expectOk(with(call, {"--policy", "encode=f32 keep=sinks(4)+window(64)"}));
    EXPECT_EQ(kept["policy_acted"], true);
    EXPECT_EQ(kept["one_token_a_step_from"], 128);
    EXPECT_EQ(kept["tokens_scored"], 4 * 127);
    const Json idle = expectOk(with(call, {"--policy", "encode=f32 keep=sinks(4)+window(300)", "--exact-lane"}));
    EXPECT_EQ(idle["policy_acted"], false);
    EXPECT_EQ(idle["lane"]["kl_max"], 0.0);
    EXPECT_EQ(idle["perplexity"], exact["perplexity"]);
}

TEST(CliRun, BundledModelUnderAPolicyBesideExact) {
    const Json json = expectOk(with(kShort, {"--policy", "encode=q8_0 keep=sinks(2)+window(6)", "--exact-lane",
                                             "--errors-every", "2", "--kernel-times", "--seed", "7"}));
    EXPECT_EQ(json["tokens"].size(), 8U);
    EXPECT_EQ(json["policy_acted"], true);
    EXPECT_EQ(json["cache_rows"], 6 * 4 * 8);
    EXPECT_EQ(json["cache_bytes"], 6 * 4 * 8 * 2 * 34);  // q8_0: 34 bytes for 32 values, K and V
    EXPECT_EQ(json["seed"], 7);
    EXPECT_EQ(json["math"], "precise");
    EXPECT_GT(json["lane"]["count"], 0);
    EXPECT_GT(json["error"]["error_rel_l2"]["count"], 0);
    EXPECT_GT(json["traffic_bytes_per_token"]["weights"]["read_unique"], 4e6 * 0.8);
    EXPECT_GT(json["kernels"][0]["gpu_ns"], 0);
    EXPECT_GT(json["host_us_per_token"], 0.0);
}

TEST(CliRun, SeveralSequencesEqualTheirOwnRuns) {
    const auto folder = freshFolder("several");
    writeFile(folder / "p.jsonl", "{\"prompt\": \"And God said\"}\n\n{\"prompt\": \"Let there be\"}\n");
    const Json both = expectOk({"run", "--json", "-n", "8", "--prompts", (folder / "p.jsonl").string()});
    ASSERT_EQ(both["sequences"].size(), 2U);
    EXPECT_EQ(both["sequences"][0]["tokens"], expectOk(kShort)["tokens"]);
    EXPECT_EQ(both["sequences"][1]["tokens"],
              expectOk({"run", "--json", "-n", "8", "--prompt", "Let there be"})["tokens"]);
    writeFile(folder / "bad.jsonl", "{\"prompt\": 3}\n");
    const CliResult bad = runCli({"run", "--prompts", (folder / "bad.jsonl").string()});
    EXPECT_EQ(bad.code, 3);
    EXPECT_THAT(bad.err, HasSubstr("line 1"));
}

TEST(CliRun, AliasesOfLlamaCpp) {
    EXPECT_EQ(expectOk(with(kShort, {"-ctk", "q8_0", "-ctv", "q4_0"}))["policy_effective"],
              expectOk(with(kShort, {"--policy", "encode=k:q8_0,v:q4_0"}))["policy_effective"]);
}

TEST(CliExport, RecordedRunRoundTrip) {
    const auto folder = freshFolder("export");
    const std::string trace = (folder / "run.kvtrace").string();
    const Json run = expectOk(
        with(kShort, {"--policy", "encode=f16", "--policy-at", "4:keep=sinks(1)+window(4)", "--record", trace}));
    EXPECT_EQ(run["policy_switches"], 1);
    EXPECT_EQ(run["policy_at_end"], "keep=sinks(1)+window(4)");
    const Json csv = expectOk({"export", "--json", trace, "--format", "csv", "-o", (folder / "csv").string()});
    EXPECT_EQ(csv["steps"], run["steps"]);
    EXPECT_EQ(csv["complete"], true);
    EXPECT_EQ(csv["files"].size(), 10U);
    EXPECT_THAT(readFile(folder / "csv" / "decisions.csv"), HasSubstr("policy_switch"));
    const CliResult lines = runCli({"export", trace, "-f", "jsonl", "-o", (folder / "run.jsonl").string()});
    ASSERT_EQ(lines.code, 0) << lines.err;
    std::istringstream file(readFile(folder / "run.jsonl"));
    std::map<std::string, int> types;
    std::vector<int> tokens;
    for (std::string line; std::getline(file, line);) {
        const Json json = Json::parse(line, nullptr, false);
        ASSERT_TRUE(json.is_object()) << line;
        ++types[json["type"].get<std::string>()];
        if (json["type"] == "token" && json["generated"] == true) tokens.push_back(json["token"].get<int>());
    }
    EXPECT_EQ(types["run"], 1);
    EXPECT_EQ(types["step"], run["steps"].get<int>());
    EXPECT_EQ(types["policy_switch"], 1);
    EXPECT_EQ(Json(tokens), run["tokens"]);
}

TEST(CliRun, InterruptLeavesAReadableTraceAndExitCode130) {
    const auto folder = freshFolder("interrupt");
    const auto trace = folder / "run.kvtrace";
    const CliResult result = runCli({"run", "--json", "-n", "100000", "-c", "100000", "--record", trace.string()},
                                    {.environment = {}, .interruptAfterMs = 2000, .interruptWhenFile = trace});
    EXPECT_EQ(result.code, 130) << result.err;
    EXPECT_EQ(result.json()["interrupted"], true);
    const CliResult csv = runCli({"export", "--json", trace.string(), "-o", (folder / "csv").string()});
    ASSERT_EQ(csv.code, 0) << csv.err;
    EXPECT_EQ(csv.json()["complete"], true);
    EXPECT_EQ(csv.json()["steps"], result.json()["steps"]);
}

TEST(CliDevices, AreListedAndChosenByName) {
    const CliResult list = runCli({"devices", "--json"});
    ASSERT_EQ(list.code, 0) << list.err;
    const Json device = list.json()["devices"][0];
    EXPECT_EQ(expectOk(with(kShort, {"--device", device["name"].get<std::string>()}))["device"]["uuid"],
              device["uuid"]);
    EXPECT_EQ(expectOk(with(kShort, {"--device", device["uuid"].get<std::string>()}))["device"]["name"],
              device["name"]);
    EXPECT_EQ(runCli(with(kShort, {"--device", "no such device"})).code, 4);
}

TEST(CliRun, ValidationLayerIsSilent) {
    const CliResult result = runCli(with(kShort, {"--validation", "--errors-every", "1"}));
    if (result.code != 0 && result.err.find("validation layer:") == std::string::npos) {
        GTEST_SKIP() << "the validation layer is not installed";
    }
    EXPECT_EQ(result.code, 0) << result.err;
}

TEST(CliBench, ShortRunHasItsFields) {
    const Json json =
        expectOk({"bench", "--json", "--depths", "0,32", "-n", "4", "--prefill", "16", "--probe-depth", "32"});
    ASSERT_EQ(json["depths"].size(), 2U);
    for (const Json& depth : json["depths"]) {
        for (const char* phase : {"prefill", "decode"}) {
            EXPECT_EQ(depth[phase]["repeats"].size(), 5U);
            EXPECT_GT(depth[phase]["tokens_per_s"], 0.0);
            EXPECT_GT(depth[phase]["copy_bandwidth_share"], 0.0);
            EXPECT_GT(depth[phase]["bytes_read_unique_per_s"], 0.0);
        }
        EXPECT_GT(depth["decode"]["host_us_per_token"], 0.0);
        EXPECT_EQ(depth["decode"]["submissions_per_token"], 1.0);
    }
    EXPECT_EQ(json["probe_cost"].size(), 4U);
    EXPECT_GT(json["memory"]["peak_private_bytes"], 0);
    EXPECT_GT(json["compile_s"], 0.0);
    EXPECT_GT(json["copy_bytes_per_s"], 0.0);
    EXPECT_EQ(json["weights"], Json::array());
    EXPECT_GT(json["load_s"], 0.0);
    EXPECT_GT(json["cold_read_s"], 0.0);
    EXPECT_EQ(json["cold_read_bytes"], std::filesystem::file_size(kBundled));
}

TEST(CliBench, SpeedByTypeOfWeights) {
    const Json json = expectOk({"bench", "--json", "--weights", "Q4_K,Q8_0"});
    EXPECT_EQ(json["depths"], Json::array());
    const Json& rows = json["weights"];
    ASSERT_EQ(rows.size(), 4U);  // two matrices
    for (const Json& row : rows) {
        const bool k = row["type"] == "Q4_K";  // 144 bytes for 256 weights, or 34 for 32
        const double weights = row["rows"].get<double>() * row["columns"].get<double>();
        EXPECT_EQ(row["bytes"].get<double>(), weights * (k ? 144.0 / 256 : 34.0 / 32));
        EXPECT_GT(row["ns_per_1000_weights"], 0.0);
        EXPECT_GT(row["ratio_to_q8_0"], k ? 0.0 : 0.5);
        EXPECT_LT(row["ratio_to_q8_0"], k ? 20.0 : 2.0);
        EXPECT_NEAR(row["bytes_per_s"].get<double>() * row["ns_per_1000_weights"].get<double>(),
                    1e12 * row["bytes"].get<double>() / weights, 1e12 * 1e-3);
    }
}

}  // namespace
}  // namespace kvscope::test
