// SPDX-License-Identifier: Apache-2.0
// Expected data: make_expected.py, which asks the public Python package "gguf"; that package does not decode Q1_0 and
// Q2_0 (nor F64), which the script decodes by itself. check_with_ggml.py holds the data against ggml's own functions.
#include <gtest/gtest.h>

#include <bit>
#include <cctype>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "engine/base/rng.h"
#include "engine/gguf/dequantise.h"
#include "tests/engine/gguf/crc32.h"
#include "tests/engine/gguf/support.h"
#include "tests/support/block_scales.h"

namespace kvscope::gguf {
namespace {

struct Case {
    const char* name;
    TensorType type;
};
constexpr Case kEncoded[] = {{"f32", TensorType::F32},   {"f16", TensorType::F16},   {"bf16", TensorType::BF16},
                             {"q4_0", TensorType::Q4_0}, {"q4_1", TensorType::Q4_1}, {"q5_0", TensorType::Q5_0},
                             {"q5_1", TensorType::Q5_1}, {"q8_0", TensorType::Q8_0}};

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

void expectReferenceValues(const TensorTypeInfo& info) {
    std::string name(info.name);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto [blocks, bytes] = load(name + ".decode.bin");
    const std::size_t split = std::size_t{blocks} * info.blockBytes;
    ASSERT_GE(blocks, 16U) << name;
    ASSERT_EQ(bytes.size(), split + std::size_t{blocks} * info.blockValues * sizeof(float)) << name;
    const auto expected = toFloats(std::span(bytes).subspan(split));
    std::vector<float> actual(expected.size());
    ASSERT_TRUE(dequantise(info.type, std::span(bytes).first(split), actual));
    for (std::size_t i = 0; i < actual.size(); ++i) {
        if (std::isnan(expected[i]) && std::isnan(actual[i])) continue;
        ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[i]), std::bit_cast<std::uint32_t>(expected[i]))
            << name << " value " << i << ": " << actual[i] << " instead of " << expected[i];
    }
}

TEST(Dequantise, EqualsTheReferenceBitForBit) {
    std::size_t types = 0;
    for (const TensorTypeInfo& info : tensorTypes()) {
        if (!info.canDequantise) continue;
        expectReferenceValues(info);
        ++types;
    }
    EXPECT_EQ(types, 29U);
}

/// Blocks of the bytes that make_expected.py calls pseudo-random, with scales of 1.
std::vector<std::byte> manyBlocks(const TensorTypeInfo& info, std::size_t count) {
    std::vector<std::byte> bytes(count * info.blockBytes);
    std::uint32_t state = 1;
    for (std::byte& byte : bytes) {
        state = 1664525U * state + 1013904223U;
        byte = static_cast<std::byte>(state >> 24U);
    }
    for (std::size_t b = 0; b < count; ++b)
        kvscope::test::setBlockScales(info, std::span(bytes).subspan(b * info.blockBytes), 0x3C00);
    return bytes;
}

// Every entry of every grid occurs.
TEST(Dequantise, EqualsTheReferenceOnManyBlocks) {
    std::ifstream lines(std::filesystem::path(GGUF_TEST_DATA) / "many_blocks.txt");
    std::size_t types = 0;
    std::string name;
    std::string expected;
    for (std::size_t count = 0; lines >> name >> count >> expected; ++types) {
        const auto info = std::ranges::find(tensorTypes(), std::string_view(name), &TensorTypeInfo::name);
        ASSERT_NE(info, tensorTypes().end()) << name;
        std::vector<float> values(count * info->blockValues);
        ASSERT_TRUE(dequantise(info->type, manyBlocks(*info, count), values)) << name;
        EXPECT_EQ(fmt::format("{:08x}", test::crc32(std::as_bytes(std::span(values)))), expected) << name;
    }
    EXPECT_EQ(types, 19U);
}

TEST(Quantise, EqualsTheReferenceByteForByte) {
    for (const Case& test : kEncoded) {
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
    for (const Case& test : kEncoded) {
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
}

TEST(Dequantise, SaysWhyATypeIsNotDecoded) {
    const auto sentence = [](std::uint32_t id, std::size_t bytes, std::size_t count) {
        std::vector<float> values(count);
        const auto refused = dequantise(static_cast<TensorType>(id), std::vector<std::byte>(bytes), values);
        return refused ? "decoded" : refused.error().text();
    };
    EXPECT_EQ(sentence(26, 128, 32),
              "I32: the type holds whole numbers, which are no weights; the tensor can be listed, not run");
    for (const auto& [id, name] : {std::pair(9U, "Q8_1"), std::pair(15U, "Q8_K")}) {
        const TensorTypeInfo& info = *tensorTypeInfo(static_cast<TensorType>(id));
        EXPECT_EQ(
            sentence(id, info.blockBytes, info.blockValues),
            std::string(name) +
                ": the type holds activations while a program runs, never weights; the tensor can be listed, not run");
    }
    EXPECT_EQ(sentence(36, 18, 32),
              "IQ4_NL_4_4: the type was removed from GGUF; the tensor can be listed, but nothing decodes it any more");
    EXPECT_EQ(sentence(99, 18, 32),
              "type 99: the type is no tensor type of GGUF; a later version or a fork may have added it");
}

}  // namespace
}  // namespace kvscope::gguf
