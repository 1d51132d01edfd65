// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace kvscope::gguf {

/// The bytes behind a File: a read-only map of everything (tensor data is read from it) and a private copy of the
/// header. The copy is what gets checked and what key views point into, so a process that rewrites or cuts the file
/// afterwards can neither change checked metadata nor raise SIGBUS in whoever reads it.
class Storage {
  public:
    /// Opens a regular file; never blocks on a FIFO or device. `label` names the file in errors.
    static Result<Storage> open(const std::filesystem::path& path, std::string label);
    /// A file that is already in memory.
    static Storage fromBytes(std::vector<std::byte> bytes, std::string label);

    Storage(Storage&& other) noexcept;
    Storage& operator=(Storage&& other) noexcept;
    ~Storage();

    [[nodiscard]] const std::string& label() const { return m_label; }
    [[nodiscard]] std::uint64_t size() const { return m_size; }
    [[nodiscard]] std::span<const std::byte> map() const { return {m_map, m_size}; }

    /// The most bytes a header may have; a bound on memory for hostile files (real ones stay below 32 MiB).
    static constexpr std::uint64_t kMaxHeaderBytes = 256ULL << 20U;
    /// Loads the first `end` bytes (at most size()) into the private copy, which the parser may rewrite until
    /// sealHeader(): numbers of a big-endian file are turned there. The address never changes.
    Result<std::byte*> loadHeader(std::uint64_t end);
    /// Frees what was reserved beyond `bytes` and makes the copy read-only.
    void sealHeader(std::uint64_t bytes);

    /// Copies by pread(2), which reports a file that has shrunk as an Error where the map would raise SIGBUS.
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) const;
    /// Error when the file on disk is now shorter than when it was opened.
    Result<void> stillWhole() const;

  private:
    Storage() = default;
    void swap(Storage& other) noexcept;
    Result<void> reserveHeader();

    std::string m_label;
    std::vector<std::byte> m_memory;  ///< of fromBytes
    int m_descriptor = -1;
    std::uint64_t m_size = 0;
    const std::byte* m_map = nullptr;
    std::byte* m_header = nullptr;
    std::uint64_t m_headerReserved = 0;
    std::uint64_t m_headerLoaded = 0;
};

}  // namespace kvscope::gguf
