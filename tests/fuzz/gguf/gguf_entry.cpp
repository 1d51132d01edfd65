// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/gguf/gguf_entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "engine/gguf/dequantise.h"
#include "engine/gguf/file.h"

namespace kvscope::gguf::test {
namespace {

constexpr std::uint64_t kMostValues = 1ULL << 16U;

void require(bool condition, const char* promise) {
    if (!condition) throw std::logic_error(promise);
}

template <typename T>
void requireAnswer(const Result<T>& result) {
    require(result || (!result.error().where.empty() && !result.error().message.empty()), "an error names its place");
}

void exerciseKey(const File& file, const KeyValue& kv) {
    require(!kv.key.empty() && file.find(kv.key) == &kv, "each key is found by its name");
    require(kv.fileOffset + kv.payload.size() <= file.parts().front().bytes, "a payload lies inside the file");
    requireAnswer(file.readUint(kv.key));
    requireAnswer(file.readFloat(kv.key));
    requireAnswer(file.readBool(kv.key));
    requireAnswer(file.readString(kv.key));
    requireAnswer(file.readUintArray(kv.key));
    requireAnswer(file.readIntArray(kv.key));
    requireAnswer(file.readFloatArray(kv.key));
    requireAnswer(file.readBoolArray(kv.key));
    requireAnswer(file.readStringArray(kv.key));
}

void exerciseTensor(const File& file, const TensorInfo& tensor) {
    require(file.findTensor(tensor.name) == &tensor, "each tensor is found by its name");
    require(tensor.part < file.parts().size(), "a tensor lies in a part");
    const FilePart& part = file.parts()[tensor.part];
    require(tensor.offset <= part.bytes && tensor.bytes <= part.bytes - tensor.offset, "a tensor lies inside the file");
    require(tensor.offset % part.alignment == 0 && tensor.offset >= part.headerBytes, "a tensor is aligned");
    const auto view = file.data(tensor);
    require(view.size() == tensor.bytes, "a tensor's view has its bytes");
    std::vector<std::byte> copy(std::min<std::uint64_t>(tensor.bytes, 999));
    const std::uint64_t begin = (tensor.bytes - copy.size()) / 2;
    require(file.read(tensor, begin, copy).has_value(), "what lies inside the file can be read");
    require(std::ranges::equal(copy, view.subspan(begin, copy.size())), "both ways to a tensor's bytes give the same");
    if (tensor.values() > kMostValues) return;
    std::vector<float> values(tensor.values());
    const auto decoded = dequantise(tensor.type, file.data(tensor), values);
    require(decoded || !tensorTypeInfo(tensor.type)->canDequantise, "what can be decoded is decoded");
}

/// The files that an input stands for.
std::vector<NamedBytes> filesOf(std::span<const std::byte> bytes) {
    constexpr std::size_t kMostParts = 8;
    const auto mark = std::as_bytes(std::span(kSplitMark));
    std::vector<std::span<const std::byte>> parts;
    std::vector<NamedBytes> files;
    if (bytes.size() < mark.size() || !std::ranges::equal(bytes.first(mark.size()), mark)) {
        files.push_back({"fuzz.gguf", {bytes.begin(), bytes.end()}});
        return files;
    }
    while (!bytes.empty() && parts.size() < kMostParts) {
        bytes = bytes.subspan(std::min(mark.size(), bytes.size()));
        const auto next = std::ranges::search(bytes, mark);
        const auto length = static_cast<std::size_t>(next.begin() - bytes.begin());
        parts.push_back(bytes.first(length));
        bytes = bytes.subspan(length);
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
        files.push_back(
            {fmt::format("fuzz-{:05}-of-{:05}.gguf", i + 1, parts.size()), {parts[i].begin(), parts[i].end()}});
    }
    return files;
}

}  // namespace

std::vector<std::byte> packParts(std::span<const NamedBytes> files) {
    std::vector<std::byte> out;
    for (const NamedBytes& file : files) {
        const auto mark = std::as_bytes(std::span(kSplitMark));
        out.insert(out.end(), mark.begin(), mark.end());
        out.insert(out.end(), file.bytes.begin(), file.bytes.end());
    }
    return out;
}

bool exerciseGguf(std::span<const std::byte> bytes) {
    const auto file = File::fromBytes(filesOf(bytes));
    if (!file) {
        require(file.error().where.starts_with("fuzz") && !file.error().message.empty(),
                "a refusal names the file and the place");
        return false;
    }
    std::uint64_t sum = 0;
    for (const FilePart& part : file->parts()) sum += part.bytes;
    require(sum == file->fileBytes(), "the parts are the whole");
    for (const KeyValue& kv : file->keys()) exerciseKey(*file, kv);
    for (const TensorInfo& tensor : file->tensors()) exerciseTensor(*file, tensor);
    return true;
}

}  // namespace kvscope::gguf::test
