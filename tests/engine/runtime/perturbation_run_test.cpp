// SPDX-License-Identifier: Apache-2.0
// Every tensor of the tiny models, changed by 1 %, moves the logits on the device, and just as far as in the reference.
#include <unistd.h>

#include <cstring>

#include "engine/reference/attention.h"
#include "engine/reference/forward.h"
#include "tests/engine/runtime/session_support.h"

namespace kvscope {
namespace {

std::vector<text::TokenId> goldenTokens() {
    std::vector<text::TokenId> tokens;
    for (int i = 0; i < 24; ++i) tokens.push_back((7 * i * i + 11 * i + 3) % 96);
    return tokens;
}

std::vector<char> scaled(const std::vector<char>& original, const gguf::TensorInfo& tensor, float factor) {
    std::vector<char> bytes = original;
    for (std::uint64_t i = 0; i < tensor.values(); ++i) {
        float value = 0;
        std::memcpy(&value, bytes.data() + tensor.offset + i * 4, 4);
        value *= factor;
        std::memcpy(bytes.data() + tensor.offset + i * 4, &value, 4);
    }
    return bytes;
}

std::vector<float> lastLogitsOnDevice(const std::filesystem::path& path) {
    auto engine = runtime::Engine::open(path, {}, {});
    EXPECT_TRUE(engine.has_value()) << (engine ? "" : engine.error().text());
    if (!engine) return {};
    const auto session = test::openSession(**engine, "exact", {.chunk = 16});
    const auto id = session->addSequence(goldenTokens(), {});
    return test::runAll(*session, *id);
}

std::vector<float> lastLogitsInReference(const std::filesystem::path& path) {
    auto file = gguf::File::open(path);
    auto program = model::buildProgram(*file);
    auto forward = reference::Forward::create(*file, *program);
    return forward->run(goldenTokens(), {.allLogits = false})->logits;
}

class PerturbedTensors : public testing::TestWithParam<std::string> {};

TEST_P(PerturbedTensors, MoveTheLogitsOnTheDeviceAsInTheReference) {
    const std::string original = test::goldenData(GetParam() + ".gguf");
    std::ifstream in(original, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const auto file = gguf::File::open(original);
    ASSERT_TRUE(file.has_value());
    const std::vector<float> unchanged = lastLogitsOnDevice(original);
    const auto path = std::filesystem::path(testing::TempDir()) / fmt::format("kvscope_moved_{}.gguf", ::getpid());
    for (const gguf::TensorInfo& tensor : file->tensors()) {
        const std::vector<char> changed = scaled(bytes, tensor, 1.01F);
        std::ofstream(path, std::ios::binary).write(changed.data(), static_cast<std::streamsize>(changed.size()));
        const std::vector<float> ours = lastLogitsOnDevice(path);
        EXPECT_GT(reference::relativeL2(ours, unchanged), 1e-5) << tensor.name;
        EXPECT_LE(reference::relativeL2(ours, lastLogitsInReference(path)), 1e-4) << tensor.name;
    }
    std::filesystem::remove(path);
}

INSTANTIATE_TEST_SUITE_P(F32, PerturbedTensors, testing::Values("gqa_f32_rope_freqs", "mha_f32_biases_linear"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace kvscope
