// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/gguf/storage.h"

namespace kvscope::gguf {

/// Where the files of a model come from.
class PartSource {
  public:
    virtual ~PartSource() = default;
    [[nodiscard]] virtual bool has(const std::filesystem::path& path) const = 0;
    /// `label` names the file in errors.
    virtual Result<Storage> open(const std::filesystem::path& path, std::string label) = 0;
};

/// Files of the file system.
class DiskSource : public PartSource {
  public:
    [[nodiscard]] bool has(const std::filesystem::path& path) const override;
    Result<Storage> open(const std::filesystem::path& path, std::string label) override;
};

/// Files in memory; each can be opened once.
class MemorySource : public PartSource {
  public:
    explicit MemorySource(std::vector<NamedBytes> files) : m_files(std::move(files)) {}
    [[nodiscard]] bool has(const std::filesystem::path& path) const override;
    Result<Storage> open(const std::filesystem::path& path, std::string label) override;

  private:
    std::vector<NamedBytes> m_files;
};

}  // namespace kvscope::gguf
