// SPDX-License-Identifier: Apache-2.0
// Goldens that exercise nothing prove nothing: every tensor and every float key of the tiny models of all
// architectures, changed by 1 %, must move the logits of the exact reference.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include "engine/model/registry.h"
#include "engine/reference/attention.h"
#include "engine/reference/forward.h"
#include "tests/support/golden_index.h"
#include "tests/support/shared_files.h"

namespace kvscope {
namespace {

/// Well above the reference's own error (rows are rounded to f32).
constexpr double kMoved = 1e-6;
/// Enough for windows of 8 tokens and for selections.
constexpr std::size_t kTokens = 40;
/// The same where blocks of 128 tokens are pooled.
constexpr std::size_t kTokensOfLongBlocks = 134;

using Bytes = std::vector<std::byte>;

/// What only decides which experts or rows are chosen, which 1 % need not change: it is negated instead.
bool onlySelects(std::string_view name) {
    return name.find("exp_probs_b") != std::string_view::npos || name.find(".indexer") != std::string_view::npos;
}

/// What gives a direction alone, its length being set to another's or to 1 twice: every second value is changed.
bool onlyTurns(std::string_view name) {
    return name == "altup_proj.weight" || name == "altup_unembd_proj.weight" || name.ends_with("attn_q_a.weight");
}

void scaleFloats(Bytes& bytes, std::size_t offset, std::size_t count, float factor, std::size_t step = 1) {
    for (std::size_t i = 0; i < count; i += step) {
        float value = 0;
        std::memcpy(&value, bytes.data() + offset + i * 4, 4);
        value *= factor;
        std::memcpy(bytes.data() + offset + i * 4, &value, 4);
    }
}

/// Each number of a table of experts becomes the next one's.
void turnIndices(Bytes& bytes, const gguf::TensorInfo& tensor, std::uint32_t experts) {
    for (std::size_t i = 0; i < tensor.values(); ++i) {
        std::uint32_t value = 0;
        std::memcpy(&value, bytes.data() + tensor.offset + i * 4, 4);
        value = (value + 1) % experts;
        std::memcpy(bytes.data() + tensor.offset + i * 4, &value, 4);
    }
}

class Perturbed : public testing::TestWithParam<test::GoldenModel> {
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
        program = *model::buildProgram(*file);
        expected = logitsOf(original, kTokens);
    }

    [[nodiscard]] std::vector<float> logitsOf(const Bytes& bytes, std::size_t count) const {
        const auto changed = gguf::File::fromBytes(bytes, GetParam().name);
        if (!changed) throw std::runtime_error(changed.error().text());
        const auto built = model::buildProgram(*changed);
        if (!built) throw std::runtime_error(built.error().text());
        auto forward = reference::Forward::create(*changed, *built);
        if (!forward) throw std::runtime_error(forward.error().text());
        const std::vector<std::int32_t>& tokens = GetParam().tokens;
        return forward->run(std::span(tokens).first(std::min(tokens.size(), count)))->logits;
    }
    [[nodiscard]] double movedBy(const Bytes& bytes) const {
        return reference::relativeL2(logitsOf(bytes, kTokens), expected);
    }
    /// The same with blocks of 128 tokens.
    [[nodiscard]] double movedInLongBlocks(const Bytes& bytes) const {
        const std::vector<float> longer = logitsOf(original, kTokensOfLongBlocks);
        return reference::relativeL2(logitsOf(bytes, kTokensOfLongBlocks), longer);
    }
    [[nodiscard]] bool operationReads(const gguf::TensorInfo& tensor) const {
        const auto index = static_cast<std::int32_t>(&tensor - file->tensors().data());
        return std::ranges::any_of(program.used, [=](model::TensorRef ref) { return ref.index == index; });
    }

    /// They rotate by a base of their own.
    [[nodiscard]] bool everyLayerCompresses() const {
        const auto& ratios = program.hparams.compressRatios;
        return !ratios.empty() && std::ranges::count(ratios, 0U) == 0;
    }

    Bytes original;
    std::optional<gguf::File> file;
    model::Program program;
    std::vector<float> expected;
};

TEST_P(Perturbed, EachTensorMovesTheLogits) {
    std::size_t still = 0;
    for (const gguf::TensorInfo& tensor : file->tensors()) {
        Bytes changed = original;
        if (tensor.type == gguf::TensorType::I32) {
            const auto experts = file->readUint(GetParam().architecture + ".expert_count");
            turnIndices(changed, tensor, static_cast<std::uint32_t>(experts->value()));
        } else {
            ASSERT_EQ(tensor.type, gguf::TensorType::F32) << tensor.name;
            const float factor = onlySelects(tensor.name) ? -1.0F : 1.01F;
            scaleFloats(changed, tensor.offset, tensor.values(), factor, onlyTurns(tensor.name) ? 2 : 1);
        }
        double moved = movedBy(changed);
        if (moved == 0 && tensor.name.find("compressor") != std::string::npos) moved = movedInLongBlocks(changed);
        if (operationReads(tensor) || moved != 0) {
            EXPECT_GT(moved, kMoved) << tensor.name;
        } else {
            ++still;
        }
    }
    // What does not move them is what the program says it does not use.
    std::size_t unused = 0;
    for (const std::string& warning : program.warnings) {
        if (warning.starts_with("one tensor is not used")) unused += 1;
        if (warning.find("tensors are not used") != std::string::npos) unused += std::stoul(warning);
    }
    EXPECT_EQ(still, unused);
}

/// The change of a key. Bounds of yarn pass through floor and ceil, so 1 % may do nothing; a count of layers that is
/// stored as a float has no neighbour.
float keyFactor(std::string_view key) {
    if (key.ends_with("yarn_beta_fast")) return 0.1F;
    if (key.ends_with("yarn_beta_slow")) return 4.0F;
    return key.ends_with("shared_kv_layers") ? 1.0F : 1.01F;
}

TEST_P(Perturbed, EachFloatKeyMovesTheLogits) {
    for (const gguf::KeyValue& key : file->keys()) {
        const bool list = key.type == gguf::ValueType::Array;
        if ((list ? key.elementType : key.type) != gguf::ValueType::Float32) continue;
        if (!key.key.starts_with(GetParam().architecture + ".")) continue;
        const float factor = keyFactor(key.key);
        if (factor == 1 || (key.key.ends_with(".rope.freq_base") && everyLayerCompresses())) continue;
        Bytes changed = original;
        // behind the key's length and text, and the type (and an array's element type and count)
        const std::size_t at = key.fileOffset + 8 + key.key.size() + 4 + (list ? 12 : 0);
        scaleFloats(changed, at, key.count, factor);
        if (changed == original) continue;  // 0: the option is off
        EXPECT_GT(movedBy(changed), kMoved) << key.key;
    }
}

INSTANTIATE_TEST_SUITE_P(Models, Perturbed, testing::ValuesIn(test::goldenModels()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace kvscope
