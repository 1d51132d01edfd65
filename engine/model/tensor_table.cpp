// SPDX-License-Identifier: Apache-2.0
#include "engine/model/tensor_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
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

TensorTable::TensorTable(const gguf::File& file)
    : m_file(&file), m_taken(file.tensors().size(), false), m_read(file.tensors().size(), false) {}

std::string TensorTable::where(std::string_view name) const {
    return fmt::format("{}: tensor {}", m_file->path().string(), name);
}

Result<const gguf::TensorInfo*> TensorTable::find(std::string_view name, Dims dims) const {
    const gguf::TensorInfo* tensor = m_file->findTensor(name);
    if (tensor == nullptr) return tensor;
    // Trailing dimensions of 1 say nothing.
    std::span<const std::uint64_t> found = tensor->dims;
    while (found.size() > dims.size() && found.back() == 1) found = found.first(found.size() - 1);
    std::span<const std::uint64_t> wanted(dims.begin(), dims.size());
    while (wanted.size() > found.size() && wanted.back() == 1) wanted = wanted.first(wanted.size() - 1);
    if (std::ranges::equal(found, wanted)) return tensor;
    return fail(ErrorKind::BadFile, where(name), "the shape is {} but the header's keys ask for {}",
                shapeText(tensor->dims), shapeText(std::span(dims.begin(), dims.size())));
}

Result<const gguf::TensorInfo*> TensorTable::findWeight(std::string_view name, Dims dims) const {
    auto tensor = find(name, dims);
    if (!tensor || *tensor == nullptr) return tensor;
    const gguf::TensorTypeInfo* type = gguf::tensorTypeInfo((*tensor)->type);
    if (type != nullptr && type->canDequantise) return tensor;
    const std::string called =
        type == nullptr ? fmt::format("{}", static_cast<std::uint32_t>((*tensor)->type)) : std::string(type->name);
    return fail(ErrorKind::Unsupported, where(name), "its type {} {}", called, gguf::whyNotDecodable((*tensor)->type));
}

TensorRef TensorTable::take(const gguf::TensorInfo& tensor) {
    const auto index = static_cast<std::size_t>(&tensor - m_file->tensors().data());
    const TensorRef ref{static_cast<std::int32_t>(index)};
    if (!m_read[index]) m_used.push_back(ref);
    m_read[index] = true;
    m_taken[index] = true;
    return ref;
}

Result<TensorRef> TensorTable::require(std::string_view name, Dims dims) {
    auto tensor = optional(name, dims);
    if (tensor && !tensor->present()) {
        return fail(ErrorKind::BadFile, where(name), "the tensor is missing; its shape would be {}",
                    shapeText(std::span(dims.begin(), dims.size())));
    }
    return tensor;
}

Result<TensorRef> TensorTable::optional(std::string_view name, Dims dims) {
    auto tensor = findWeight(name, dims);
    if (!tensor) return forward(tensor);
    return *tensor == nullptr ? TensorRef{} : take(**tensor);
}

Result<TensorRef> TensorTable::requireIndices(std::string_view name, Dims dims, std::uint32_t limit) {
    auto tensor = find(name, dims);
    if (!tensor) return forward(tensor);
    if (*tensor == nullptr) {
        return fail(ErrorKind::BadFile, where(name), "the tensor is missing; its shape would be {}",
                    shapeText(std::span(dims.begin(), dims.size())));
    }
    if ((*tensor)->type != gguf::TensorType::I32) {
        return fail(ErrorKind::BadFile, where(name), "its type is {} but a table of indices has I32",
                    gguf::tensorTypeInfo((*tensor)->type)->name);
    }
    const std::span<const std::byte> bytes = m_file->data(**tensor);
    for (std::size_t i = 0; i < bytes.size() / 4; ++i) {
        std::int32_t value = 0;
        std::memcpy(&value, bytes.data() + i * 4, 4);
        if (value >= 0 && static_cast<std::uint32_t>(value) < limit) continue;
        return fail(ErrorKind::BadFile, where(name), "value {} is {}; it must be 0 to {}", i, value, limit - 1);
    }
    return take(**tensor);
}

Result<std::vector<float>> TensorTable::hostValues(std::string_view name, std::uint64_t count) {
    auto found = findWeight(name, {count});
    if (!found) return forward(found);
    if (*found == nullptr) return std::vector<float>{};
    const gguf::TensorInfo& tensor = **found;
    m_taken[static_cast<std::size_t>(&tensor - m_file->tensors().data())] = true;
    std::vector<float> values(count);
    if (auto done = gguf::dequantise(tensor.type, m_file->data(tensor), values); !done) {
        return fail(done.error().kind, where(name), "{}", done.error().message);
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isfinite(values[i])) continue;
        return fail(ErrorKind::BadFile, where(name), "value {} is {}; it must be a finite number", i, values[i]);
    }
    return values;
}

Result<std::vector<float>> TensorTable::positiveValues(std::string_view name, std::uint64_t count) {
    auto values = hostValues(name, count);
    if (!values) return values;
    for (std::size_t i = 0; i < values->size(); ++i) {
        if ((*values)[i] > 0) continue;
        return fail(ErrorKind::BadFile, where(name), "value {} is {}; it must be a finite number above 0", i,
                    (*values)[i]);
    }
    return values;
}

Result<float> TensorTable::scaleOf(std::string_view stem) {
    const std::string name = fmt::format("{}.scale", stem);
    const gguf::TensorInfo* tensor = m_file->findTensor(name);
    if (tensor == nullptr || tensor->values() != 1) return 1.0F;
    auto values = hostValues(name, 1);
    if (!values) return forward(values);
    return values->front();
}

Result<std::vector<std::string>> TensorTable::unused() const {
    // "input_scale" is a step for rounding activations, which stay in f32 here.
    constexpr std::array<std::string_view, 2> kModifiers = {"bias", "scale"};
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
