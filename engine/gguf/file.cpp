// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/file.h"

#include "engine/base/checked.h"
#include "engine/gguf/file_impl.h"
#include "engine/gguf/quote.h"

namespace kvscope::gguf {
namespace {

/// The item called `name`, by binary search over the positions in `order`.
template <typename Item>
const Item* findByName(const std::vector<Item>& items, const std::vector<std::uint32_t>& order,
                       std::string Item::* member, std::string_view name) {
    const auto nameOf = [&](std::uint32_t i) { return std::string_view(items[i].*member); };
    const auto it = std::ranges::lower_bound(order, name, {}, nameOf);
    return it != order.end() && nameOf(*it) == name ? &items[*it] : nullptr;
}

}  // namespace

std::uint64_t TensorInfo::rows() const {
    std::uint64_t product = 1;
    for (std::size_t i = 1; i < dims.size(); ++i) product *= dims[i];  // within 63 bits, checked at opening
    return product;
}

File::File(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
File::File(File&&) noexcept = default;
File& File::operator=(File&&) noexcept = default;
File::~File() = default;

Result<File> File::open(const std::filesystem::path& path) {
    auto storage = Storage::open(path, quoteName(path.native(), kMaxPathBytes));
    if (!storage) return forward(storage);
    auto header = parseHeader(*storage);
    if (!header) return forward(header);
    return File(std::make_unique<Impl>(path, std::move(*storage), std::move(*header)));
}

Result<File> File::fromBytes(std::vector<std::byte> bytes, const std::filesystem::path& name) {
    Storage storage = Storage::fromBytes(std::move(bytes), quoteName(name.native(), kMaxPathBytes));
    auto header = parseHeader(storage);
    if (!header) return forward(header);
    return File(std::make_unique<Impl>(name, std::move(storage), std::move(*header)));
}

const std::filesystem::path& File::path() const {
    return m_impl->path;
}
std::uint32_t File::version() const {
    return m_impl->header.version;
}
std::uint64_t File::alignment() const {
    return m_impl->header.alignment;
}
std::uint64_t File::fileBytes() const {
    return m_impl->storage.size();
}
std::uint64_t File::headerBytes() const {
    return m_impl->header.bytes;
}
std::span<const KeyValue> File::keys() const {
    return m_impl->header.keys;
}
std::span<const TensorInfo> File::tensors() const {
    return m_impl->header.tensors;
}

const KeyValue* File::find(std::string_view key) const {
    return findByName(m_impl->header.keys, m_impl->header.keysByName, &KeyValue::key, key);
}

const TensorInfo* File::findTensor(std::string_view name) const {
    return findByName(m_impl->header.tensors, m_impl->header.tensorsByName, &TensorInfo::name, name);
}

std::span<const std::byte> File::data(const TensorInfo& tensor) const {
    return m_impl->storage.map().subspan(tensor.offset, tensor.bytes);
}

Result<void> File::read(const TensorInfo& tensor, std::uint64_t begin, std::span<std::byte> out) const {
    if (begin > tensor.bytes || out.size() > tensor.bytes - begin) {
        return fail(ErrorKind::Internal, whereTensor(tensor.name), "{} bytes from byte {} were asked of {} bytes",
                    out.size(), begin, tensor.bytes);
    }
    auto got = m_impl->storage.read(tensor.offset + begin, out);
    if (!got) return std::unexpected(Error{got.error().kind, whereTensor(tensor.name), got.error().message});
    return {};
}

Result<void> File::stillWhole() const {
    return m_impl->storage.stillWhole();
}

std::string File::whereKey(std::string_view key) const {
    return fmt::format("{}: key {}", m_impl->storage.label(), quoteName(key));
}

std::string File::whereTensor(std::string_view name) const {
    return fmt::format("{}: tensor {}", m_impl->storage.label(), quoteName(name));
}

}  // namespace kvscope::gguf
