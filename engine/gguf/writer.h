// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/byte_sink.h"
#include "engine/gguf/file.h"

namespace kvscope::gguf {

/// Builds a GGUF v3 file in memory and writes it: our own models, fixtures and tests.
class Writer {
  public:
    /// `order`: of every number in the file, those in tensor data too.
    explicit Writer(ByteOrder order = ByteOrder::Little) : m_keys(order) {}

    void addUint8(std::string_view key, std::uint8_t value);
    void addInt8(std::string_view key, std::int8_t value);
    void addUint16(std::string_view key, std::uint16_t value);
    void addInt16(std::string_view key, std::int16_t value);
    void addInt64(std::string_view key, std::int64_t value);
    void addFloat64(std::string_view key, double value);
    void addUint32(std::string_view key, std::uint32_t value);
    void addInt32(std::string_view key, std::int32_t value);
    void addUint64(std::string_view key, std::uint64_t value);
    void addFloat32(std::string_view key, float value);
    void addBool(std::string_view key, bool value);
    void addString(std::string_view key, std::string_view value);
    void addStringArray(std::string_view key, std::span<const std::string> values);
    void addFloat32Array(std::string_view key, std::span<const float> values);
    void addInt32Array(std::string_view key, std::span<const std::int32_t> values);
    void addUint32Array(std::string_view key, std::span<const std::uint32_t> values);
    void addBoolArray(std::string_view key, const std::vector<bool>& values);

    /// Quantises `values` to `type`; dims ne0 first. Error when a row is no multiple of the type's block.
    Result<void> addTensor(std::string_view name, std::span<const std::uint64_t> dims, TensorType type,
                           std::span<const float> values);
    /// Adds bytes that are already in the type's layout, in the machine's byte order.
    Result<void> addTensorBytes(std::string_view name, std::span<const std::uint64_t> dims, TensorType type,
                                std::vector<std::byte> bytes);

    /// The whole file. `alignment` a power of two; other than 32 it is written as general.alignment. Keys and tensors
    /// are written in the order they were added; unique names are the caller's duty (File::open refuses duplicates).
    [[nodiscard]] std::vector<std::byte> bytes(std::uint32_t alignment = 32) const;
    /// Writes beside `path` and renames, so that a failure leaves no half file.
    Result<void> write(const std::filesystem::path& path, std::uint32_t alignment = 32) const;

  private:
    struct Tensor {
        std::string name;
        std::vector<std::uint64_t> dims;
        TensorType type;
        std::vector<std::byte> bytes;
    };
    void beginKey(std::string_view key, ValueType type);
    void beginArray(ValueType element, std::uint64_t count);
    ByteSink m_keys;
    std::uint64_t m_keyCount = 0;
    std::vector<Tensor> m_tensors;
};

}  // namespace kvscope::gguf
