// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/storage.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace kvscope::gguf {
namespace {

constexpr std::uint64_t kReadStep = 256ULL << 10U;

std::string_view kindOfFile(mode_t mode) {
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
    if (S_ISSOCK(mode)) return "a socket";
    return "no regular file";
}

Result<void> checkIsRegular(const struct stat& status, const std::string& label) {
    if (S_ISREG(status.st_mode)) return {};
    return fail(ErrorKind::BadFile, label, "this is {}, not a model file", kindOfFile(status.st_mode));
}

Result<void> preadAll(int descriptor, std::uint64_t offset, std::span<std::byte> out, const std::string& label) {
    while (!out.empty()) {
        const ssize_t got = ::pread(descriptor, out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            return fail(ErrorKind::Io, label, "reading at byte {} failed: {}", offset, std::strerror(errno));
        }
        if (got == 0) {
            return fail(ErrorKind::BadFile, label, "the file has shrunk while in use: it now ends at byte {}", offset);
        }
        offset += static_cast<std::uint64_t>(got);
        out = out.subspan(static_cast<std::size_t>(got));
    }
    return {};
}

}  // namespace

Result<Storage> Storage::open(const std::filesystem::path& path, std::string label) {
    if (path.empty()) return fail(ErrorKind::BadFile, "model file", "the path is empty");
    Storage storage;
    storage.m_label = std::move(label);
    const std::string& where = storage.m_label;
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        return fail(ErrorKind::Io, where, "cannot open: {}", std::strerror(errno));
    }
    if (auto regular = checkIsRegular(status, where); !regular) return forward(regular);
    // O_NONBLOCK: should the path have become a pipe since, opening it must not wait for a writer
    storage.m_descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (storage.m_descriptor < 0) return fail(ErrorKind::Io, where, "cannot open: {}", std::strerror(errno));
    if (::fstat(storage.m_descriptor, &status) != 0) {
        return fail(ErrorKind::Io, where, "cannot read the size: {}", std::strerror(errno));
    }
    if (auto regular = checkIsRegular(status, where); !regular) return forward(regular);
    if (status.st_size <= 0) return fail(ErrorKind::BadFile, where, "the file is empty (0 bytes)");
    storage.m_size = static_cast<std::uint64_t>(status.st_size);
    void* map = ::mmap(nullptr, storage.m_size, PROT_READ, MAP_PRIVATE, storage.m_descriptor, 0);
    if (map == MAP_FAILED) {
        return fail(ErrorKind::Io, where, "cannot map {} bytes: {}", storage.m_size, std::strerror(errno));
    }
    storage.m_map = static_cast<const std::byte*>(map);
    if (auto reserved = storage.reserveHeader(); !reserved) return forward(reserved);
    return storage;
}

Storage Storage::fromBytes(std::vector<std::byte> bytes, std::string label) {
    Storage storage;
    storage.m_label = std::move(label);
    storage.m_memory = std::move(bytes);
    storage.m_size = storage.m_memory.size();
    storage.m_map = storage.m_memory.data();
    storage.m_header = storage.m_memory.data();
    storage.m_headerLoaded = std::min(storage.m_size, kMaxHeaderBytes);
    return storage;
}

Storage::Storage(Storage&& other) noexcept : Storage() {
    swap(other);
}

Storage& Storage::operator=(Storage&& other) noexcept {
    swap(other);
    return *this;
}

Storage::~Storage() {
    if (m_descriptor < 0) return;
    if (m_headerReserved != 0) ::munmap(m_header, m_headerReserved);
    if (m_map != nullptr) ::munmap(const_cast<std::byte*>(m_map), m_size);
    ::close(m_descriptor);
}

void Storage::swap(Storage& other) noexcept {
    std::swap(m_label, other.m_label);
    m_memory.swap(other.m_memory);  // keeps the address of the bytes
    std::swap(m_descriptor, other.m_descriptor);
    std::swap(m_size, other.m_size);
    std::swap(m_map, other.m_map);
    std::swap(m_header, other.m_header);
    std::swap(m_headerReserved, other.m_headerReserved);
    std::swap(m_headerLoaded, other.m_headerLoaded);
}

Result<void> Storage::reserveHeader() {
    m_headerReserved = std::min(m_size, kMaxHeaderBytes);
    // address space only: pages cost memory once loadHeader() fills them
    void* copy =
        ::mmap(nullptr, m_headerReserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (copy == MAP_FAILED) {
        const std::uint64_t wanted = std::exchange(m_headerReserved, 0);
        return fail(ErrorKind::OutOfMemory, m_label, "cannot reserve {} bytes for the header: {}", wanted,
                    std::strerror(errno));
    }
    m_header = static_cast<std::byte*>(copy);
    return {};
}

Result<std::byte*> Storage::loadHeader(std::uint64_t end) {
    if (end <= m_headerLoaded) return m_header;
    if (end > kMaxHeaderBytes) {
        return fail(ErrorKind::BadFile, m_label, "the header is longer than {} bytes, the most that is read",
                    kMaxHeaderBytes);
    }
    const std::uint64_t target = std::min(std::max(end, m_headerLoaded + kReadStep), m_headerReserved);
    if (end > target) return fail(ErrorKind::BadFile, m_label, "the file ends at byte {}, inside the header", m_size);
    auto got = preadAll(m_descriptor, m_headerLoaded, {m_header + m_headerLoaded, target - m_headerLoaded}, m_label);
    if (!got) return forward(got);
    m_headerLoaded = target;
    return m_header;
}

void Storage::sealHeader(std::uint64_t bytes) {
    if (m_headerReserved == 0) return;
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t keep = std::min(m_headerReserved, (bytes + page - 1) / page * page);
    if (keep > 0 && keep < m_headerReserved && ::munmap(m_header + keep, m_headerReserved - keep) == 0) {
        m_headerReserved = keep;
        m_headerLoaded = std::min(m_headerLoaded, keep);
    }
    ::mprotect(m_header, m_headerReserved, PROT_READ);  // a safety net only, so a refusal changes nothing
}

Result<void> Storage::read(std::uint64_t offset, std::span<std::byte> out) const {
    if (offset > m_size || out.size() > m_size - offset) {
        return fail(ErrorKind::BadFile, m_label, "bytes {} to {} lie outside the file of {} bytes", offset,
                    offset + out.size(), m_size);
    }
    if (m_descriptor >= 0) return preadAll(m_descriptor, offset, out, m_label);
    if (!out.empty()) std::memcpy(out.data(), m_map + offset, out.size());
    return {};
}

Result<void> Storage::stillWhole() const {
    if (m_descriptor < 0) return {};
    struct stat status{};
    if (::fstat(m_descriptor, &status) != 0) {
        return fail(ErrorKind::Io, m_label, "cannot read the size: {}", std::strerror(errno));
    }
    if (status.st_size < 0 || static_cast<std::uint64_t>(status.st_size) < m_size) {
        return fail(ErrorKind::BadFile, m_label, "the file has shrunk while in use: from {} to {} bytes", m_size,
                    static_cast<std::int64_t>(status.st_size));
    }
    return {};
}

}  // namespace kvscope::gguf
