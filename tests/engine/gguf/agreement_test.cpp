// SPDX-License-Identifier: Apache-2.0
// What this reader sees in real models against what the public Python reader saw (make_expected.py).
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "engine/gguf/dequantise.h"
#include "engine/gguf/file.h"
#include "tests/engine/gguf/crc32.h"
#include "tests/engine/gguf/support.h"

namespace kvscope::gguf {
namespace {

std::vector<std::string> summary(const File& file) {
    std::vector<std::string> lines;
    for (const KeyValue& kv : file.keys()) {
        lines.push_back(fmt::format("key {} {} {} {} {:08x}", kv.key, static_cast<std::uint32_t>(kv.type),
                                    kv.type == ValueType::Array ? static_cast<std::uint32_t>(kv.elementType) : 0U,
                                    kv.count, test::crc32(kv.payload)));
    }
    for (const TensorInfo& tensor : file.tensors()) {
        std::string dims;
        for (const std::uint64_t dim : tensor.dims) dims += (dims.empty() ? "" : "x") + std::to_string(dim);
        std::vector<float> values(tensor.values());
        EXPECT_TRUE(dequantise(tensor.type, file.data(tensor), values)) << tensor.name;
        lines.push_back(fmt::format("tensor {} {} {} {} {} {:08x} {:08x}", tensor.name,
                                    static_cast<std::uint32_t>(tensor.type), dims, tensor.offset, tensor.bytes,
                                    test::crc32(file.data(tensor)), test::crc32(std::as_bytes(std::span(values)))));
    }
    return lines;
}

void expectAgreement(const std::string& stem) {
    const auto path = test::sharedModel(stem + ".gguf");
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent: no model to compare";
    const auto file = File::open(path);
    ASSERT_TRUE(file) << file.error().text();
    std::ifstream expectedText(std::string(GGUF_TEST_DATA) + "/" + stem + ".txt");
    std::vector<std::string> expected;
    for (std::string line; std::getline(expectedText, line);) expected.push_back(line);
    ASSERT_GT(expected.size(), 60U);
    EXPECT_EQ(summary(*file), expected);
}

TEST(Agreement, KjvModel) {
    expectAgreement("kjv-gqa-q8_0");
}
TEST(Agreement, StoriesModel) {
    expectAgreement("stories260K-f32");
}

}  // namespace
}  // namespace kvscope::gguf
