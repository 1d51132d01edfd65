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
    DiskSource source;
    return Joiner(source).open(path);
}

Result<File> File::fromBytes(std::vector<std::byte> bytes, const std::filesystem::path& name) {
    std::vector<NamedBytes> files;
    files.push_back({name, std::move(bytes)});
    return fromBytes(std::move(files));
}

Result<File> File::fromBytes(std::vector<NamedBytes> files) {
    if (files.empty()) return fail(ErrorKind::BadUsage, "model file", "no file was given");
    const std::filesystem::path first = files.front().path;
    MemorySource source(std::move(files));
    return Joiner(source).open(first);
}

const std::filesystem::path& File::path() const {
    return m_impl->parts.front().path;
}
std::uint32_t File::version() const {
    return m_impl->header().version;
}
ByteOrder File::byteOrder() const {
    return m_impl->header().order;
}
std::span<const FilePart> File::parts() const {
    return m_impl->partInfos;
}
std::uint64_t File::alignment() const {
    return m_impl->header().alignment;
}
std::uint64_t File::fileBytes() const {
    return m_impl->bytes;
}
std::uint64_t File::headerBytes() const {
    return m_impl->header().bytes;
}
std::span<const KeyValue> File::keys() const {
    return m_impl->header().keys;
}
std::span<const TensorInfo> File::tensors() const {
    return m_impl->tensors;
}

const KeyValue* File::find(std::string_view key) const {
    return findByName(m_impl->header().keys, m_impl->header().keysByName, &KeyValue::key, key);
}

const TensorInfo* File::findTensor(std::string_view name) const {
    return findByName(m_impl->tensors, m_impl->tensorsByName, &TensorInfo::name, name);
}

Result<void> File::stillWhole() const {
    for (const OpenedPart& part : m_impl->parts) {
        if (auto whole = part.storage.stillWhole(); !whole) return whole;
    }
    return {};
}

Result<void> File::addPlaceholder(std::string name, std::vector<std::uint64_t> dims) {
    std::optional<std::uint64_t> bytes = sizeof(float);
    for (const std::uint64_t dim : dims) bytes = bytes ? checkedMul(*bytes, dim) : bytes;
    if (dims.empty() || dims.size() > 4 || !bytes || *bytes == 0 || *bytes >> 63U != 0) {
        return fail(ErrorKind::BadUsage, whereTensor(name), "[{}] is no shape of a tensor", fmt::join(dims, ", "));
    }
    auto& order = m_impl->tensorsByName;
    const auto nameOf = [&](std::uint32_t i) { return std::string_view(m_impl->tensors[i].name); };
    const auto place = std::ranges::lower_bound(order, std::string_view(name), {}, nameOf);
    if (place != order.end() && nameOf(*place) == name) {
        return fail(ErrorKind::BadUsage, whereTensor(name), "the file has this tensor");
    }
    order.insert(place, static_cast<std::uint32_t>(m_impl->tensors.size()));
    m_impl->tensors.push_back({std::move(name), TensorType::F32, std::move(dims), 0, *bytes, kNoPart});
    m_impl->resetMarks();
    return {};
}

std::string File::whereKey(std::string_view key) const {
    return fmt::format("{}: key {}", m_impl->parts.front().storage.label(), quoteName(key));
}

std::string File::whereTensor(std::string_view name) const {
    const TensorInfo* tensor = findTensor(name);
    const bool placed = tensor != nullptr && tensor->part < m_impl->parts.size();
    const OpenedPart& part = m_impl->parts[placed ? tensor->part : 0];
    return fmt::format("{}: tensor {}", part.storage.label(), quoteName(name));
}

}  // namespace kvscope::gguf
