// SPDX-License-Identifier: Apache-2.0
#include "engine/model/hparams.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "engine/model/cache_layout.h"
#include "tests/engine/model/tiny_model.h"
#include "tests/support/shared_files.h"

namespace kvscope {
namespace {

using test::TinyModel;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Hparams, ReadsCommonKeys) {
    const auto h = model::readHparams(TinyModel().open());
    ASSERT_TRUE(h) << h.error().text();
    EXPECT_EQ(h->architecture, "llama");
    EXPECT_THAT(h->name, HasSubstr("kvscope_tiny"));
    EXPECT_EQ(h->nLayers, 2U);
    EXPECT_EQ(h->nEmbd, 16U);
    EXPECT_EQ(h->nVocab, 10U);
    EXPECT_EQ(h->nCtxTrained, 64U);
    EXPECT_THAT(h->nHeads, ElementsAre(4, 4));
    EXPECT_THAT(h->nKvHeads, ElementsAre(2, 2));
    EXPECT_THAT(h->nFf, ElementsAre(24, 24));
    EXPECT_EQ(h->headDimK, 4U);
    EXPECT_EQ(h->headDimV, 4U);
    EXPECT_EQ(h->ropeDims, 4U);
    EXPECT_FLOAT_EQ(h->rmsEps, 1e-5F);
    EXPECT_FLOAT_EQ(h->ropeBase, 10000.0F);
}

TEST(Hparams, ReadsArraysAndOwnHeadSizes) {
    TinyModel tiny;
    tiny.keys["llama.attention.head_count"] = std::vector<std::uint32_t>{4, 6};
    tiny.keys["llama.attention.head_count_kv"] = std::vector<std::uint32_t>{1, 3};
    tiny.keys["llama.feed_forward_length"] = std::vector<std::uint32_t>{24, 8};
    tiny.keys["llama.attention.key_length"] = 6U;
    tiny.keys["llama.attention.value_length"] = 10U;
    tiny.keys["llama.rope.dimension_count"] = 2U;
    tiny.keys["llama.rope.freq_base"] = 500.0F;
    tiny.keys["general.name"] = std::string("Tiny");
    const auto h = model::readHparams(tiny.open());
    ASSERT_TRUE(h) << h.error().text();
    EXPECT_EQ(h->name, "Tiny");
    EXPECT_THAT(h->nHeads, ElementsAre(4, 6));
    EXPECT_THAT(h->nKvHeads, ElementsAre(1, 3));
    EXPECT_THAT(h->nFf, ElementsAre(24, 8));
    EXPECT_EQ(h->headDimK, 6U);
    EXPECT_EQ(h->headDimV, 10U);
    EXPECT_EQ(h->ropeDims, 2U);
    EXPECT_FLOAT_EQ(h->ropeBase, 500.0F);
    EXPECT_EQ(h->cacheBytesPerTokenF16(), 4U * 16 * 2);
    EXPECT_EQ(h->cacheBytesPerTokenMhaF16(), 10U * 16 * 2);
}

TEST(Hparams, HeadCountKvDefaultsToHeadCount) {
    TinyModel tiny;
    tiny.keys.erase("llama.attention.head_count_kv");
    const auto h = model::readHparams(tiny.open());
    ASSERT_TRUE(h);
    EXPECT_THAT(h->nKvHeads, ElementsAre(4, 4));
}

TEST(Hparams, CacheBytesOfPublishedSizes) {  // architectures.md 3 and 14
    model::Hparams h{.nLayers = 32,
                     .nHeads = std::vector(32, 32U),
                     .nKvHeads = std::vector(32, 8U),
                     .headDimK = 128,
                     .headDimV = 128};
    h.fillLayers();
    EXPECT_EQ(h.cacheBytesPerTokenF16(), 131072U);
    EXPECT_EQ(h.cacheBytesPerTokenMhaF16(), 524288U);
}

TEST(Hparams, RealModels) {  // figures of models/README.md in the shared folder
    const auto stories = test::sharedFile("models/stories260K-f32.gguf");
    const auto kjv = test::sharedFile("models/kjv-gqa-q8_0.gguf");
    if (!stories || !kjv) GTEST_SKIP() << "the models are not in the shared folder";
    const auto h = model::readHparams(*gguf::File::open(*stories));
    ASSERT_TRUE(h) << h.error().text();
    EXPECT_EQ(h->nLayers, 5U);
    EXPECT_EQ(h->nVocab, 512U);
    EXPECT_EQ(h->nCtxTrained, 512U);
    EXPECT_EQ(h->headDimK, 8U);
    EXPECT_THAT(h->nFf, testing::Each(172));
    EXPECT_EQ(h->cacheBytesPerTokenF16(), 640U);
    const auto k = model::readHparams(*gguf::File::open(*kjv));
    ASSERT_TRUE(k) << k.error().text();
    EXPECT_EQ(k->nVocab, 2048U);
    EXPECT_EQ(k->cacheBytesPerTokenF16(), 3072U);
}

TEST(Hparams, BlocksThatPredictFurtherTokensAreLeftOut) {
    TinyModel tiny;
    tiny.keys["llama.nextn_predict_layers"] = 1U;
    tiny.keys["llama.feed_forward_length"] = std::vector<std::uint32_t>{24, 8};
    EXPECT_EQ(model::readHparams(tiny.open())->nLayers, 2U);  // counted, but not held
    tiny.tensors["blk.1.nextn.eh_proj.weight"] = {32, 16};
    const auto h = model::readHparams(tiny.open());
    ASSERT_TRUE(h) << h.error().text();
    EXPECT_EQ(h->nLayers, 1U);
    EXPECT_THAT(h->nFf, ElementsAre(24));
    EXPECT_THAT(h->sourceLayers, ElementsAre(0));
}

TEST(Hparams, WindowsByPeriodOrArray) {  // architectures.md 1.6
    TinyModel tiny = TinyModel().renamed("gemma3");
    tiny.keys["gemma3.attention.sliding_window"] = 8U;
    EXPECT_THAT(model::readHparams(tiny.open())->windows, ElementsAre(8, 8));
    tiny.keys["gemma3.attention.sliding_window_pattern"] = 2U;
    EXPECT_THAT(model::readHparams(tiny.open())->windows, ElementsAre(8, 0));
    tiny.keys["gemma3.attention.sliding_window_pattern"] = 1U;
    EXPECT_THAT(model::readHparams(tiny.open())->windows, ElementsAre(0, 0));
    tiny.keys["gemma3.attention.sliding_window_pattern"] = 0U;
    EXPECT_THAT(model::readHparams(tiny.open())->windows, ElementsAre(8, 8));
    tiny.keys["gemma3.attention.sliding_window_pattern"] = std::vector<bool>{false, true};
    EXPECT_THAT(model::readHparams(tiny.open())->windows, ElementsAre(0, 8));
    tiny.keys["gemma3.attention.sliding_window_pattern"] = std::vector<bool>{false};
    EXPECT_THAT(model::readHparams(tiny.open()).error().where, HasSubstr("gemma3.attention.sliding_window_pattern"));
    tiny = TinyModel().renamed("gemma2");
    EXPECT_THAT(model::readHparams(tiny.open())->windows, ElementsAre(4096, 0));
}

TEST(Hparams, CacheBytesStopAtTheWindow) {
    TinyModel tiny = TinyModel().renamed("gemma2");
    tiny.keys["gemma2.attention.sliding_window"] = 8U;
    const auto h = model::readHparams(tiny.open());
    ASSERT_TRUE(h);
    EXPECT_EQ(model::cacheLayout(*h).bytesF16(20), (8U + 20U) * 2 * 2 * 4 * 2);
}

struct BadKey {
    const char* key;
    std::variant<std::monostate, TinyModel::Value> value;  ///< nothing: the key is taken away
    const char* sentence;                                  ///< a part of the message
};

void PrintTo(const BadKey& bad, std::ostream* out) {
    *out << bad.key;
}

class BadKeys : public testing::TestWithParam<BadKey> {};

TEST_P(BadKeys, AreErrorsThatNameKeyAndValue) {
    TinyModel tiny;
    const BadKey& bad = GetParam();
    if (const auto* value = std::get_if<TinyModel::Value>(&bad.value)) {
        tiny.keys[bad.key] = *value;
    } else {
        tiny.keys.erase(bad.key);
    }
    const auto h = model::readHparams(tiny.open());
    ASSERT_FALSE(h);
    EXPECT_EQ(h.error().kind, ErrorKind::BadFile);
    EXPECT_THAT(h.error().where, HasSubstr(bad.key));
    EXPECT_THAT(h.error().where, HasSubstr("kvscope_tiny"));
    EXPECT_THAT(h.error().message, HasSubstr(bad.sentence));
}

TinyModel::Value list(std::vector<std::uint32_t> values) {
    return values;
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadKeys,
    testing::Values(
        BadKey{"general.architecture", {}, "missing"}, BadKey{"llama.block_count", {}, "missing"},
        BadKey{"llama.block_count", 0U, "value is 0"}, BadKey{"llama.block_count", 3U, "value is 3"},
        BadKey{"llama.block_count", 4000000000U, "value is 4000000000"},
        BadKey{"llama.embedding_length", {}, "missing"}, BadKey{"llama.embedding_length", 0U, "value is 0"},
        BadKey{"llama.embedding_length", 32U, "value is 32"}, BadKey{"llama.context_length", {}, "missing"},
        BadKey{"llama.context_length", 0U, "value is 0"}, BadKey{"llama.vocab_size", 11U, "11 tokens"},
        BadKey{"llama.attention.head_count", {}, "missing"}, BadKey{"llama.attention.head_count", 0U, "value is 0"},
        BadKey{"llama.attention.head_count", 6U, "6 heads"},
        BadKey{"llama.attention.head_count", list({4}), "1 entries"},
        BadKey{"llama.attention.head_count", list({4, 0}), "value is 0"},
        BadKey{"llama.attention.head_count_kv", 3U, "3 KV heads"},
        BadKey{"llama.attention.head_count_kv", 0U, "value is 0"},
        BadKey{"llama.attention.head_count_kv", list({2, 2, 2}), "3 entries"},
        BadKey{"llama.attention.key_length", 0U, "value is 0"},
        BadKey{"llama.attention.key_length", 100000U, "value is 100000"},
        BadKey{"llama.feed_forward_length", list({24, 24, 24}), "3 entries"},
        BadKey{"llama.rope.dimension_count", 6U, "value is 6"}, BadKey{"llama.rope.dimension_count", 3U, "value is 3"},
        BadKey{"llama.rope.dimension_count", 0U, "value is 0"}, BadKey{"llama.rope.freq_base", 0.0F, "value is 0"},
        BadKey{"llama.rope.freq_base", std::numeric_limits<float>::infinity(), "inf"},
        BadKey{"llama.attention.layer_norm_rms_epsilon", -1.0F, "value is -1"},
        BadKey{"llama.attention.layer_norm_rms_epsilon", std::numeric_limits<float>::infinity(), "inf"}));

TEST(Hparams, OddHeadSizeNamesItsKey) {
    TinyModel tiny;
    tiny.keys["llama.attention.key_length"] = 5U;
    const auto h = model::readHparams(tiny.open());
    ASSERT_FALSE(h);
    EXPECT_THAT(h.error().where, HasSubstr("llama.attention.key_length"));
}

TEST(Hparams, HugeRowsAreRefused) {
    TinyModel tiny;
    tiny.keys["llama.attention.head_count"] = 65536U;
    tiny.keys["llama.attention.key_length"] = 65536U;
    tiny.keys["llama.attention.value_length"] = 4U;
    const auto h = model::readHparams(tiny.open());
    ASSERT_FALSE(h);
    EXPECT_THAT(h.error().message, HasSubstr("4294967296"));
}

}  // namespace
}  // namespace kvscope
