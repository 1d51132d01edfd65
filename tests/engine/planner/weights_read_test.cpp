// SPDX-License-Identifier: Apache-2.0
#include "engine/planner/weights_read.h"

#include <gtest/gtest.h>

#include "engine/gguf/writer.h"
#include "tests/engine/planner/support.h"

namespace kvscope::planner {
namespace {

/// A file in memory of 2 layers; tensors in f32, their sizes are all that counts.
class Made {
  public:
    explicit Made(std::string architecture = "llama") : m_architecture(std::move(architecture)) {
        m_writer.addString("general.architecture", m_architecture);
    }
    Made& key(const std::string& name, std::uint32_t value) {
        m_writer.addUint32(m_architecture + "." + name, value);
        return *this;
    }
    Made& tensor(const std::string& name, const std::vector<std::uint64_t>& dims) {
        std::uint64_t values = 1;
        for (const std::uint64_t dim : dims) values *= dim;
        EXPECT_TRUE(m_writer.addTensorBytes(name, dims, gguf::TensorType::F32, std::vector<std::byte>(values * 4)));
        return *this;
    }
    std::optional<WeightsRead> read() {
        model::Hparams h;
        h.architecture = m_architecture;
        h.nLayers = 2;
        h.nHeads = h.nKvHeads = {1, 1};
        h.sourceLayers = sources;
        h.headDimK = h.headDimV = 8;
        h.fillLayers();
        auto file = gguf::File::fromBytes(m_writer.bytes(), "made.gguf");
        EXPECT_TRUE(file) << (file ? "" : file.error().text());
        auto weights = weightsRead(*file, h);
        EXPECT_TRUE(weights);
        return weights ? *weights : std::nullopt;
    }
    std::vector<std::uint32_t> sources;

  private:
    std::string m_architecture;
    gguf::Writer m_writer;
};

TEST(WeightsRead, MatricesWhole_EmbeddingsOneRow) {
    const auto weights = Made()
                             .tensor("token_embd.weight", {16, 100})
                             .tensor("output.weight", {16, 100})
                             .tensor("blk.0.attn_q.weight", {16, 8})
                             .tensor("blk.1.attn_norm.weight", {16})
                             .read();
    ASSERT_TRUE(weights);
    EXPECT_EQ(weights->bytes, 4U * (16 + 1600 + 128 + 16));
    EXPECT_EQ(weights->values.value_or(0), 1600U + 128);
}

TEST(WeightsRead, TiedEmbeddingsAreTheOutputToo) {
    const auto weights = Made().tensor("token_embd.weight", {16, 100}).tensor("blk.0.attn_q.weight", {16, 8}).read();
    ASSERT_TRUE(weights);
    EXPECT_EQ(weights->bytes, 4U * (1600 + 16 + 128));
    EXPECT_EQ(weights->values.value_or(0), 1600U + 128);
}

TEST(WeightsRead, OnlyTheChosenExperts) {
    const auto weights = Made()
                             .key("expert_count", 8)
                             .key("expert_used_count", 2)
                             .tensor("output.weight", {16, 10})
                             .tensor("blk.0.ffn_up_exps.weight", {16, 4, 8})
                             .tensor("blk.0.ffn_up_shexp.weight", {16, 4})
                             .read();
    ASSERT_TRUE(weights);
    EXPECT_EQ(weights->bytes, 4U * (160 + 16 * 4 * 2 + 64));
}

TEST(WeightsRead, UnknownWhenTheFileDoesNotTellHowManyExperts) {
    EXPECT_FALSE(Made().key("expert_count", 8).tensor("blk.0.ffn_up_exps.weight", {16, 4, 8}).read());
    EXPECT_FALSE(Made().tensor("blk.0.ffn_up_exps.weight", {16, 4, 8}).read());
}

TEST(WeightsRead, WhatNoLayerTouchesCountsNot) {
    Made made("gemma4");
    made.sources = {0, 0};
    const auto weights = made.tensor("output.weight", {16, 10})
                             .tensor("per_layer_token_embd.weight", {32, 100})
                             .tensor("blk.0.attn_k.weight", {16, 8})
                             .tensor("blk.1.attn_k.weight", {16, 8})
                             .tensor("blk.1.attn_k_norm.weight", {8})
                             .tensor("blk.1.attn_q.weight", {16, 8})
                             .tensor("blk.2.attn_q.weight", {16, 8})
                             .tensor("blk.1.nextn.eh_proj.weight", {32, 16})
                             .read();
    ASSERT_TRUE(weights);
    EXPECT_EQ(weights->bytes, 4U * (160 + 32 + 128 + 128));
}

TEST(WeightsRead, TheBundledModel) {
    const auto file = gguf::File::open(std::string(KVSCOPE_SOURCE_DIR) + "/resources/models/kjv-gqa-q8_0.gguf");
    ASSERT_TRUE(file);
    const auto hparams = model::readHparams(*file);
    ASSERT_TRUE(hparams);
    const auto weights = weightsRead(*file, *hparams);
    ASSERT_TRUE(weights && *weights);
    EXPECT_EQ((*weights)->bytes, 4'330'768U);  // the unique bytes of weights that `run` counts for a decode step
}

}  // namespace
}  // namespace kvscope::planner
