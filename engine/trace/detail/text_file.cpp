// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/detail/text_file.h"

#include <cerrno>
#include <cstring>

namespace kvscope::trace::detail {

namespace {
constexpr std::size_t kBufferBytes = std::size_t{1} << 16U;
}

Result<TextFile> TextFile::create(const std::filesystem::path& path) {
    TextFile file;
    file.m_file.reset(std::fopen(path.c_str(), "wb"));
    if (!file.m_file)
        return fail(ErrorKind::Io, path.string(), "the file cannot be written ({})", std::strerror(errno));
    file.m_path = path;
    return file;
}

TextFile::~TextFile() {
    if (m_file) discard();
}

Result<void> TextFile::write(bool all) {
    if (buffer.empty() || (!all && buffer.size() < kBufferBytes)) return {};
    if (std::fwrite(buffer.data(), 1, buffer.size(), m_file.get()) != buffer.size()) {
        return fail(ErrorKind::Io, m_path.string(), "writing failed ({})", std::strerror(errno));
    }
    buffer.clear();
    return {};
}

Result<void> TextFile::finish() {
    if (const Result<void> done = write(true); !done) return done;
    if (std::fflush(m_file.get()) != 0) {
        return fail(ErrorKind::Io, m_path.string(), "writing failed ({})", std::strerror(errno));
    }
    m_file.reset();
    return {};
}

void TextFile::discard() {
    m_file.reset();
    std::error_code ignored;
    if (std::filesystem::is_regular_file(m_path, ignored)) std::filesystem::remove(m_path, ignored);
}

}  // namespace kvscope::trace::detail
