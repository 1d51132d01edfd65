// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/header_parser.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "engine/base/checked.h"
#include "engine/gguf/header_cursor.h"
#include "engine/gguf/value_type.h"

namespace kvscope::gguf {
namespace {

constexpr std::uint64_t kMinKeyBytes = 8 + 1 + 4 + 1;             // length, one letter, type, a byte
constexpr std::uint64_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;  // length, one letter, rank, ne0, type, offset
constexpr std::uint64_t kMaxSigned = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

/// Reads one header, once. Each step answers false after the cursor has noted why.
class Parser {
  public:
    explicit Parser(Storage& storage) : m_storage(storage), m_cursor(storage) {}

    Result<Header> parse() {
        std::uint64_t tensorCount = 0;
        std::uint64_t keyCount = 0;
        const bool good = readPreamble(tensorCount, keyCount) && readKeys(keyCount) && readAlignment() &&
                          readTensors(tensorCount) && placeTensors();
        if (!good) return std::unexpected(m_cursor.error());
        m_storage.sealHeader(m_cursor.position());
        return std::move(m_header);
    }

  private:
    bool readPreamble(std::uint64_t& tensorCount, std::uint64_t& keyCount);
    bool checkMagic(std::uint32_t magic);
    bool checkVersion();
    bool readCount(std::uint64_t& count, std::string_view what, std::uint64_t minBytes, std::uint64_t most);

    bool readKeys(std::uint64_t count);
    bool readKey(std::uint64_t index, std::uint64_t count);
    bool readValueType(ValueType& type, std::string_view what);
    bool skipValue(ValueType type, std::uint32_t depth);
    bool skipArray(KeyValue* entry, std::uint32_t depth);
    bool checkBools(const std::byte* values, std::uint64_t count);
    bool readAlignment();

    bool readTensors(std::uint64_t count);
    bool readTensor(std::uint64_t index, std::uint64_t count);
    bool readDims(TensorInfo& tensor);
    bool readTypeAndSize(TensorInfo& tensor);
    bool placeTensors();
    bool placeTensor(TensorInfo& tensor, std::uint64_t dataStart);
    bool checkOverlap();

    template <typename Item, typename Name>
    bool indexByName(const std::vector<Item>& items, std::vector<std::uint32_t>& order, Name name,
                     std::string_view what);
    void setTensorPlace(const TensorInfo& tensor) { m_cursor.setPlace("tensor " + quoteName(tensor.name)); }

