// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/writer.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "engine/base/assert.h"
#include "engine/base/checked.h"
#include "engine/gguf/block_order.h"
#include "engine/gguf/dequantise.h"
#include "engine/gguf/quote.h"

namespace kvscope::gguf {
namespace {

using Bytes = std::vector<std::byte>;

/// Bytes of a tensor of this shape, or why it cannot be written.
Result<std::uint64_t> tensorBytes(std::string_view name, std::span<const std::uint64_t> dims, TensorType type) {
    const std::string where = "tensor " + quoteName(name);
    const TensorTypeInfo* info = tensorTypeInfo(type);
    if (info == nullptr || info->removed) {
        return fail(ErrorKind::Unsupported, where, "tensor type {} cannot be written",
                    static_cast<std::uint32_t>(type));
    }
    if (dims.empty() || dims.size() > 4) {
        return fail(ErrorKind::BadUsage, where, "the tensor has {} dimensions, expected 1 to 4", dims.size());
    }
    if (dims.front() % info->blockValues != 0) {
        return fail(ErrorKind::BadUsage, where, "a row has {} values, no multiple of the {} in a block of {}",
                    dims.front(), info->blockValues, info->name);
    }
    std::optional<std::uint64_t> bytes = checkedMul(dims.front() / info->blockValues, info->blockBytes);
    for (std::size_t i = 1; i < dims.size() && bytes; ++i) bytes = checkedMul(*bytes, dims[i]);
    if (!bytes || *bytes == 0) return fail(ErrorKind::BadUsage, where, "the size in bytes is 0 or overflows");
    return *bytes;
}

}  // namespace

void Writer::beginKey(std::string_view key, ValueType type) {
    m_keys.string(key);
    m_keys.number(static_cast<std::uint32_t>(type));
    ++m_keyCount;
}

void Writer::beginArray(ValueType element, std::uint64_t count) {
    m_keys.number(static_cast<std::uint32_t>(element));
    m_keys.number(count);
}

void Writer::addUint8(std::string_view key, std::uint8_t value) {
    beginKey(key, ValueType::Uint8);
    m_keys.number(value);
}

void Writer::addInt8(std::string_view key, std::int8_t value) {
    beginKey(key, ValueType::Int8);
    m_keys.number(value);
}

void Writer::addUint16(std::string_view key, std::uint16_t value) {
    beginKey(key, ValueType::Uint16);
    m_keys.number(value);
}

void Writer::addInt16(std::string_view key, std::int16_t value) {
    beginKey(key, ValueType::Int16);
    m_keys.number(value);
}

void Writer::addInt64(std::string_view key, std::int64_t value) {
    beginKey(key, ValueType::Int64);
    m_keys.number(value);
}

void Writer::addFloat64(std::string_view key, double value) {
    beginKey(key, ValueType::Float64);
    m_keys.number(value);
}

void Writer::addUint32(std::string_view key, std::uint32_t value) {
    beginKey(key, ValueType::Uint32);
    m_keys.number(value);
}

void Writer::addInt32(std::string_view key, std::int32_t value) {
    beginKey(key, ValueType::Int32);
    m_keys.number(value);
}

void Writer::addUint64(std::string_view key, std::uint64_t value) {
    beginKey(key, ValueType::Uint64);
    m_keys.number(value);
}

void Writer::addFloat32(std::string_view key, float value) {
    beginKey(key, ValueType::Float32);
    m_keys.number(value);
}

void Writer::addBool(std::string_view key, bool value) {
    beginKey(key, ValueType::Bool);
    m_keys.number(static_cast<std::uint8_t>(value ? 1 : 0));
}

void Writer::addString(std::string_view key, std::string_view value) {
    beginKey(key, ValueType::String);
    m_keys.string(value);
}

void Writer::addStringArray(std::string_view key, std::span<const std::string> values) {
    beginKey(key, ValueType::Array);
    beginArray(ValueType::String, values.size());
    for (const std::string& value : values) m_keys.string(value);
}

void Writer::addFloat32Array(std::string_view key, std::span<const float> values) {
    beginKey(key, ValueType::Array);
    beginArray(ValueType::Float32, values.size());
    m_keys.numbers(values);
}

void Writer::addInt32Array(std::string_view key, std::span<const std::int32_t> values) {
    beginKey(key, ValueType::Array);
    beginArray(ValueType::Int32, values.size());
    m_keys.numbers(values);
}

void Writer::addUint32Array(std::string_view key, std::span<const std::uint32_t> values) {
    beginKey(key, ValueType::Array);
    beginArray(ValueType::Uint32, values.size());
    m_keys.numbers(values);
}

void Writer::addBoolArray(std::string_view key, const std::vector<bool>& values) {
    beginKey(key, ValueType::Array);
    beginArray(ValueType::Bool, values.size());
    for (const bool value : values) m_keys.number(static_cast<std::uint8_t>(value ? 1 : 0));
}

Result<void> Writer::addTensor(std::string_view name, std::span<const std::uint64_t> dims, TensorType type,
                               std::span<const float> values) {
    const auto size = tensorBytes(name, dims, type);
    if (!size) return forward(size);
    std::uint64_t count = 1;
    for (const std::uint64_t dim : dims) count *= dim;
    if (values.size() != count) {
        return fail(ErrorKind::BadUsage, "tensor " + quoteName(name), "{} values were given for a shape of {}",
                    values.size(), count);
    }
    Bytes bytes(*size);
    if (auto done = quantise(type, values, bytes); !done) return done;
    return addTensorBytes(name, dims, type, std::move(bytes));
}

Result<void> Writer::addTensorBytes(std::string_view name, std::span<const std::uint64_t> dims, TensorType type,
                                    std::vector<std::byte> bytes) {
    const auto size = tensorBytes(name, dims, type);
    if (!size) return forward(size);
    if (bytes.size() != *size) {
        return fail(ErrorKind::BadUsage, "tensor " + quoteName(name), "{} bytes were given, the shape takes {}",
                    bytes.size(), *size);
    }
    if (m_keys.order() != kNativeOrder) {
        if (!hasBlockOrder(type)) {
            return fail(ErrorKind::Unsupported, "tensor " + quoteName(name),
                        "how blocks of type {} look in a big-endian file is not known", tensorTypeInfo(type)->name);
        }
        swapBlocks(type, bytes);
    }
    m_tensors.push_back({std::string(name), {dims.begin(), dims.end()}, type, std::move(bytes)});
    return {};
}

std::vector<std::byte> Writer::bytes(std::uint32_t alignment) const {
    KVS_ASSERT(std::has_single_bit(alignment));
    constexpr std::uint32_t kDefault = 32;
    ByteSink out(m_keys.order());
    out.raw(std::as_bytes(std::span("GGUF", 4)));
    out.number(std::uint32_t{3});
    out.number(static_cast<std::uint64_t>(m_tensors.size()));
    out.number(m_keyCount + (alignment != kDefault ? 1U : 0U));
    if (alignment != kDefault) {
        out.string("general.alignment");
        out.number(static_cast<std::uint32_t>(ValueType::Uint32));
        out.number(alignment);
    }
    out.raw(m_keys.bytes());
    std::uint64_t offset = 0;
    for (const Tensor& tensor : m_tensors) {
        out.string(tensor.name);
        out.number(static_cast<std::uint32_t>(tensor.dims.size()));
        out.numbers(std::span(tensor.dims));
        out.number(static_cast<std::uint32_t>(tensor.type));
        out.number(offset);
        offset += roundUp(tensor.bytes.size(), alignment);
    }
    out.pad(alignment);
    out.reserve(out.bytes().size() + offset);
    for (const Tensor& tensor : m_tensors) {
        out.raw(tensor.bytes);
        out.pad(alignment);
    }
    return std::move(out).take();
}

Result<void> Writer::write(const std::filesystem::path& path, std::uint32_t alignment) const {
    const std::string where = quoteName(path.native(), path.native().size());
    std::filesystem::path part = path;
    part += ".part";
    const Bytes all = bytes(alignment);
    std::error_code code;
    {
        std::ofstream stream(part, std::ios::binary | std::ios::trunc);
        stream.write(reinterpret_cast<const char*>(all.data()), static_cast<std::streamsize>(all.size()));
        stream.close();
        if (stream.fail()) {
            const int reason = errno;
            std::filesystem::remove(part, code);
            return fail(ErrorKind::Io, where, "cannot write {} bytes: {}", all.size(), std::strerror(reason));
        }
    }
    std::filesystem::rename(part, path, code);
    if (!code) return {};
    const std::string reason = code.message();
    std::filesystem::remove(part, code);
    return fail(ErrorKind::Io, where, "cannot rename the finished file: {}", reason);
}

}  // namespace kvscope::gguf
