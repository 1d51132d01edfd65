// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include "engine/gguf/file.h"
#include "engine/gguf/header_parser.h"
#include "engine/gguf/part_source.h"
#include "engine/gguf/storage.h"

namespace kvscope::gguf {

inline constexpr std::size_t kMaxPathBytes = 4096;

/// One opened file.
struct OpenedPart {
    std::filesystem::path path;
    Storage storage;
    Header header;  ///< its views point into storage's header copy, whose address survives moves
};

struct File::Impl {
    std::vector<OpenedPart> parts;    ///< at least one
    std::vector<FilePart> partInfos;  ///< of each, for the caller
    std::uint64_t bytes = 0;          ///< of all parts
    std::vector<TensorInfo> tensors;  ///< of all parts, part after part
    std::vector<std::uint32_t> tensorsByName;

    /// By index in tensors; set by whoever asks for bytes, from any thread.
    mutable std::unique_ptr<std::atomic<bool>[]> marks;

    /// Turned copies of tensors, by part and offset. Never removed, so spans into them stay valid.
    mutable std::mutex turnedMutex;
    mutable std::map<std::pair<std::uint32_t, std::uint64_t>, std::vector<std::byte>> turned;

    [[nodiscard]] const Header& header() const { return parts.front().header; }
    /// True when bytes of the tensor have to be turned.
    [[nodiscard]] bool turns(const TensorInfo& tensor) const;
    /// The mark of an entry of `tensors`; null for a copy of one.
    [[nodiscard]] std::atomic<bool>* markOf(const TensorInfo& tensor) const;
    void mark(const TensorInfo& tensor) const;
    /// Makes the marks anew after tensors have been put together.
    void resetMarks() { marks = std::make_unique<std::atomic<bool>[]>(tensors.size()); }
};

/// Opens a file and, when it is part of a split model, the others; puts them together.
class File::Joiner {
  public:
    explicit Joiner(PartSource& source) : m_source(source) {}
    Result<File> open(const std::filesystem::path& path);

  private:
    struct SplitKeys {
        std::uint64_t number = 0;  ///< split.no, from 0
        std::uint64_t count = 1;   ///< split.count
        std::optional<std::uint64_t> tensors;
    };
    /// What the file that was asked for says about all parts.
    struct Expected {
        SplitKeys keys;
        std::string by;  ///< its name
        ByteOrder order;
    };
    static Result<SplitKeys> readKeys(const File& part);
    Result<OpenedPart> openPart(const std::filesystem::path& path);
    Result<File> openAlone(const std::filesystem::path& path);
    Result<File> openSplit(File given, const SplitKeys& keys);
    Result<std::vector<std::filesystem::path>> siblingPaths(const File& given, const SplitKeys& keys);
    static Result<void> checkPlace(const File& part, std::uint64_t number, std::uint64_t numberOfName);
    static Result<void> checkSibling(const File& part, std::uint64_t index, Expected& expected);
    /// What a file that was opened alone consists of.
    static OpenedPart partOf(File file);
    static Result<File> join(std::vector<OpenedPart> parts, std::optional<std::uint64_t> tensorsTold);
    static Result<void> index(Impl& impl);

    PartSource& m_source;
};

}  // namespace kvscope::gguf
