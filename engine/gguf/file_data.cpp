// SPDX-License-Identifier: Apache-2.0
// Bytes of tensors, in the machine's byte order whatever the file's.
#include <algorithm>
#include <array>
#include <functional>
#include <new>

#include "engine/gguf/block_order.h"
#include "engine/gguf/file_impl.h"

namespace kvscope::gguf {
namespace {

/// The largest block of the table is 292 bytes.
constexpr std::size_t kMaxBlockBytes = 512;

/// Reads bytes of a tensor and turns whole blocks, at the edges by way of a block of its own.
class TurningReader {
  public:
    TurningReader(const Storage& storage, const TensorInfo& tensor, std::uint64_t blockBytes)
        : m_storage(storage), m_tensor(tensor), m_blockBytes(blockBytes) {}

    Result<void> read(std::uint64_t begin, std::span<std::byte> out) const {
        while (!out.empty()) {
            const std::uint64_t skip = begin % m_blockBytes;
            const std::uint64_t whole = out.size() / m_blockBytes * m_blockBytes;
            const bool edge = skip != 0 || whole == 0;
            const std::uint64_t step = edge ? std::min(m_blockBytes - skip, out.size()) : whole;
            auto done = edge ? readEdge(begin - skip, skip, out.first(step)) : readBlocks(begin, out.first(step));
            if (!done) return done;
            begin += step;
            out = out.subspan(step);
        }
        return {};
    }

  private:
    Result<void> readBlocks(std::uint64_t begin, std::span<std::byte> out) const {
        if (auto got = m_storage.read(m_tensor.offset + begin, out); !got) return got;
        swapBlocks(m_tensor.type, out);
        return {};
    }

    Result<void> readEdge(std::uint64_t begin, std::uint64_t skip, std::span<std::byte> out) const {
        std::array<std::byte, kMaxBlockBytes> block{};
        const auto used = std::span(block).first(m_blockBytes);
        if (auto got = readBlocks(begin, used); !got) return got;
        std::ranges::copy(used.subspan(skip, out.size()), out.begin());
        return {};
    }

    const Storage& m_storage;
    const TensorInfo& m_tensor;
    std::uint64_t m_blockBytes;
};

}  // namespace

std::atomic<bool>* File::Impl::markOf(const TensorInfo& tensor) const {
    const TensorInfo* begin = tensors.data();
    const TensorInfo* end = begin + tensors.size();
    const bool ours = std::less_equal<>()(begin, &tensor) && std::less<>()(&tensor, end);
    return ours ? &marks[static_cast<std::size_t>(&tensor - begin)] : nullptr;
}

void File::Impl::mark(const TensorInfo& tensor) const {
    if (std::atomic<bool>* mark = markOf(tensor); mark != nullptr) mark->store(true, std::memory_order_relaxed);
}

bool File::wasRead(const TensorInfo& tensor) const {
    const std::atomic<bool>* mark = m_impl->markOf(tensor);
    return mark != nullptr && mark->load(std::memory_order_relaxed);
}

bool File::Impl::turns(const TensorInfo& tensor) const {
    return parts[tensor.part].header.order != kNativeOrder && !isOrderFree(tensor.type);
}

std::span<const std::byte> File::data(const TensorInfo& tensor) const {
    if (tensor.part >= m_impl->parts.size()) return {};
    m_impl->mark(tensor);
    if (!m_impl->turns(tensor)) {
        return m_impl->parts[tensor.part].storage.map().subspan(tensor.offset, tensor.bytes);
    }
    const std::scoped_lock lock(m_impl->turnedMutex);
    const std::pair key(tensor.part, tensor.offset);
    if (const auto found = m_impl->turned.find(key); found != m_impl->turned.end()) return found->second;
    try {
        std::vector<std::byte> copy(tensor.bytes);
        if (!read(tensor, 0, copy)) return {};
        return m_impl->turned.emplace(key, std::move(copy)).first->second;
    } catch (const std::bad_alloc&) {
        return {};
    }
}

Result<void> File::read(const TensorInfo& tensor, std::uint64_t begin, std::span<std::byte> out) const {
    if (begin > tensor.bytes || out.size() > tensor.bytes - begin) {
        return fail(ErrorKind::Internal, whereTensor(tensor.name), "{} bytes from byte {} were asked of {} bytes",
                    out.size(), begin, tensor.bytes);
    }
    if (tensor.part >= m_impl->parts.size()) {
        return fail(ErrorKind::Internal, whereTensor(tensor.name), "the tensor is a placeholder without data");
    }
    m_impl->mark(tensor);
    const Storage& storage = m_impl->parts[tensor.part].storage;
    Result<void> got;
    if (!m_impl->turns(tensor)) {
        got = storage.read(tensor.offset + begin, out);
    } else {
        const TensorTypeInfo* info = tensorTypeInfo(tensor.type);
        if (!hasBlockOrder(tensor.type) || info == nullptr || info->blockBytes == 0 ||
            info->blockBytes > kMaxBlockBytes) {
            return fail(ErrorKind::Unsupported, whereTensor(tensor.name),
                        "the file is big-endian, and how blocks of type {} look there is not known",
                        info != nullptr ? info->name : "unknown");
        }
        got = TurningReader(storage, tensor, info->blockBytes).read(begin, out);
    }
    if (!got) return std::unexpected(Error{got.error().kind, whereTensor(tensor.name), got.error().message});
    return {};
}

}  // namespace kvscope::gguf
