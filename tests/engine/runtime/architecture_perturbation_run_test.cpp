// SPDX-License-Identifier: Apache-2.0
// Each kind of tensor of some tiny models, changed by 1 % element by element, and each number among their keys move the
// last logits on the device, and just as far as in the reference. All tensors and keys of all models, in the reference:
// tests/golden/architecture_perturbation_test.cpp and key_perturbation_test.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "engine/base/rng.h"
#include "engine/reference/attention.h"
#include "engine/reference/forward.h"
#include "engine/runtime/engine_impl.h"
#include "tests/engine/runtime/session_support.h"
#include "tests/support/golden_models.h"

namespace kvscope {
namespace {

constexpr double kMoved = 1e-5;
/// Enough for windows of 8 tokens and for selections; blocks of 128 tokens need more.
constexpr std::size_t kTokens = 40, kTokensOfLongBlocks = 134;

using Bytes = std::vector<std::byte>;

/// What only decides which experts or rows are chosen, which 1 % need not change: it becomes large, of the other sign.
bool onlySelects(std::string_view name) {
    return name.find("exp_probs_b") != std::string_view::npos || name.find(".indexer") != std::string_view::npos;
}

Bytes changedCopy(const Bytes& original, const gguf::TensorInfo& tensor, std::uint32_t experts) {
    Bytes bytes = original;
    Rng rng(tensor.offset);
    for (std::uint64_t i = 0; i < tensor.values(); ++i) {
        std::byte* at = bytes.data() + tensor.offset + i * 4;
        if (tensor.type == gguf::TensorType::I32) {  // a table of experts: the next one
            std::uint32_t id = 0;
            std::memcpy(&id, at, 4);
            id = (id + 1) % experts;
            std::memcpy(at, &id, 4);
            continue;
        }
        float value = 0;
        std::memcpy(&value, at, 4);
        // of a single number before a norm only epsilon keeps it from cancelling: it is doubled
        const float signs = (rng.next() & 1U) != 0 ? 1.01F : 0.99F;
        value *= onlySelects(tensor.name) ? -8.0F : tensor.values() == 1 ? 2.0F : signs;
        std::memcpy(at, &value, 4);
    }
    return bytes;
}

/// The first and the last tensor of each kind: "blk.3.attn_q.weight" is of the kind "attn_q.weight".
std::vector<const gguf::TensorInfo*> representatives(const gguf::File& file) {
    std::map<std::string, std::pair<const gguf::TensorInfo*, const gguf::TensorInfo*>> kinds;
    for (const gguf::TensorInfo& tensor : file.tensors()) {
        std::string kind = tensor.name;
        if (kind.starts_with("blk.")) kind = kind.substr(kind.find('.', 4) + 1);
        const auto [found, added] = kinds.try_emplace(kind, &tensor, &tensor);
        if (!added) found->second.second = &tensor;
    }
    std::set<const gguf::TensorInfo*> chosen;
    for (const auto& [kind, both] : kinds) chosen.insert({both.first, both.second});
    return {chosen.begin(), chosen.end()};
}

class PerturbedArchitecture : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        const auto all = test::goldenModels();
        golden = *std::ranges::find(all, std::string(GetParam()), &test::GoldenModel::name);
        std::ifstream in(golden.file(), std::ios::binary);
        const std::vector<char> read{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        original.resize(read.size());
        std::memcpy(original.data(), read.data(), read.size());
        engine = test::openEngine(golden.file());
        ASSERT_NE(engine, nullptr);
        const bool longBlocks = std::ranges::count(engine->program().hparams.compressRatios, 128U) > 0;
        tokens = golden.tokens;
        tokens.resize(std::min(tokens.size(), longBlocks ? kTokensOfLongBlocks : kTokens));
    }
    /// The last logits after this file took the place of the engine's: compiled kernels stay.
    std::vector<float> onDevice(const Bytes& bytes) {
        auto file = gguf::File::fromBytes(bytes, golden.name);
        if (!file) throw std::runtime_error(file.error().text());
        runtime::Engine::Impl& impl = engine->impl();
        impl.weights.reset();
        impl.file = std::make_unique<gguf::File>(std::move(*file));
        auto program = model::buildProgram(*impl.file);
        if (!program) throw std::runtime_error(program.error().text());
        impl.program = std::move(*program);
        impl.weights = std::make_unique<runtime::DeviceWeights>(*impl.device, *impl.file);
        if (auto done = impl.weights->load(impl.program, {}, {}); !done) throw std::runtime_error(done.error().text());
        const auto session = test::openSession(*engine, "exact", {.chunk = 16});
        const auto id = session->addSequence(tokens, {});
        return test::runAll(*session, *id);
    }
    [[nodiscard]] std::vector<float> inReference(const Bytes& bytes) const {
        const auto file = gguf::File::fromBytes(bytes, golden.name);
        const auto program = model::buildProgram(*file);
        auto forward = reference::Forward::create(*file, *program);
        return forward->run(tokens, {.allLogits = false})->logits;
    }
    test::GoldenModel golden;
    Bytes original;
    std::unique_ptr<runtime::Engine> engine;
    std::vector<std::int32_t> tokens;
};

TEST_P(PerturbedArchitecture, MovesTheLogitsOnTheDeviceAsInTheReference) {
    const auto file = gguf::File::fromBytes(original, golden.name);
    const std::vector<float> deviceBefore = onDevice(original);
    const std::vector<float> referenceBefore = inReference(original);
    ASSERT_LE(reference::relativeL2(deviceBefore, referenceBefore), 1e-4);
    std::size_t tried = 0;
    for (const gguf::TensorInfo* tensor : representatives(*file)) {
        const auto index = static_cast<std::int32_t>(tensor - file->tensors().data());
        const auto& used = engine->program().used;
        if (std::ranges::none_of(used, [=](model::TensorRef ref) { return ref.index == index; })) continue;
        const auto experts = file->readUint(golden.architecture + ".expert_count");
        const Bytes changed =
            changedCopy(original, *tensor, experts && *experts ? static_cast<std::uint32_t>(**experts) : 1);
        const std::vector<float> ours = onDevice(changed);
        const std::vector<float> expected = inReference(changed);
        const double moved = reference::relativeL2(expected, referenceBefore);
        EXPECT_GT(moved, kMoved) << tensor->name;
        EXPECT_NEAR(reference::relativeL2(ours, deviceBefore), moved, 0.05 * moved + kMoved) << tensor->name;
        EXPECT_LE(reference::relativeL2(ours, expected), 1e-4) << tensor->name;
        ++tried;
    }
    EXPECT_GT(tried, 10U);
}

/// The change of a key. Bounds of yarn pass through floor and ceil, so 1 % may do nothing; a count of layers that is
/// stored as a float has no neighbour.
float keyFactor(std::string_view key) {
    if (key.ends_with("yarn_beta_fast")) return 0.1F;
    if (key.ends_with("yarn_beta_slow")) return 4.0F;
    return key.ends_with("shared_kv_layers") ? 1.0F : 1.01F;
}

TEST_P(PerturbedArchitecture, FloatKeysMoveTheLogitsOnTheDeviceAsInTheReference) {
    const auto file = gguf::File::fromBytes(original, golden.name);
    const std::vector<float> deviceBefore = onDevice(original);
    const std::vector<float> referenceBefore = inReference(original);
    for (const gguf::KeyValue& key : file->keys()) {
        const bool list = key.type == gguf::ValueType::Array;
        if ((list ? key.elementType : key.type) != gguf::ValueType::Float32) continue;
        const float factor = keyFactor(key.key);
        if (!key.key.starts_with(golden.architecture + ".") || factor == 1) continue;
        Bytes changed = original;
        // behind the key's length and text, and the type (and an array's element type and count)
        std::byte* at = changed.data() + key.fileOffset + 8 + key.key.size() + 4 + (list ? 12 : 0);
        for (std::uint64_t i = 0; i < key.count; ++i, at += 4) {
            float value = 0;
            std::memcpy(&value, at, 4);
            value *= factor;
            std::memcpy(at, &value, 4);
        }
        const std::vector<float> ours = onDevice(changed);
        const std::vector<float> expected = inReference(changed);
        const double moved = reference::relativeL2(expected, referenceBefore);
        EXPECT_NEAR(reference::relativeL2(ours, deviceBefore), moved, 0.05 * moved + kMoved) << key.key;
        EXPECT_LE(reference::relativeL2(ours, expected), 1e-4) << key.key;
    }
}

INSTANTIATE_TEST_SUITE_P(Models, PerturbedArchitecture,
                         testing::Values("mixtral", "gemma3n", "gemma4_ple", "deepseek2_v3", "deepseek4_pro"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace kvscope
