// SPDX-License-Identifier: Apache-2.0
#include "app/cli/cold_read.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>

namespace kvscope::cli {

namespace {

/// A file open for reading.
class Descriptor {
  public:
    explicit Descriptor(const std::filesystem::path& path) : m_value(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~Descriptor() {
        if (m_value >= 0) ::close(m_value);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int value() const { return m_value; }

  private:
    int m_value;
};

std::unexpected<Error> systemFault(const std::filesystem::path& path, const char* what) {
    return fail(ErrorKind::Io, path.string(), "{}: {}", what, std::strerror(errno));
}

/// Pages of the file that are in memory, times the size of a page.
std::uint64_t residentBytes(const Descriptor& file, std::uint64_t bytes) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    void* map = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.value(), 0);
    if (map == MAP_FAILED) return 0;
    std::vector<unsigned char> pages((bytes + page - 1) / page);
    const bool known = ::mincore(map, bytes, pages.data()) == 0;
    ::munmap(map, bytes);
    return known ? page * static_cast<std::uint64_t>(std::ranges::count_if(pages, [](auto p) { return (p & 1) != 0; }))
                 : 0;
}

Result<std::uint64_t> readAll(const std::filesystem::path& path, const Descriptor& file) {
    std::vector<char> block(4U << 20U);
    std::uint64_t sum = 0;
    while (true) {
        const ssize_t got = ::read(file.value(), block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return systemFault(path, "reading failed");
        if (got == 0) return sum;
        sum += static_cast<std::uint64_t>(got);
    }
}

}  // namespace

Result<ColdRead> coldRead(const std::vector<std::filesystem::path>& files) {
    ColdRead result;
    std::uint64_t resident = 0;
    for (const std::filesystem::path& path : files) {
        const Descriptor file(path);
        if (file.value() < 0) return systemFault(path, "it cannot be opened");
        struct stat status{};
        if (::fstat(file.value(), &status) != 0) return systemFault(path, "its size is unknown");
        ::posix_fadvise(file.value(), 0, 0, POSIX_FADV_DONTNEED);
        if (status.st_size > 0) resident += residentBytes(file, static_cast<std::uint64_t>(status.st_size));
        const auto start = std::chrono::steady_clock::now();
        const std::clock_t startCpu = std::clock();
        const auto bytes = readAll(path, file);
        if (!bytes) return forward(bytes);
        result.cpuSeconds += static_cast<double>(std::clock() - startCpu) / CLOCKS_PER_SEC;
        result.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        result.bytes += *bytes;
        ::posix_fadvise(file.value(), 0, 0, POSIX_FADV_DONTNEED);
    }
    if (result.bytes > 0) {
        result.residentShare = std::min(1.0, static_cast<double>(resident) / static_cast<double>(result.bytes));
    }
    return result;
}

}  // namespace kvscope::cli