    Storage& m_storage;
    HeaderCursor m_cursor;
    Header m_header;
};

bool Parser::readPreamble(std::uint64_t& tensorCount, std::uint64_t& keyCount) {
    m_cursor.setPlace("header");
    std::uint32_t magic = 0;
    return m_cursor.number(magic, "the magic number") && checkMagic(magic) &&
           m_cursor.number(m_header.version, "the version") && checkVersion() &&
           m_cursor.number(tensorCount, "the number of tensors") && m_cursor.number(keyCount, "the number of keys") &&
           readCount(tensorCount, "tensors", kMinTensorBytes, kMaxTensors) &&
           readCount(keyCount, "keys", kMinKeyBytes, kMaxKeys);
}

bool Parser::checkMagic(std::uint32_t magic) {
    switch (magic) {
        case 0x46554747:
            return true;  // "GGUF"
        case 0x67676D6C:
        case 0x67676D66:
        case 0x67676A74:
        case 0x67676C61:
            return m_cursor.refuseUnsupported(
                "this is a model in a format older than GGUF (ggml, ggmf, ggjt or ggla), which is not read; convert "
                "it");
        default:
            return m_cursor.refuse(
                "this is no GGUF file: it begins with the bytes {:02X} {:02X} {:02X} {:02X} "
                "instead of 47 47 55 46 (\"GGUF\")",
                magic & 0xFFU, (magic >> 8U) & 0xFFU, (magic >> 16U) & 0xFFU, magic >> 24U);
    }
}

/// There is no flag for the byte order: a version whose low half is empty is one of the other order (architectures.md
/// 15.3).
bool Parser::checkVersion() {
    std::uint32_t& version = m_header.version;
    if (version != 0 && (version & 0xFFFFU) == 0) {
        version = __builtin_bswap32(version);
        m_header.order = kOtherOrder;
        m_cursor.setByteOrder(kOtherOrder);
    }
    if (version == 2 || version == 3) return true;
    if (version == 1) {
        return m_cursor.refuseUnsupported(
            "the file has GGUF version 1 (August 2023), which is not read; convert it to version 3");
    }
    return m_cursor.refuse("the GGUF version at byte 4 is {}{}, known are 2 and 3", version,
                           m_header.order == ByteOrder::Big ? " (big-endian)" : "");
}

bool Parser::readCount(std::uint64_t& count, std::string_view what, std::uint64_t minBytes, std::uint64_t most) {
    if (count > kMaxSigned) return m_cursor.refuse("the number of {} is negative ({:#x})", what, count);
    if (count > m_cursor.left() / minBytes) {
        return m_cursor.refuse("the number of {} is {}, more than the {} bytes left in the file can hold", what, count,
                               m_cursor.left());
    }
    if (count > most) return m_cursor.refuse("the number of {} is {}, more than the {} allowed", what, count, most);
    return true;
}

bool Parser::readKeys(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        if (!readKey(i, count)) return false;
    }
    return indexByName(
        m_header.keys, m_header.keysByName, [](const KeyValue& kv) { return std::string_view(kv.key); }, "key");
}

bool Parser::readKey(std::uint64_t index, std::uint64_t count) {
    m_cursor.setPlace(fmt::format("key {} of {}", index + 1, count));
    KeyValue entry;
    entry.fileOffset = m_cursor.position();
    std::string_view key;
    if (!m_cursor.string(key, kMaxKeyBytes, "the key's name")) return false;
    if (key.empty()) return m_cursor.refuse("the key's name at byte {} is empty", entry.fileOffset);
    m_cursor.setPlace("key " + quoteName(key));
    entry.key = key;
    if (!readValueType(entry.type, "the value's type")) return false;
    if (entry.type == ValueType::Array) {
        if (!skipArray(&entry, 1)) return false;
    } else {
        const std::uint64_t lengthBytes = entry.type == ValueType::String ? 8 : 0;
        const std::uint64_t start = m_cursor.position() + lengthBytes;
        if (!skipValue(entry.type, 0)) return false;
        auto base = m_storage.loadHeader(m_cursor.position());
        if (!base) return m_cursor.refuse("{}", base.error().message);
        entry.payload = {*base + start, m_cursor.position() - start};
    }
    m_header.keys.push_back(std::move(entry));
    return true;
}

bool Parser::readValueType(ValueType& type, std::string_view what) {
    const std::uint64_t at = m_cursor.position();
    std::uint32_t id = 0;
    if (!m_cursor.number(id, what)) return false;
    if (!isValueType(id)) return m_cursor.refuse("{} at byte {} is {}, known are 0 to 12", what, at, id);
    type = static_cast<ValueType>(id);
    return true;
}

bool Parser::skipValue(ValueType type, std::uint32_t depth) {
    if (type == ValueType::Array) return skipArray(nullptr, depth + 1);
    if (type == ValueType::String) {
        std::string_view text;
        return m_cursor.string(text, kMaxStringBytes, "a string");
    }
    const std::byte* at = m_cursor.numbers(valueBytes(type), 1, "the value");
    return at != nullptr && (type != ValueType::Bool || checkBools(at, 1));
}

bool Parser::skipArray(KeyValue* entry, std::uint32_t depth) {
    if (depth > kMaxArrayDepth) {
        return m_cursor.refuse("arrays are nested more than {} deep at byte {}", kMaxArrayDepth, m_cursor.position());
    }
    ValueType element{};
    std::uint64_t count = 0;
    if (!readValueType(element, "the type of the array's elements")) return false;
    const std::uint64_t countAt = m_cursor.position();
    if (!m_cursor.number(count, "the array's length")) return false;
    const bool isNested = element == ValueType::Array;
    const std::uint64_t least = isNested ? 12 : element == ValueType::String ? 8 : valueBytes(element);
    if (count > m_cursor.left() / least) {
        return m_cursor.refuse(
            "the array's length at byte {} is {}, but the {} bytes left in the file hold at most {} "
            "elements of type {}",
            countAt, count, m_cursor.left(), m_cursor.left() / least, valueTypeName(element));
    }
    const std::uint64_t start = m_cursor.position();
    if (isNested || element == ValueType::String) {
        for (std::uint64_t i = 0; i < count; ++i) {
            if (!skipValue(element, depth)) return false;
        }
    } else {
        const std::byte* values = m_cursor.numbers(least, count, "the array's elements");
        if (values == nullptr || (element == ValueType::Bool && !checkBools(values, count))) return false;
    }
    if (entry == nullptr) return true;
    auto base = m_storage.loadHeader(m_cursor.position());
    if (!base) return m_cursor.refuse("{}", base.error().message);
    entry->elementType = element;
    entry->count = count;
    entry->payload = {*base + start, m_cursor.position() - start};
    return true;
}

/// The cursor stands just behind `count` bools.
bool Parser::checkBools(const std::byte* values, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        if (std::to_integer<unsigned>(values[i]) > 1) {
            return m_cursor.refuse("the bool at byte {} is {}, only 0 and 1 are allowed",
                                   m_cursor.position() - count + i, std::to_integer<unsigned>(values[i]));
        }
    }
    return true;
}

