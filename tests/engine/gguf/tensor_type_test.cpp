// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/tensor_type.h"

#include <gmock/gmock.h>

namespace kvscope::gguf {
namespace {

const TensorTypeInfo* info(std::uint32_t id) {
    return tensorTypeInfo(static_cast<TensorType>(id));
}

TEST(TensorTypes, FortyThreeIdsInOrder) {
    ASSERT_EQ(tensorTypes().size(), 43U);
    for (std::uint32_t id = 0; id < 43; ++id) {
        ASSERT_NE(info(id), nullptr);
        EXPECT_EQ(static_cast<std::uint32_t>(info(id)->type), id);
    }
    EXPECT_EQ(info(43), nullptr);
    EXPECT_EQ(info(0xFFFFFFFF), nullptr);
}

TEST(TensorTypes, RemovedOnesCanBeListedOnly) {
    std::vector<std::uint32_t> removed;
    for (const TensorTypeInfo& row : tensorTypes()) {
        EXPECT_FALSE(row.name.empty());
        EXPECT_GT(row.blockValues, 0U);
        EXPECT_FALSE(row.removed && row.canDequantise);
        if (row.removed) removed.push_back(static_cast<std::uint32_t>(row.type));
    }
    EXPECT_THAT(removed, testing::ElementsAre(4, 5, 31, 32, 33, 36, 37, 38));
}

// Sizes as the public Python package "gguf" has them in GGML_QUANT_SIZES.
TEST(TensorTypes, BlockSizes) {
    struct Row {
        std::uint32_t id;
        std::string_view name;
        std::uint32_t values;
        std::uint32_t bytes;
    };
    for (const Row& row :
         {Row{0, "F32", 1, 4}, Row{2, "Q4_0", 32, 18}, Row{7, "Q5_1", 32, 24}, Row{8, "Q8_0", 32, 34},
          Row{12, "Q4_K", 256, 144}, Row{14, "Q6_K", 256, 210}, Row{15, "Q8_K", 256, 292}, Row{16, "IQ2_XXS", 256, 66},
          Row{23, "IQ4_XS", 256, 136}, Row{28, "F64", 1, 8}, Row{29, "IQ1_M", 256, 56}, Row{30, "BF16", 1, 2},
          Row{34, "TQ1_0", 256, 54}, Row{39, "MXFP4", 32, 17}, Row{40, "NVFP4", 64, 36}, Row{42, "Q2_0", 64, 18}}) {
        ASSERT_NE(info(row.id), nullptr);
        EXPECT_EQ(info(row.id)->name, row.name);
        EXPECT_EQ(info(row.id)->blockValues, row.values) << row.name;
        EXPECT_EQ(info(row.id)->blockBytes, row.bytes) << row.name;
    }
}

TEST(TensorTypes, WhichDecode) {
    std::vector<std::string_view> others;
    for (const TensorTypeInfo& row : tensorTypes()) {
        if (!row.canDequantise) others.push_back(row.name);
        EXPECT_EQ(whyNotDecodable(row.type).empty(), row.canDequantise) << row.name;
    }
    EXPECT_THAT(others, testing::ElementsAre("Q4_2", "Q4_3", "Q8_1", "Q8_K", "I8", "I16", "I32", "I64", "Q4_0_4_4",
                                             "Q4_0_4_8", "Q4_0_8_8", "IQ4_NL_4_4", "IQ4_NL_4_8", "IQ4_NL_8_8"));
}

}  // namespace
}  // namespace kvscope::gguf
