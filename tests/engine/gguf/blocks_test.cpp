// SPDX-License-Identifier: Apache-2.0
// Expected data: make_expected.py, which asks the public Python package "gguf".
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/base/rng.h"
#include "engine/gguf/dequantise.h"
#include "tests/engine/gguf/support.h"

namespace kvscope::gguf {
namespace {

struct Case {
    const char* name;
    TensorType type;
};
constexpr Case kDecoded[] = {{"f32", TensorType::F32},   {"f16", TensorType::F16},   {"bf16", TensorType::BF16},
                             {"q4_0", TensorType::Q4_0}, {"q4_1", TensorType::Q4_1}, {"q5_0", TensorType::Q5_0},
                             {"q5_1", TensorType::Q5_1}, {"q8_0", TensorType::Q8_0}, {"q6_k", TensorType::Q6_K}};

std::vector<float> toFloats(std::span<const std::byte> bytes) {
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

/// The file's first number and what follows it.
std::pair<std::uint32_t, std::vector<std::byte>> load(const std::string& name) {
    auto bytes = test::readBytes(std::filesystem::path(GGUF_TEST_DATA) / name);
    std::uint32_t count = 0;
    if (bytes.size() < sizeof(count)) return {0, {}};
    std::memcpy(&count, bytes.data(), sizeof(count));
    bytes.erase(bytes.begin(), bytes.begin() + sizeof(count));
    return {count, std::move(bytes)};
}

TEST(Dequantise, EqualsTheReferenceBitForBit) {
    for (const Case& test : kDecoded) {
        const auto [blocks, bytes] = load(std::string(test.name) + ".decode.bin");
        const TensorTypeInfo& info = *tensorTypeInfo(test.type);
        const std::size_t split = std::size_t{blocks} * info.blockBytes;
        ASSERT_GT(blocks, 20U) << test.name;
        ASSERT_GT(bytes.size(), split);
        const auto expected = toFloats(std::span(bytes).subspan(split));
        std::vector<float> actual(expected.size());
        ASSERT_TRUE(dequantise(test.type, std::span(bytes).first(split), actual));
        for (std::size_t i = 0; i < actual.size(); ++i) {
            if (std::isnan(expected[i]) && std::isnan(actual[i])) continue;
            ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[i]), std::bit_cast<std::uint32_t>(expected[i]))
                << test.name << " value " << i << ": " << actual[i] << " instead of " << expected[i];
        }
    }
}

TEST(Quantise, EqualsTheReferenceByteForByte) {
    for (const Case& test : kDecoded) {
        if (test.type == TensorType::Q6_K) continue;
        const auto [count, bytes] = load(std::string(test.name) + ".encode.bin");
        ASSERT_GT(count, 800U) << test.name;
        const std::size_t split = count * sizeof(float);
        const auto values = toFloats(std::span(bytes).first(split));
        std::vector<std::byte> actual(bytes.size() - split);
        ASSERT_TRUE(quantise(test.type, values, actual)) << test.name;
        const TensorTypeInfo& info = *tensorTypeInfo(test.type);
        for (std::size_t i = 0; i < actual.size(); ++i) {
            ASSERT_EQ(actual[i], bytes[split + i])
                << test.name << " block " << i / info.blockBytes << " byte " << i % info.blockBytes;
        }
    }
}

// As ggml's quantize_row_q4_0_ref and quantize_row_q5_0_ref answer (check_with_ggml.py).
TEST(Quantise, RowsOfNegativeZeroHaveANegativeZeroScale) {
    const std::vector<float> values(32, -0.0F);
    for (const TensorType type : {TensorType::Q4_0, TensorType::Q5_0}) {
        std::vector<std::byte> bytes(tensorTypeInfo(type)->blockBytes);
        ASSERT_TRUE(quantise(type, values, bytes));
        EXPECT_EQ(bytes[0], std::byte{0x00});
        EXPECT_EQ(bytes[1], std::byte{0x80});
    }
}

TEST(Quantise, ErrorStaysWithinTheStep) {
    Rng rng(7);
    std::vector<float> values(32 * 64);
    for (float& value : values) value = rng.normal();
    // half a step of the widest block: range / levels / 2, plus what a half-precision scale loses
    const std::pair<TensorType, float> bounds[] = {{TensorType::Q8_0, 0.02F}, {TensorType::Q5_1, 0.14F},
                                                   {TensorType::Q5_0, 0.27F}, {TensorType::Q4_1, 0.28F},
                                                   {TensorType::Q4_0, 0.53F}, {TensorType::BF16, 0.016F}};
    for (const auto& [type, bound] : bounds) {
        const TensorTypeInfo& info = *tensorTypeInfo(type);
        std::vector<std::byte> bytes(values.size() / info.blockValues * info.blockBytes);
        std::vector<float> back(values.size());
        ASSERT_TRUE(quantise(type, values, bytes));
        ASSERT_TRUE(dequantise(type, bytes, back));
        for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(back[i], values[i], bound) << info.name;
    }
}

// The reference leaves these undefined; here they are some block, and no undefined behaviour.
TEST(Quantise, SurvivesWhatIsNoNumber) {
    constexpr float kInf = std::numeric_limits<float>::infinity();
    constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
    for (const Case& test : kDecoded) {
        if (test.type == TensorType::Q6_K) continue;
        const TensorTypeInfo& info = *tensorTypeInfo(test.type);
        for (const float odd : {kInf, -kInf, kNan, std::numeric_limits<float>::denorm_min()}) {
            std::vector<float> values(32, 1.0F);
            values[5] = odd;
            std::vector<std::byte> bytes(32 / info.blockValues * info.blockBytes);
            EXPECT_TRUE(quantise(test.type, values, bytes)) << info.name;
        }
    }
}

TEST(Dequantise, RefusesWrongSizesAndUnknownTypes) {
    std::vector<std::byte> bytes(34);
    std::vector<float> values(32);
    EXPECT_TRUE(dequantise(TensorType::Q8_0, bytes, values));
    EXPECT_TRUE(dequantise(TensorType::Q8_0, {}, {}));
    EXPECT_FALSE(dequantise(TensorType::Q8_0, bytes, std::span(values).first(31)));
    EXPECT_FALSE(dequantise(TensorType::Q8_0, std::span(bytes).first(33), values));
    EXPECT_FALSE(dequantise(static_cast<TensorType>(4), {}, {}));
    EXPECT_FALSE(dequantise(static_cast<TensorType>(99), bytes, values));
    EXPECT_FALSE(quantise(TensorType::Q8_0, values, std::span(bytes).first(33)));
    std::vector<float> many(256);
    std::vector<std::byte> six(210);
    const auto refused = quantise(TensorType::Q6_K, many, six);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Unsupported);
    std::vector<std::byte> iq(66);
    const auto undecoded = dequantise(static_cast<TensorType>(16), iq, many);
    ASSERT_FALSE(undecoded);
    EXPECT_EQ(undecoded.error().text(), "IQ2_XXS: values of this tensor type cannot be decoded");
}

}  // namespace
}  // namespace kvscope::gguf
