// SPDX-License-Identifier: Apache-2.0
#include "tests/kernels/counting_fixture.h"

#include <algorithm>
#include <array>
#include <bit>

namespace kvscope::test {

using kernels::Traffic;

namespace {

/// The buffer that counting shaders write, with a bitmap of touched words for each binding named.
class Counters {
  public:
    Counters(vulkan::Device& device, const std::map<std::uint32_t, const vulkan::Buffer*>& bindings) {
        std::vector<std::uint32_t> words(kHeader, 0);
        for (const auto& [binding, buffer] : bindings) {
            m_size[binding] = buffer->bytes() / 128 + 1;
            words[16 + binding] = static_cast<std::uint32_t>(words.size());
            words.resize(words.size() + m_size[binding], 0);
        }
        m_buffer = must(vulkan::Buffer::create(device, words.size() * 4, vulkan::MemoryUse::Readback, "counters"));
        std::ranges::copy(words, m_buffer.view<std::uint32_t>().begin());
    }
    [[nodiscard]] const vulkan::Buffer& buffer() const { return m_buffer; }
    [[nodiscard]] std::uint64_t requested(std::uint32_t category) const { return at(2 * category); }
    [[nodiscard]] std::uint64_t written(std::uint32_t category) const { return at(2 * category + 1); }
    /// Distinct bytes touched through these bindings.
    [[nodiscard]] std::uint64_t unique(const std::vector<std::uint32_t>& bindings) const {
        std::uint64_t bytes = 0;
        for (const std::uint32_t binding : bindings) {
            for (std::size_t i = 0; i < m_size.at(binding); ++i) {
                bytes += 4U * static_cast<std::uint64_t>(std::popcount(at(at(16 + binding) + i)));
            }
        }
        return bytes;
    }

  private:
    static constexpr std::size_t kHeader = 32;
    [[nodiscard]] std::uint32_t at(std::size_t word) const { return m_buffer.view<std::uint32_t>()[word]; }
    vulkan::Buffer m_buffer;
    std::map<std::uint32_t, std::size_t> m_size;
};

}  // namespace

void Counting::SetUp() {
    VulkanTest::SetUp();
    if (!IsSkipped() && !device().physical().subgroupArithmetic) GTEST_SKIP() << "counting needs subgroups";
}

Traffic Counting::count(const kernels::Dispatch& dispatch, const UniqueOf& uniqueOf) {
    std::map<std::uint32_t, const vulkan::Buffer*> bitmaps;
    const auto& bindings = dispatch.pipeline->interface().bindings;
    for (const auto& [category, list] : uniqueOf) {
        for (const std::uint32_t binding : list) {
            const auto found = std::ranges::find(bindings, binding);
            bitmaps[binding] = dispatch.buffers.at(static_cast<std::size_t>(found - bindings.begin()));
        }
    }
    const Counters counters(device(), bitmaps);
    countingLibrary().setCounters(&counters.buffer());
    run(countingLibrary(), {dispatch});
    countingLibrary().setCounters(nullptr);
    Traffic counted;
    for (std::uint32_t category = 0; category < counted.category.size(); ++category) {
        auto& to = counted.category.at(category);
        to.requested = counters.requested(category);
        to.written = counters.written(category);
        if (uniqueOf.contains(category)) to.unique = counters.unique(uniqueOf.at(category));
    }
    return counted;
}

void Counting::check(const kernels::Dispatch& dispatch, const Traffic& traffic, const UniqueOf& uniqueOf,
                     const std::string& what) {
    constexpr std::array kNames{"weights", "KV read", "KV written", "index", "activations"};
    const Traffic counted = count(dispatch, uniqueOf);
    for (std::uint32_t category = 0; category < counted.category.size(); ++category) {
        const auto& got = counted.category.at(category);
        const auto& said = traffic.category.at(category);
        EXPECT_EQ(got.requested, said.requested) << what << ": requested " << kNames.at(category);
        EXPECT_EQ(got.written, said.written) << what << ": written " << kNames.at(category);
        EXPECT_EQ(got.unique, said.unique) << what << ": unique " << kNames.at(category);
    }
}

}  // namespace kvscope::test