bool Parser::readAlignment() {
    constexpr std::string_view kKey = "general.alignment";
    const auto it = std::ranges::find(m_header.keys, kKey, &KeyValue::key);
    if (it == m_header.keys.end()) return true;
    m_cursor.setPlace("key general.alignment");
    if (it->type != ValueType::Uint32) {
        return m_cursor.refuse("the type at byte {} is {}, expected u32", it->fileOffset + 8 + kKey.size(),
                               valueTypeName(it->type));
    }
    std::uint32_t alignment = 0;
    std::memcpy(&alignment, it->payload.data(), sizeof(alignment));
    if (!std::has_single_bit(alignment)) {
        return m_cursor.refuse("the alignment is {}, expected a power of two (key at byte {})", alignment,
                               it->fileOffset);
    }
    m_header.alignment = alignment;
    return true;
}

bool Parser::readTensors(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        if (!readTensor(i, count)) return false;
    }
    return indexByName(
        m_header.tensors, m_header.tensorsByName, [](const TensorInfo& t) { return std::string_view(t.name); },
        "tensor");
}

bool Parser::readTensor(std::uint64_t index, std::uint64_t count) {
    m_cursor.setPlace(fmt::format("tensor {} of {}", index + 1, count));
    const std::uint64_t start = m_cursor.position();
    std::string_view name;
    if (!m_cursor.string(name, kMaxTensorNameBytes, "the tensor's name")) return false;
    if (name.empty()) return m_cursor.refuse("the tensor's name at byte {} is empty", start);
    TensorInfo tensor;
    tensor.name = name;
    setTensorPlace(tensor);
    if (!readDims(tensor) || !readTypeAndSize(tensor)) return false;
    const std::uint64_t offsetAt = m_cursor.position();
    if (!m_cursor.number(tensor.offset, "the data offset")) return false;
    if (tensor.offset % m_header.alignment != 0) {
        return m_cursor.refuse("the data offset at byte {} is {}, no multiple of the alignment {}", offsetAt,
                               tensor.offset, m_header.alignment);
    }
    m_header.tensors.push_back(std::move(tensor));
    return true;
}

bool Parser::readDims(TensorInfo& tensor) {
    const std::uint64_t rankAt = m_cursor.position();
    std::uint32_t rank = 0;
    if (!m_cursor.number(rank, "the number of dimensions")) return false;
    if (rank < 1 || rank > 4) {
        return m_cursor.refuse("the number of dimensions at byte {} is {}, expected 1 to 4", rankAt, rank);
    }
    std::uint64_t values = 1;
    for (std::uint32_t i = 0; i < rank; ++i) {
        const std::uint64_t at = m_cursor.position();
        std::uint64_t dim = 0;
        if (!m_cursor.number(dim, "the shape")) return false;
        if (dim == 0) return m_cursor.refuse("dimension {} at byte {} is 0", i, at);
        if (dim > kMaxSigned) {
            return m_cursor.refuse("dimension {} at byte {} is negative ({})", i, at, static_cast<std::int64_t>(dim));
        }
        const auto product = checkedMul(values, dim);
        if (!product || *product > kMaxSigned) {
            return m_cursor.refuse("the product of the dimensions overflows 63 bits at byte {}", at);
        }
        values = *product;
        tensor.dims.push_back(dim);
    }
    return true;
}

