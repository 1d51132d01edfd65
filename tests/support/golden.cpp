// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "engine/base/half.h"

namespace kvscope::test {
namespace {

std::vector<char> readBytes(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot open " + path.string());
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Takes arrays off the front of a file's bytes.
class Cursor {
  public:
    explicit Cursor(const std::filesystem::path& path) : m_path(path), m_bytes(readBytes(path)) {}

    template <typename T>
    std::vector<T> take(std::size_t count) {
        if ((m_bytes.size() - m_offset) / sizeof(T) < count)
            throw std::runtime_error(m_path.string() + " is too short");
        std::vector<T> values(count);
        std::memcpy(values.data(), m_bytes.data() + m_offset, count * sizeof(T));
        m_offset += count * sizeof(T);
        return values;
    }
    std::vector<float> takeHalves(std::size_t count) {
        std::vector<float> values;
        for (const std::uint16_t half : take<std::uint16_t>(count)) values.push_back(halfToFloat(half));
        return values;
    }
    [[nodiscard]] bool atEnd() const { return m_offset == m_bytes.size(); }

  private:
    std::filesystem::path m_path;
    std::vector<char> m_bytes;
    std::size_t m_offset = 0;
};

}  // namespace

std::vector<float> Golden::pickSubset(std::span<const float> logits) const {
    std::vector<float> picked;
    for (const std::int32_t id : subset) picked.push_back(logits[static_cast<std::size_t>(id)]);
    return picked;
}

Golden readGolden(const std::filesystem::path& path) {
    Cursor cursor(path);
    const std::vector<char> magic = cursor.take<char>(8);
    if (std::memcmp(magic.data(), "KVSGOLD1", 8) != 0) throw std::runtime_error(path.string() + " is no golden file");
    const std::vector<std::uint32_t> counts = cursor.take<std::uint32_t>(5);
    Golden golden{.nTokens = counts[0], .nVocab = counts[1], .nTop = counts[4]};
    const std::size_t positions = golden.nTokens;
    golden.tokens = cursor.take<std::int32_t>(positions);
    golden.subset = cursor.take<std::int32_t>(counts[2]);
    golden.fullPositions = cursor.take<std::int32_t>(counts[3]);
    golden.norms = cursor.take<float>(positions);
    golden.topIds = cursor.take<std::int32_t>(positions * golden.nTop);
    golden.topLogits = cursor.take<float>(positions * golden.nTop);
    golden.subsetLogits = cursor.takeHalves(positions * golden.subset.size());
    golden.fullLogits = cursor.takeHalves(golden.fullPositions.size() * golden.nVocab);
    if (!cursor.atEnd()) throw std::runtime_error(path.string() + " is too long");
    return golden;
}

std::vector<float> readFloats(const std::filesystem::path& path) {
    const std::size_t count = std::filesystem::file_size(path) / sizeof(float);
    return Cursor(path).take<float>(count);
}

std::vector<std::int32_t> readTokens(const std::filesystem::path& path) {
    const std::size_t count = std::filesystem::file_size(path) / sizeof(std::int32_t);
    return Cursor(path).take<std::int32_t>(count);
}

}  // namespace kvscope::test
