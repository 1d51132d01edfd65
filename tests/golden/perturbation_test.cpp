// SPDX-License-Identifier: Apache-2.0
// Goldens that exercise nothing prove nothing: every tensor and every used key of the tiny models, changed by 1 %, must
// move the logits.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/reference/attention.h"
#include "engine/reference/forward.h"
#include "tests/support/golden.h"
#include "tests/support/shared_files.h"

namespace kvscope {
namespace {

/// Far above the reference's own error (below 1e-6), far below what a change of 1 % does.
constexpr double kMoved = 1e-5;

using Bytes = std::vector<char>;

Bytes readBytes(const std::string& name) {
    std::ifstream in(test::goldenFile(name + ".gguf"), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Runs a changed copy of a model on the golden tokens; empty when the file is refused.
std::vector<float> logitsOf(const Bytes& bytes) {
    const std::filesystem::path path =
        std::filesystem::path(testing::TempDir()) / fmt::format("kvscope_perturbed_{}.gguf", ::getpid());
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    std::vector<float> logits;
    auto file = gguf::File::open(path);
    auto program = file ? model::buildProgram(*file) : Result<model::Program>(std::unexpected(file.error()));
    if (program) {
        auto forward = reference::Forward::create(*file, *program);
        std::vector<std::int32_t> tokens;
        for (std::int32_t i = 0; i < 24; ++i) tokens.push_back((7 * i * i + 11 * i + 3) % 96);
        if (forward) logits = forward->run(tokens)->logits;
    } else {
        ADD_FAILURE() << program.error().text();
    }
    std::filesystem::remove(path);
    return logits;
}

double movedBy(const std::string& name, const Bytes& bytes) {
    const std::vector<float> expected = test::readFloats(test::goldenFile(name + ".logits"));
    const std::vector<float> got = logitsOf(bytes);
    return got.size() == expected.size() ? reference::relativeL2(got, expected) : 0;
}

void scaleFloats(Bytes& bytes, std::size_t offset, std::size_t count, float factor) {
    for (std::size_t i = 0; i < count; ++i) {
        float value = 0;
        std::memcpy(&value, bytes.data() + offset + i * 4, 4);
        value *= factor;
        std::memcpy(bytes.data() + offset + i * 4, &value, 4);
    }
}

/// Where a scalar's four bytes stand: behind the key's text and the u32 type.
std::size_t valueOffset(const Bytes& bytes, const std::string& key) {
    const std::string_view text(bytes.data(), bytes.size());
    const std::size_t found = text.find(key + std::string(1, '\x06') + std::string(3, '\0'));
    const std::size_t foundUint = text.find(key + std::string(1, '\x04') + std::string(3, '\0'));
    const std::size_t at = std::min(found, foundUint);
    EXPECT_NE(at, std::string_view::npos) << key;
    return at + key.size() + 4;
}

class Tensors : public testing::TestWithParam<std::string> {};

TEST_P(Tensors, EachMovesTheLogits) {
    const Bytes original = readBytes(GetParam());
    auto file = gguf::File::open(test::goldenFile(GetParam() + ".gguf"));
    ASSERT_TRUE(file);
    for (const gguf::TensorInfo& tensor : file->tensors()) {
        ASSERT_EQ(tensor.type, gguf::TensorType::F32);
        Bytes changed = original;
        scaleFloats(changed, tensor.offset, tensor.values(), 1.01F);
        EXPECT_GT(movedBy(GetParam(), changed), kMoved) << tensor.name;
    }
}

INSTANTIATE_TEST_SUITE_P(F32, Tensors, testing::Values("gqa_f32_rope_freqs", "mha_f32_biases_linear"),
                         [](const auto& instance) { return instance.param; });

TEST(Keys, EachFloatMovesTheLogits) {
    const std::pair<const char*, const char*> cases[] = {
        {"gqa_f32_rope_freqs", "llama.attention.layer_norm_rms_epsilon"},
        {"mha_f32_biases_linear", "llama.rope.scaling.factor"},
        {"gqa_bf16_fused_yarn", "llama.rope.scaling.factor"},
        {"gqa_bf16_fused_yarn", "llama.rope.freq_base"},
        {"gqa_q4_0_yarn_log", "llama.rope.scaling.yarn_log_multiplier"},
        {"gqa_q4_0_yarn_log", "llama.rope.scaling.attn_factor"},
        {"gqa_q4_1_longrope", "llama.rope.scaling.attn_factor"},
    };
    for (const auto& [name, key] : cases) {
        Bytes changed = readBytes(name);
        scaleFloats(changed, valueOffset(changed, key), 1, 1.01F);
        EXPECT_GT(movedBy(name, changed), kMoved) << name << " " << key;
    }
}

TEST(Keys, YarnBoundsMoveTheLogits) {  // they pass through floor and ceil, so 1 % may do nothing
    for (const auto& [key, factor] :
         {std::pair("llama.rope.scaling.yarn_beta_fast", 0.1F), std::pair("llama.rope.scaling.yarn_beta_slow", 4.0F)}) {
        Bytes changed = readBytes("gqa_bf16_fused_yarn");
        scaleFloats(changed, valueOffset(changed, key), 1, factor);
        EXPECT_GT(movedBy("gqa_bf16_fused_yarn", changed), kMoved) << key;
    }
}

TEST(Keys, IntegersMoveTheLogits) {
    struct Case {
        const char* name;
        const char* key;
        std::uint32_t value;
    };
    const Case cases[] = {{"gqa_bf16_fused_yarn", "llama.rope.scaling.original_context_length", 128},
                          {"gqa_q4_1_longrope", "llama.rope.scaling.original_context_length", 128},
                          {"gqa_q4_1_longrope", "llama.context_length", 16},
                          {"gqa_q8_0_arrays", "llama.rope.dimension_count", 10}};
    for (const Case& c : cases) {
        Bytes changed = readBytes(c.name);
        std::memcpy(changed.data() + valueOffset(changed, c.key), &c.value, 4);
        EXPECT_GT(movedBy(c.name, changed), kMoved) << c.name << " " << c.key;
    }
}

}  // namespace
}  // namespace kvscope
