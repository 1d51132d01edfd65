// SPDX-License-Identifier: Apache-2.0
// Row codecs against data/rows.txt, which the Python packages gguf and numpy made (data/make_rows.py).
#include "engine/cache/encode/row_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "engine/base/rng.h"

namespace kvscope::cache {
namespace {

std::vector<std::byte> fromHex(const std::string& hex) {
    std::vector<std::byte> bytes(hex.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
    return bytes;
}
std::vector<float> floatsOf(const std::vector<std::byte>& bytes) {
    std::vector<float> values(bytes.size() / 4);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

TEST(RowCodec, EqualsThePythonReference) {
    std::ifstream file(KVSCOPE_SOURCE_DIR "/tests/engine/cache/policy/data/rows.txt");
    ASSERT_TRUE(file);
    std::string line;
    int rows = 0;
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::string type, values, encoded, decoded;
        unsigned n = 0;
        fields >> type >> n >> values >> encoded >> decoded;
        SCOPED_TRACE(fmt::format("row {}: {}", rows, type));
        const RowCodec* const codec = findRowCodec(type);
        ASSERT_NE(codec, nullptr);
        const auto x = floatsOf(fromHex(values));
        ASSERT_EQ(x.size(), n);
        const auto expected = fromHex(encoded);
        ASSERT_EQ(codec->rowBytes(n), expected.size());
        std::vector<std::byte> bytes(expected.size());
        ASSERT_TRUE(encodeRow(*codec, x, bytes));
        EXPECT_EQ(bytes, expected);
        std::vector<float> back(n);
        ASSERT_TRUE(decodeRow(*codec, expected, back));
        EXPECT_EQ(back, floatsOf(fromHex(decoded)));
        ++rows;
    }
    EXPECT_EQ(rows, 99);
}

TEST(RowCodec, SizesAreGgmls) {
    struct Size {
        const char* type;
        unsigned block, bytes;
        double bits;
    };
    for (const Size& size :
         {Size{"f32", 1, 4, 32}, Size{"f16", 1, 2, 16}, Size{"q8_0", 32, 34, 8.5}, Size{"q4_0", 32, 18, 4.5}}) {
        const RowCodec* const codec = findRowCodec(size.type);
        ASSERT_NE(codec, nullptr);
        EXPECT_EQ(codec->blockValues, size.block);
        EXPECT_EQ(codec->blockBytes, size.bytes);
        EXPECT_EQ(codec->bitsPerValue(), size.bits);
        EXPECT_EQ(codec->rowBytes(64), 64 / size.block * size.bytes);
        EXPECT_TRUE(codec->fits(64));
        EXPECT_EQ(codec->fits(40), size.block == 1);
        EXPECT_FALSE(codec->fits(0));
    }
    EXPECT_EQ(findRowCodec("q5_0"), nullptr);
    EXPECT_EQ(findRowCodec(""), nullptr);
}

TEST(RowCodec, ErrorsStayUnderTheBound) {
    Rng rng(11);
    for (const char* type : {"f32", "f16", "q8_0", "q4_0"}) {
        const RowCodec& codec = *findRowCodec(type);
        double worst = 0;
        for (int round = 0; round < 2000; ++round) {
            std::vector<float> x(32);
            const float scale = std::exp2(rng.uniform(-28.0F, 14.0F));
            for (float& value : x) value = std::clamp(rng.normal(), -3.9F, 3.9F) * scale;
            double maximum = 0;
            for (const float value : x) maximum = std::max(maximum, std::fabs(static_cast<double>(value)));
            std::vector<std::byte> bytes(codec.rowBytes(32));
            std::vector<float> back(32);
            ASSERT_TRUE(encodeRow(codec, x, bytes));
            ASSERT_TRUE(decodeRow(codec, bytes, back));
            const double bound = codec.errorBound(maximum);
            for (std::size_t i = 0; i < x.size(); ++i) {
                const double error = std::fabs(static_cast<double>(x[i]) - static_cast<double>(back[i]));
                ASSERT_LE(error, bound) << type << " maximum " << maximum;
                if (bound > 0) worst = std::max(worst, error / bound);
            }
        }
        EXPECT_TRUE(codec.blockBytes == 4 || worst > 0.8) << type << ": the bound is loose, " << worst;
    }
}

TEST(RowCodec, WrongSizesAreRefused) {
    std::vector<float> values(48);
    std::vector<std::byte> bytes(51);
    const auto odd = encodeRow(*findRowCodec("q8_0"), values, bytes);
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().text(), "row codec q8_0: a row of 48 values is no whole number of blocks of 32");
    const auto small = decodeRow(*findRowCodec("f16"), bytes, values);
    ASSERT_FALSE(small);
    EXPECT_EQ(small.error().text(), "row codec f16: a row of 48 values has 96 bytes, not 51");
    EXPECT_FALSE(encodeRow(*findRowCodec("f32"), {}, {}));
}

TEST(RowCodec, NoInputIsUndefined) {
    const float infinity = std::numeric_limits<float>::infinity();
    for (const float odd : {infinity, -infinity, std::nanf(""), 3e38F, 1e-45F, -1e-40F}) {
        for (const char* type : {"f32", "f16", "q8_0", "q4_0"}) {
            std::vector<float> x(32, 1.0F);
            x[5] = odd;
            std::vector<std::byte> bytes(findRowCodec(type)->rowBytes(32));
            EXPECT_TRUE(encodeRow(*findRowCodec(type), x, bytes));
            EXPECT_TRUE(decodeRow(*findRowCodec(type), bytes, x));
            std::ranges::fill(x, odd);
            EXPECT_TRUE(encodeRow(*findRowCodec(type), x, bytes));
        }
    }
}

}  // namespace
}  // namespace kvscope::cache
