// SPDX-License-Identifier: Apache-2.0
#include "engine/reference/weights.h"

#include <cstring>

#include "engine/gguf/dequantise.h"
#include "engine/gguf/tensor_type.h"

namespace kvscope::reference {
namespace {

/// Whole numbers as floats, which hold the ids of experts exactly.
void decodeIndices(std::span<const std::byte> bytes, std::vector<float>& out) {
    for (std::size_t i = 0; i < out.size() && (i + 1) * 4 <= bytes.size(); ++i) {
        std::int32_t value = 0;
        std::memcpy(&value, bytes.data() + i * 4, 4);
        out[i] = static_cast<float>(value);
    }
}

}  // namespace

Result<std::shared_ptr<const Weights>> Weights::decode(const gguf::File& file, const model::Program& program) {
    auto weights = std::make_shared<Weights>();
    weights->m_entries.resize(file.tensors().size());
    for (const model::TensorRef ref : program.used) {
        const auto index = static_cast<std::size_t>(ref.index);
        if (!ref.present() || index >= file.tensors().size()) {
            return fail(ErrorKind::Internal, file.path().string(), "the program names tensor {} of {}", ref.index,
                        file.tensors().size());
        }
        const gguf::TensorInfo& tensor = file.tensors()[index];
        Entry& entry = weights->m_entries[index];
        entry.rowLength = tensor.rowLength();
        entry.values.resize(tensor.values());
        if (tensor.type == gguf::TensorType::I32) {
            decodeIndices(file.data(tensor), entry.values);
            continue;
        }
        auto done = gguf::dequantise(tensor.type, file.data(tensor), entry.values);
        if (!done) {
            return fail(done.error().kind, fmt::format("{}: tensor {}", file.path().string(), tensor.name), "{}",
                        done.error().message);
        }
    }
    return weights;
}

std::span<const float> Weights::values(model::TensorRef ref) const {
    return ref.present() ? std::span<const float>(m_entries[static_cast<std::size_t>(ref.index)].values)
                         : std::span<const float>();
}

std::size_t Weights::rowLength(model::TensorRef ref) const {
    return ref.present() ? m_entries[static_cast<std::size_t>(ref.index)].rowLength : 0;
}

std::size_t Weights::rows(model::TensorRef ref) const {
    const std::size_t length = rowLength(ref);
    return length == 0 ? 0 : values(ref).size() / length;
}

}  // namespace kvscope::reference
