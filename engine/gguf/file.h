// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/byte_order.h"
#include "engine/gguf/tensor_type.h"

namespace kvscope::gguf {

/// Ids of metadata value types (architectures.md 15.2).
enum class ValueType : std::uint32_t {
    Uint8 = 0,
    Int8,
    Uint16,
    Int16,
    Uint32,
    Int32,
    Float32,
    Bool,
    String,
    Array,
    Uint64,
    Int64,
    Float64,
};

/// One metadata entry: a view into the mapped file, valid as long as the File.
struct KeyValue {
    std::string key;
    ValueType type = ValueType::Uint8;
    ValueType elementType = ValueType::Uint8;  ///< of an array
    std::uint64_t count = 1;                   ///< elements of an array, else 1
    /// The value's bytes: of a string its text without the length, of an array its elements back to back (strings in
    /// it with their u64 length in front).
    std::span<const std::byte> payload;
    std::uint64_t fileOffset = 0;  ///< where the key begins, for error sentences
};

inline constexpr std::uint32_t kNoPart = 0xFFFFFFFF;

/// One tensor of the file.
struct TensorInfo {
    std::string name;
    TensorType type = TensorType::F32;
    std::vector<std::uint64_t> dims;  ///< ne0 (fastest) first, 1 to 4 entries, each > 0
    std::uint64_t offset = 0;         ///< from the start of the part that holds it
    std::uint64_t bytes = 0;
    std::uint32_t part = 0;  ///< index in File::parts(); kNoPart of a placeholder

    /// ne0: values in a row.
    [[nodiscard]] std::uint64_t rowLength() const { return dims.front(); }
    /// Product of the dimensions but the first.
    [[nodiscard]] std::uint64_t rows() const;
    [[nodiscard]] std::uint64_t values() const { return rowLength() * rows(); }
};

/// One file of a model; a model that is not split has one.
struct FilePart {
    std::filesystem::path path;
    std::uint64_t bytes = 0;
    std::uint64_t alignment = 32;
    std::uint64_t headerBytes = 0;  ///< before the data section
    std::uint64_t tensors = 0;      ///< in its own list
};

/// A file that is already in memory; `path` names it and stands for its place.
struct NamedBytes {
    std::filesystem::path path;
    std::vector<std::byte> bytes;
};

/// A memory-mapped GGUF model (versions 2 and 3, either byte order, in one file or split), fully checked at opening:
/// after open() succeeds, every key, tensor and byte range here lies inside its file. Immutable, shared by threads. The
/// files are untrusted input.
/// A split model is one table of tensors over all its parts, with the keys of the first (architectures.md 15.5).
/// The header is held as a private copy, so keys and tensor positions stay valid whatever happens to the file. Tensor
/// data is mapped: if another process cuts the file, data() raises SIGBUS when touched, while read() returns an Error.
/// Loaders copy with read(); whoever keeps a view asks stillWhole() first, which narrows the window but cannot close
/// it. Format: ggml-org/ggml docs/gguf.md; checks: users.md part 2.
/// Keys and data are given in the machine's byte order, whatever the file's.
class File {
  public:
    /// Maps and checks. Of a split model any part may be given; the others are found beside it by their names, and
    /// those that are missing are named in the Error. Errors name "file: key" or "file: tensor NAME".
    static Result<File> open(const std::filesystem::path& path);
    /// The same checks on a file in memory; `name` stands for its path.
    static Result<File> fromBytes(std::vector<std::byte> bytes, const std::filesystem::path& name);
    /// The same on files in memory, of which the first is opened; its siblings are looked for among the rest.
    static Result<File> fromBytes(std::vector<NamedBytes> files);

    File(File&&) noexcept;
    File& operator=(File&&) noexcept;
    ~File();

    /// Path of the file; of a split model that of its first part.
    [[nodiscard]] const std::filesystem::path& path() const;
    [[nodiscard]] std::uint32_t version() const;
    [[nodiscard]] ByteOrder byteOrder() const;
    /// The files of the model in their order; one unless it is split.
    [[nodiscard]] std::span<const FilePart> parts() const;
    /// Alignment of data in the (first) file.
    [[nodiscard]] std::uint64_t alignment() const;
    /// Size of all parts together.
    [[nodiscard]] std::uint64_t fileBytes() const;
    /// Bytes before the data section of the (first) file.
    [[nodiscard]] std::uint64_t headerBytes() const;

    [[nodiscard]] std::span<const KeyValue> keys() const;
    [[nodiscard]] const KeyValue* find(std::string_view key) const;
    [[nodiscard]] std::span<const TensorInfo> tensors() const;
    [[nodiscard]] const TensorInfo* findTensor(std::string_view name) const;
    /// The tensor's raw bytes: in the map, or where the file has the other byte order a turned copy, which is made at
    /// the first call and lives as long as the File. The copy may fail (the file has shrunk, no memory, a type without
    /// known byte order): the span is empty then, and read() tells why.
    [[nodiscard]] std::span<const std::byte> data(const TensorInfo& tensor) const;
    /// Copies out.size() bytes from byte `begin` of the tensor. Safe against a file that shrinks: an Error, no signal.
    Result<void> read(const TensorInfo& tensor, std::uint64_t begin, std::span<std::byte> out) const;
    /// Error when a file on disk has become shorter than it was at opening.
    [[nodiscard]] Result<void> stillWhole() const;
    /// True when data() or read() were asked for bytes of this entry of tensors(), as whoever takes values from it
    /// does.
    [[nodiscard]] bool wasRead(const TensorInfo& tensor) const;
    /// Adds an F32 tensor that the file lacks, without data: with it a program can be built far enough to tell what
    /// else it needs. data() of it is empty, read() an Error. Pointers into tensors() go stale. Error when the name is
    /// taken or the shape is none.
    Result<void> addPlaceholder(std::string name, std::vector<std::uint64_t> dims);
    /// "FILE: key NAME" and "FILE: tensor NAME" for an Error's `where`, names escaped.
    [[nodiscard]] std::string whereKey(std::string_view key) const;
    [[nodiscard]] std::string whereTensor(std::string_view name) const;

    // Typed reads. A missing key is nullopt; a key of the wrong type or out of range is an Error naming file and key.
    // Integers are read from any integer width (and from a float without a fraction); floats from f32, f64 or integers,
    // NaN refused.
    [[nodiscard]] Result<std::optional<std::uint64_t>> readUint(std::string_view key) const;
    [[nodiscard]] Result<std::optional<double>> readFloat(std::string_view key) const;
    [[nodiscard]] Result<std::optional<bool>> readBool(std::string_view key) const;
    [[nodiscard]] Result<std::optional<std::string>> readString(std::string_view key) const;
    [[nodiscard]] Result<std::optional<std::vector<std::uint64_t>>> readUintArray(std::string_view key) const;
    [[nodiscard]] Result<std::optional<std::vector<std::int64_t>>> readIntArray(std::string_view key) const;
    [[nodiscard]] Result<std::optional<std::vector<float>>> readFloatArray(std::string_view key) const;
    [[nodiscard]] Result<std::optional<std::vector<std::string>>> readStringArray(std::string_view key) const;
    /// From bools, or integers that are 0 or 1.
    [[nodiscard]] Result<std::optional<std::vector<bool>>> readBoolArray(std::string_view key) const;

  private:
    struct Impl;
    class Joiner;
    explicit File(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kvscope::gguf
