// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/part_source.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace kvscope::gguf {

bool DiskSource::has(const std::filesystem::path& path) const {
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    // what cannot be looked at is there for open() to say why
    return status.type() != std::filesystem::file_type::not_found;
}

Result<Storage> DiskSource::open(const std::filesystem::path& path, std::string label) {
    return Storage::open(path, std::move(label));
}

bool MemorySource::has(const std::filesystem::path& path) const {
    return std::ranges::find(m_files, path, &NamedBytes::path) != m_files.end();
}

Result<Storage> MemorySource::open(const std::filesystem::path& path, std::string label) {
    const auto file = std::ranges::find(m_files, path, &NamedBytes::path);
    if (file == m_files.end()) return fail(ErrorKind::Io, std::move(label), "cannot open: there is no such file");
    Storage storage = Storage::fromBytes(std::move(file->bytes), std::move(label));
    m_files.erase(file);
    return storage;
}

}  // namespace kvscope::gguf
