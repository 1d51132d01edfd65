// SPDX-License-Identifier: Apache-2.0
#include "engine/model/tensor_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "engine/gguf/dequantise.h"
#include "engine/gguf/tensor_type.h"

namespace kvscope::model {
namespace {

/// Names listed in one warning; the rest is counted.
constexpr std::size_t kNamesInWarning = 8;

std::string shapeText(std::span<const std::uint64_t> dims) {
    return fmt::format("[{}]", fmt::join(dims, ", "));
}

/// The name without its last part: "blk.0.attn_q" of "blk.0.attn_q.weight".
std::string_view stem(std::string_view name) {
    return name.substr(0, name.rfind('.'));
}

}  // namespace

TensorTable::TensorTable(const gguf::File& file) : m_file(&file), m_taken(file.tensors().size(), false) {}

std::string TensorTable::where(std::string_view name) const {
    return fmt::format("{}: tensor {}", m_file->path().string(), name);
}

Result<TensorRef> TensorTable::require(std::string_view name, std::initializer_list<std::uint64_t> dims) {
    auto tensor = optional(name, dims);
    if (tensor && !tensor->present()) {
        return fail(ErrorKind::BadFile, where(name), "the tensor is missing; its shape would be {}", shapeText(dims));
    }
    return tensor;
}

Result<TensorRef> TensorTable::optional(std::string_view name, std::initializer_list<std::uint64_t> dims) {
    const gguf::TensorInfo* tensor = m_file->findTensor(name);
    if (tensor == nullptr) return TensorRef{};
    // Trailing dimensions of 1 say nothing.
    std::span<const std::uint64_t> found = tensor->dims;
    while (found.size() > dims.size() && found.back() == 1) found = found.first(found.size() - 1);
    if (!std::equal(found.begin(), found.end(), dims.begin(), dims.end())) {
        return fail(ErrorKind::BadFile, where(name), "the shape is {} but the header's keys ask for {}",
                    shapeText(tensor->dims), shapeText(dims));
    }
    const gguf::TensorTypeInfo* type = gguf::tensorTypeInfo(tensor->type);
    if (type == nullptr || !type->canDequantise) {
        return fail(
            ErrorKind::Unsupported, where(name), "weights of type {} cannot be decoded yet",
            type == nullptr ? fmt::format("{}", static_cast<std::uint32_t>(tensor->type)) : std::string(type->name));
    }
    const auto index = static_cast<std::size_t>(tensor - m_file->tensors().data());
    const TensorRef ref{static_cast<std::int32_t>(index)};
    if (!m_taken[index]) m_used.push_back(ref);
    m_taken[index] = true;
    return ref;
}

Result<std::vector<float>> TensorTable::positiveValues(std::string_view name, std::uint64_t count) {
    const std::size_t usedBefore = m_used.size();
    auto ref = optional(name, {count});
    if (!ref) return forward(ref);
    if (!ref->present()) return std::vector<float>{};
    m_used.resize(usedBefore);  // no operation reads it
    const gguf::TensorInfo& tensor = m_file->tensors()[static_cast<std::size_t>(ref->index)];
    std::vector<float> values(count);
    if (auto done = gguf::dequantise(tensor.type, m_file->data(tensor), values); !done) return forward(done);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isfinite(values[i]) && values[i] > 0) continue;
        return fail(ErrorKind::BadFile, where(name), "value {} is {}; it must be a finite number above 0", i,
                    values[i]);
    }
    return values;
}

Result<std::vector<std::string>> TensorTable::unused() const {
    constexpr std::array<std::string_view, 3> kModifiers = {"bias", "scale", "input_scale"};
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < m_taken.size(); ++i) {
        if (m_taken[i]) continue;
        const std::string_view name = m_file->tensors()[i].name;
        const std::string_view last = name.substr(name.rfind('.') + 1);
        const bool modifies = std::find(kModifiers.begin(), kModifiers.end(), last) != kModifiers.end() &&
                              has(fmt::format("{}.weight", stem(name)));
        if (modifies) {
            return fail(ErrorKind::Unsupported, where(name),
                        "a {} for this weight is not supported in this architecture", last);
        }
        names.push_back(name);
    }
    if (names.empty()) return std::vector<std::string>{};
    const std::size_t shown = std::min(names.size(), kNamesInWarning);
    const std::size_t rest = names.size() - shown;
    return std::vector<std::string>{
        fmt::format("{} not used by this architecture: {}{}",
                    names.size() == 1 ? "one tensor is" : fmt::format("{} tensors are", names.size()),
                    fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                    rest == 0 ? std::string() : fmt::format(" and {} more", rest))};
}

}  // namespace kvscope::model
