// SPDX-License-Identifier: Apache-2.0
// Goldens that exercise nothing prove nothing: every integer and flag among the keys of the tiny models, changed as
// little as a file may have it, moves the logits of the exact reference, or the file is refused with an error that says
// where. Float keys: architecture_perturbation_test.cpp.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include "engine/model/registry.h"
#include "engine/reference/attention.h"
#include "engine/reference/forward.h"
#include "tests/support/golden_index.h"
#include "tests/support/shared_files.h"

namespace kvscope {
namespace {

constexpr double kMoved = 1e-6;
constexpr std::size_t kTokens = 40, kTokensOfLongBlocks = 134;

using Bytes = std::vector<std::byte>;

/// Keys that may be changed without effect: lengths that only describe (a context length counts where a scaling of
/// rotations asks for it), and the window of architectures that ignore it, with a note to the user (as llama.cpp does).
bool onlyDescribes(const std::string& key, const gguf::File& file) {
    if (key == "llama.attention.sliding_window" || key == "phi3.attention.sliding_window") return true;
    // the rows of latent attention follow from its rank and the rotated part
    if (key == "deepseek2.attention.head_count_kv") return true;
    const bool latent = file.find("deepseek2.attention.key_length_mla") != nullptr;
    if (latent && (key == "deepseek2.attention.key_length" || key == "deepseek2.attention.value_length")) return true;
    return key.ends_with(".context_length") || key.ends_with(".vocab_size");
}

class PerturbedKeys : public testing::TestWithParam<test::GoldenModel> {
  protected:
    void SetUp() override {
        if (model::findArchitecture(GetParam().architecture) == nullptr) {
            GTEST_SKIP() << "the architecture " << GetParam().architecture << " is not built in";
        }
        std::ifstream in(test::goldenFile(GetParam().name + ".gguf"), std::ios::binary);
        const std::vector<char> read{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        original.resize(read.size());
        std::memcpy(original.data(), read.data(), read.size());
        file.emplace(*gguf::File::fromBytes(original, GetParam().name));
        const auto program = *model::buildProgram(*file);
        layers = program.hparams.nLayers;
        tokens = GetParam().tokens;
        const bool longBlocks = std::ranges::count(program.hparams.compressRatios, 128U) > 0;
        tokens.resize(std::min(tokens.size(), longBlocks ? kTokensOfLongBlocks : kTokens));
        expected = *logitsOf(original);
    }
    /// Of the last token; nothing when the file is refused, and then why.
    std::optional<std::vector<float>> logitsOf(const Bytes& bytes) {
        refusal.clear();
        const auto refuse = [&](const Error& error) {
            refusal = error.text();
            return std::nullopt;
        };
        const auto changed = gguf::File::fromBytes(bytes, GetParam().name);
        if (!changed) return refuse(changed.error());
        const auto built = model::buildProgram(*changed);
        if (!built) return refuse(built.error());
        auto forward = reference::Forward::create(*changed, *built);
        if (!forward) return refuse(forward.error());
        auto result = forward->run(tokens, {.allLogits = false});
        if (!result) return refuse(result.error());
        return result->logits;
    }
    /// The outcome of one change: how far the logits moved, or nothing when it was refused.
    std::optional<double> movedBy(const gguf::KeyValue& key, std::size_t element, std::uint32_t value) {
        const bool list = key.type == gguf::ValueType::Array;
        const gguf::ValueType type = list ? key.elementType : key.type;
        const std::size_t size = type == gguf::ValueType::Bool ? 1 : 4;
        Bytes changed = original;
        // behind the key's length and text, and the type (and an array's element type and count)
        const std::size_t at = key.fileOffset + 8 + key.key.size() + 4 + (list ? 12 : 0) + element * size;
        std::memcpy(changed.data() + at, &value, size);
        const auto logits = logitsOf(changed);
        if (!logits) return std::nullopt;
        return logits->size() == expected.size() ? reference::relativeL2(*logits, expected) : 1.0;
    }
    void check(const gguf::KeyValue& key, std::size_t element);

    Bytes original;
    std::optional<gguf::File> file;
    std::size_t layers = 0;
    std::vector<std::int32_t> tokens;
    std::vector<float> expected;
    std::string refusal;
};

void PerturbedKeys::check(const gguf::KeyValue& key, std::size_t element) {
    const bool list = key.type == gguf::ValueType::Array;
    const bool flag = (list ? key.elementType : key.type) == gguf::ValueType::Bool;
    std::uint32_t value = 0;
    std::memcpy(&value, key.payload.data() + element * (flag ? 1 : 4), flag ? 1 : 4);
    std::vector<std::uint32_t> candidates{value + 1, value - 1, value * 2, value / 2, value * 8};
    if (flag) candidates = {value == 0 ? 1U : 0U};
    bool loaded = false;
    for (const std::uint32_t candidate : candidates) {
        if (candidate == value || candidate > 0x7FFFFFFFU) continue;
        const auto moved = movedBy(key, element, candidate);
        if (!moved) {
            EXPECT_THAT(refusal, testing::HasSubstr(GetParam().name)) << key.key;
            EXPECT_GT(refusal.size(), GetParam().name.size() + 20) << key.key;
            continue;
        }
        loaded = true;
        if (*moved > kMoved) return;
    }
    EXPECT_FALSE(loaded) << key.key << "[" << element << "] = " << value << ": no change that loads moves the logits";
}

TEST_P(PerturbedKeys, EachIntegerAndFlagMovesTheLogitsOrIsRefused) {
    for (const gguf::KeyValue& key : file->keys()) {
        const gguf::ValueType type = key.type == gguf::ValueType::Array ? key.elementType : key.type;
        const bool tried =
            type == gguf::ValueType::Uint32 || type == gguf::ValueType::Int32 || type == gguf::ValueType::Bool;
        if (!tried || !key.key.starts_with(GetParam().architecture + ".")) continue;
        if (onlyDescribes(key.key, *file)) continue;
        // a list may be longer than the model: the rest is about layers that predict further tokens
        const bool list = key.type == gguf::ValueType::Array;
        const std::size_t count = list ? std::min<std::size_t>(key.count, layers) : 1;
        for (std::size_t element = 0; element < count; ++element) check(key, element);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, PerturbedKeys, testing::ValuesIn(test::goldenModels()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace kvscope
