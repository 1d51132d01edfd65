// SPDX-License-Identifier: Apache-2.0
// Real models cut at many places; none may crash, hang, or be refused without naming a place.
#include <gmock/gmock.h>

#include <chrono>
#include <set>

#include "engine/gguf/file.h"
#include "tests/engine/gguf/fixtures.h"
#include "tests/engine/gguf/support.h"

namespace kvscope::gguf {
namespace {

using Clock = std::chrono::steady_clock;

/// Every 64 bytes of the first 64 KiB, and the start and end of each key.
std::set<std::uint64_t> placesToCut(const File& file) {
    std::set<std::uint64_t> cuts;
    for (std::uint64_t at = 0; at < 65536; at += 64) cuts.insert(at);
    for (const KeyValue& kv : file.keys()) {
        cuts.insert(kv.fileOffset);
        const std::uint64_t nameEnd = kv.fileOffset + 8 + kv.key.size();
        const std::uint64_t prefix = kv.type == ValueType::Array ? 16 : kv.type == ValueType::String ? 12 : 4;
        cuts.insert(nameEnd);
        cuts.insert(nameEnd + prefix);
        cuts.insert(nameEnd + prefix + kv.payload.size());
    }
    return cuts;
}

void expectRefusedQuickly(const std::filesystem::path& path, std::uint64_t cut) {
    const auto start = Clock::now();
    const auto file = File::open(path);
    EXPECT_LT(std::chrono::duration<double>(Clock::now() - start).count(), 1.0) << "cut at " << cut;
    ASSERT_FALSE(file) << "cut at " << cut;
    const std::string& where = file.error().where;
    ASSERT_TRUE(where.starts_with(path.string())) << where;
    if (cut == 0) return;
    const std::string place = where.substr(path.string().size());
    EXPECT_TRUE(place == ": header" || place.starts_with(": key ") || place.starts_with(": tensor ")) << where;
    EXPECT_FALSE(file.error().message.empty());
}

class Damage : public testing::TestWithParam<const char*> {};

TEST_P(Damage, TruncatedModelsAreRefused) {
    const auto source = test::sharedModel(GetParam());
    if (!std::filesystem::exists(source)) GTEST_SKIP() << source << " is absent: no model to cut";
    const test::TemporaryFolder folder;
    const auto path = folder / "cut.gguf";
    test::writeBytes(path, test::readBytes(source));
    std::set<std::uint64_t> cuts;
    {
        const auto whole = File::open(path);
        ASSERT_TRUE(whole) << whole.error().text();
        cuts = placesToCut(*whole);
    }
    ASSERT_GT(cuts.size(), 1024U);
    for (auto cut = cuts.rbegin(); cut != cuts.rend(); ++cut) {  // ever shorter
        std::filesystem::resize_file(path, *cut);
        expectRefusedQuickly(path, *cut);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, Damage, testing::Values("kjv-gqa-q8_0.gguf", "stories260K-f32.gguf"),
                         [](const auto& model) { return model.index == 0 ? "Kjv" : "Stories"; });

TEST(DamageSmall, CutAtEveryByte) {
    const auto whole = test::richFile();
    const std::size_t dataEnd = whole.size() - 640 + 384 + 210;  // of the last tensor
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        const auto file =
            File::fromBytes({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)}, "cut.gguf");
        ASSERT_EQ(file.has_value(), cut >= dataEnd) << cut;
        if (!file) {
            EXPECT_THAT(file.error().where, testing::StartsWith("cut.gguf: "));
        }
    }
}

}  // namespace
}  // namespace kvscope::gguf
