// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"

namespace kvscope::model {

/// No dimension of a published model comes near it; products of two such numbers fit 64 bits.
inline constexpr std::uint64_t kLargestDimension = std::uint64_t{1} << 28U;
inline constexpr std::uint64_t kLargestHeadWidth = 1U << 16U;
/// Contexts, windows and other counts of tokens.
inline constexpr std::uint64_t kLargestCount = (std::uint64_t{1} << 31U) - 1;

/// Reads the keys below "ARCHITECTURE." of a header and turns what is wrong with them into sentences that name file,
/// key and value. Numbers are read from any type that holds them exactly. Holds a reference to the file.
class KeyReader {
  public:
    KeyReader(const gguf::File& file, std::string architecture)
        : m_file(&file), m_architecture(std::move(architecture)) {}

    /// "ARCHITECTURE.SUFFIX"
    [[nodiscard]] std::string key(std::string_view suffix) const;
    /// "FILE: ARCHITECTURE.SUFFIX", for errors.
    [[nodiscard]] std::string where(std::string_view suffix) const;
    [[nodiscard]] const gguf::File& file() const { return *m_file; }
    [[nodiscard]] bool has(std::string_view suffix) const { return m_file->find(key(suffix)) != nullptr; }

    /// 1 to `limit`; nothing when the key is absent.
    [[nodiscard]] Result<std::optional<std::uint32_t>> optional(std::string_view suffix, std::uint64_t limit) const;
    [[nodiscard]] Result<std::uint32_t> required(std::string_view suffix, std::uint64_t limit) const;
    /// 0 to `limit`; `fallback` when the key is absent.
    [[nodiscard]] Result<std::uint32_t> count(std::string_view suffix, std::uint64_t limit,
                                              std::uint32_t fallback = 0) const;
    [[nodiscard]] Result<bool> flag(std::string_view suffix, bool fallback) const;

    /// One number (1 or more) for all layers, or an array with a number for each. Empty when the key is absent. Entries
    /// beyond `nLayers` are dropped when the array has one for each of `blockCount` blocks.
    [[nodiscard]] Result<std::vector<std::uint32_t>> perLayer(std::string_view suffix, std::uint32_t nLayers,
                                                              std::uint32_t blockCount) const;

    /// A finite float above zero, or nothing when the key is absent.
    [[nodiscard]] Result<std::optional<float>> positiveFloat(std::string_view suffix) const;
    /// A finite float of at least zero; `fallback` when the key is absent.
    [[nodiscard]] Result<float> nonNegativeFloat(std::string_view suffix, float fallback) const;

  private:
    [[nodiscard]] Result<std::uint32_t> check(std::string_view suffix, std::uint64_t value, std::uint64_t least,
                                              std::uint64_t limit) const;
    [[nodiscard]] Result<std::optional<float>> finiteFloat(std::string_view suffix, float least) const;

    const gguf::File* m_file;
    std::string m_architecture;
};

}  // namespace kvscope::model