bool Parser::readTypeAndSize(TensorInfo& tensor) {
    const std::uint64_t at = m_cursor.position();
    std::uint32_t id = 0;
    if (!m_cursor.number(id, "the tensor's type")) return false;
    tensor.type = static_cast<TensorType>(id);
    const TensorTypeInfo* info = tensorTypeInfo(tensor.type);
    if (info == nullptr) return m_cursor.refuseUnsupported("the type at byte {} is {}, which is unknown", at, id);
    if (tensor.rowLength() % info->blockValues != 0) {
        return m_cursor.refuse("a row has {} values, no multiple of the {} in a block of {} (type at byte {})",
                               tensor.rowLength(), info->blockValues, info->name, at);
    }
    const auto rowBytes = checkedMul(tensor.rowLength() / info->blockValues, info->blockBytes);
    const auto bytes = rowBytes ? checkedMul(*rowBytes, tensor.rows()) : std::nullopt;
    if (!bytes || *bytes > kMaxSigned) {
        return m_cursor.refuse("the size in bytes overflows 63 bits ({} values of {}, type at byte {})",
                               tensor.values(), info->name, at);
    }
    tensor.bytes = *bytes;
    return true;
}

bool Parser::placeTensors() {
    m_cursor.setPlace("header");
    const auto dataStart = checkedRoundUp(m_cursor.position(), m_header.alignment);
    if (!dataStart) return m_cursor.refuse("the start of the data section overflows 64 bits");
    // a file without tensors may end right after its keys
    m_header.bytes = std::min(*dataStart, m_storage.size());
    for (TensorInfo& tensor : m_header.tensors) {
        if (!placeTensor(tensor, *dataStart)) return false;
    }
    return checkOverlap();
}

bool Parser::placeTensor(TensorInfo& tensor, std::uint64_t dataStart) {
    const auto start = checkedAdd(dataStart, tensor.offset);
    const auto end = start ? checkedAdd(*start, tensor.bytes) : std::nullopt;
    if (!end || *end > m_storage.size()) {
        setTensorPlace(tensor);
        return m_cursor.refuse(
            "the data ({} bytes at offset {} of the data section, which begins at byte {}) does not "
            "fit the file of {} bytes",
            tensor.bytes, tensor.offset, dataStart, m_storage.size());
    }
    tensor.offset = *start;
    return true;
}

bool Parser::checkOverlap() {
    std::vector<const TensorInfo*> byOffset;
    byOffset.reserve(m_header.tensors.size());
    for (const TensorInfo& tensor : m_header.tensors) byOffset.push_back(&tensor);
    std::ranges::sort(byOffset, {}, &TensorInfo::offset);
    for (std::size_t i = 1; i < byOffset.size(); ++i) {
        const TensorInfo& before = *byOffset[i - 1];
        const TensorInfo& after = *byOffset[i];
        if (after.offset - before.offset < before.bytes) {
            setTensorPlace(after);
            return m_cursor.refuse("the data at byte {} overlaps tensor {}, which has {} bytes at byte {}",
                                   after.offset, quoteName(before.name), before.bytes, before.offset);
        }
    }
    return true;
}

template <typename Item, typename Name>
bool Parser::indexByName(const std::vector<Item>& items, std::vector<std::uint32_t>& order, Name name,
                         std::string_view what) {
    order.resize(items.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::pair(name(items[i]), i); });
    const auto same = std::ranges::adjacent_find(order, {}, [&](std::uint32_t i) { return name(items[i]); });
    if (same == order.end()) return true;
    m_cursor.setPlace(fmt::format("{} {}", what, quoteName(name(items[*same]))));
    return m_cursor.refuse("the name is there twice: {} {} and {} of {}", what, *same + 1, *(same + 1) + 1,
                           items.size());
}

}  // namespace

Result<Header> parseHeader(Storage& storage) {
    return Parser(storage).parse();
}

}  // namespace kvscope::gguf
