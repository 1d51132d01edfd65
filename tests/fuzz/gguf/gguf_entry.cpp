// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/gguf/gguf_entry.h"

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
    require(kv.fileOffset + kv.payload.size() <= file.fileBytes(), "a payload lies inside the file");
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
    require(tensor.offset <= file.fileBytes() && tensor.bytes <= file.fileBytes() - tensor.offset,
            "a tensor lies inside the file");
    require(tensor.offset % file.alignment() == 0 && tensor.offset >= file.headerBytes(), "a tensor is aligned");
    require(file.data(tensor).size() == tensor.bytes, "a tensor's view has its bytes");
    if (tensor.values() > kMostValues) return;
    std::vector<float> values(tensor.values());
    const auto decoded = dequantise(tensor.type, file.data(tensor), values);
    require(decoded || !tensorTypeInfo(tensor.type)->canDequantise, "what can be decoded is decoded");
}

}  // namespace

bool exerciseGguf(std::span<const std::byte> bytes) {
    const auto file = File::fromBytes({bytes.begin(), bytes.end()}, "fuzz.gguf");
    if (!file) {
        require(file.error().where.starts_with("fuzz.gguf: ") && !file.error().message.empty(),
                "a refusal names the file and the place");
        return false;
    }
    for (const KeyValue& kv : file->keys()) exerciseKey(*file, kv);
    for (const TensorInfo& tensor : file->tensors()) exerciseTensor(*file, tensor);
    return true;
}

}  // namespace kvscope::gguf::test
