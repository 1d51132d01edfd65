// SPDX-License-Identifier: Apache-2.0
#include "engine/model/rope_scaling.h"

#include <gmock/gmock.h>

#include <limits>

#include "tests/engine/model/tiny_model.h"

namespace kvscope {
namespace {

using model::RopeScaling;
using model::RopeScalingType;
using test::TinyModel;
using testing::HasSubstr;

void expectNear(double got, double want) {
    EXPECT_NEAR(got, want, std::abs(want) * 1e-11);
}

Result<RopeScaling> read(const TinyModel& tiny) {
    const gguf::File file = tiny.open();
    const auto h = model::readHparams(file);
    if (!h) return forward(h);
    return model::readRopeScaling(file, *h);
}

TEST(RopeTable, PlainAndLinear) {
    const model::RopeTable plain = model::ropeTable({}, 8, 10000, {});
    ASSERT_EQ(plain.frequencies.size(), 4U);
    expectNear(plain.frequencies[0], 1);
    expectNear(plain.frequencies[1], 0.1);
    expectNear(plain.frequencies[3], 0.001);
    EXPECT_EQ(plain.magnitude, 1);
    const model::RopeTable linear = model::ropeTable({.factor = 4, .attnFactor = 1.5}, 8, 10000, {});
    expectNear(linear.frequencies[1], 0.025);
    EXPECT_EQ(linear.magnitude, 1.5);
}

TEST(RopeTable, FactorsDivide) {  // factors of Llama 3.1 (architectures.md 20, 9): pair 32 of 64 is 2.6945
    std::vector<float> factors(64, 1.0F);
    factors[32] = 2.6945F;
    factors[40] = 8;
    const model::RopeTable table = model::ropeTable({}, 128, 5e5, factors);
    EXPECT_NEAR(table.frequencies[32], 1 / (2.6945 * 707.106781187), 1e-9);  // 5e5^(1/2)
    EXPECT_NEAR(table.frequencies[40], 3.428102196e-05, 1e-12);              // 5e5^(-80/128) / 8
}

TEST(RopeTable, YarnOfQwen) {  // 128 dimensions, base 1e6, factor 4, original 32768; values of a Python script
    const RopeScaling yarn{.type = RopeScalingType::Yarn, .factor = 4, .originalContext = 32768, .extFactor = 1};
    const model::RopeTable table = model::ropeTable(yarn, 128, 1e6, {});
    const std::pair<std::size_t, double> expected[] = {{0, 1},
                                                       {20, 0.0133352143216},
                                                       {25, 0.00413173802252},
                                                       {32, 0.000602941176471},
                                                       {40, 4.4456985251e-05},
                                                       {63, 3.10234440188e-07}};
    for (const auto& [pair, frequency] : expected) expectNear(table.frequencies[pair], frequency);
    expectNear(table.magnitude, 1.138629436111989);
    RopeScaling log = yarn;
    log.logMultiplier = 0.7;
    log.attnFactor = 1.2;
    expectNear(model::ropeTable(log, 128, 1e6, {}).magnitude, 1.2454920235041358);
    log.logMultiplier = 1;  // DeepSeek's way: nothing is left of the multiplier
    log.attnFactor = 1;
    expectNear(model::ropeTable(log, 128, 1e6, {}).magnitude, 1);
}

TEST(RopeScalingKeys, Defaults) {
    const auto scaling = read(TinyModel());
    ASSERT_TRUE(scaling);
    EXPECT_EQ(scaling->type, RopeScalingType::Linear);
    EXPECT_EQ(scaling->factor, 1);
    EXPECT_EQ(scaling->originalContext, 64U);
    EXPECT_EQ(scaling->extFactor, 0);
}

TEST(RopeScalingKeys, OldNameAndNone) {
    TinyModel tiny;
    tiny.keys["llama.rope.scale_linear"] = 2.0F;
    EXPECT_EQ(read(tiny)->factor, 2);
    tiny.keys["llama.rope.scaling.type"] = std::string("none");
    EXPECT_EQ(read(tiny)->factor, 1);
}

TEST(RopeScalingKeys, BadValuesNameTheirKey) {
    const std::pair<const char*, TinyModel::Value> cases[] = {
        {"llama.rope.scaling.type", std::string("su")},
        {"llama.rope.scaling.factor", -1.0F},
        {"llama.rope.scaling.factor", std::numeric_limits<float>::infinity()},
        {"llama.rope.scaling.attn_factor", 0.0F},
        {"llama.rope.scaling.yarn_beta_fast", 0.0F},
        {"llama.rope.scaling.yarn_log_multiplier", std::numeric_limits<float>::infinity()},
        {"llama.rope.scaling.original_context_length", 0U},
    };
    for (const auto& [key, value] : cases) {
        TinyModel tiny;
        tiny.keys[key] = value;
        const auto scaling = read(tiny);
        ASSERT_FALSE(scaling) << key;
        EXPECT_THAT(scaling.error().where, HasSubstr(key));
    }
}

TEST(RopeScalingKeys, YarnNeedsABaseAboveOne) {
    TinyModel tiny;
    tiny.keys["llama.rope.scaling.type"] = std::string("yarn");
    tiny.keys["llama.rope.freq_base"] = 1.0F;
    const auto scaling = read(tiny);
    ASSERT_FALSE(scaling);
    EXPECT_THAT(scaling.error().where, HasSubstr("llama.rope.freq_base"));
}

}  // namespace
}  // namespace kvscope
