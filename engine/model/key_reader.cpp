// SPDX-License-Identifier: Apache-2.0
#include "engine/model/key_reader.h"

#include <cmath>
#include <limits>

namespace kvscope::model {

std::string KeyReader::key(std::string_view suffix) const {
    return fmt::format("{}.{}", m_architecture, suffix);
}

std::string KeyReader::where(std::string_view suffix) const {
    return fmt::format("{}: {}", m_file->path().string(), key(suffix));
}

Result<std::uint32_t> KeyReader::check(std::string_view suffix, std::uint64_t value, std::uint64_t least,
                                       std::uint64_t limit) const {
    if (value < least || value > limit) {
        return fail(ErrorKind::BadFile, where(suffix), "the value is {}; it must be {} to {}", value, least, limit);
    }
    return static_cast<std::uint32_t>(value);
}

Result<std::optional<std::uint32_t>> KeyReader::optional(std::string_view suffix, std::uint64_t limit) const {
    auto value = m_file->readUint(key(suffix));
    if (!value) return forward(value);
    if (!*value) return std::nullopt;
    return check(suffix, **value, 1, limit);
}

Result<std::uint32_t> KeyReader::required(std::string_view suffix, std::uint64_t limit) const {
    auto value = optional(suffix, limit);
    if (!value) return forward(value);
    if (!*value) return fail(ErrorKind::BadFile, where(suffix), "the key is missing; every model needs it");
    return **value;
}

Result<std::uint32_t> KeyReader::count(std::string_view suffix, std::uint64_t limit, std::uint32_t fallback) const {
    auto value = m_file->readUint(key(suffix));
    if (!value) return forward(value);
    return *value ? check(suffix, **value, 0, limit) : Result<std::uint32_t>(fallback);
}

Result<bool> KeyReader::flag(std::string_view suffix, bool fallback) const {
    auto value = m_file->readBool(key(suffix));
    if (!value) return forward(value);
    return value->value_or(fallback);
}

Result<std::vector<std::uint32_t>> KeyReader::perLayer(std::string_view suffix, std::uint32_t nLayers,
                                                       std::uint32_t blockCount) const {
    const gguf::KeyValue* entry = m_file->find(key(suffix));
    if (entry == nullptr) return std::vector<std::uint32_t>{};
    if (entry->type != gguf::ValueType::Array) {
        auto value = required(suffix, kLargestDimension);
        if (!value) return forward(value);
        return std::vector<std::uint32_t>(nLayers, *value);
    }
    auto values = m_file->readUintArray(key(suffix));
    if (!values) return forward(values);
    const std::size_t size = (*values)->size();
    if (size != nLayers && size != blockCount) {
        return fail(ErrorKind::BadFile, where(suffix), "the array has {} entries but the model has {} layers", size,
                    nLayers);
    }
    (*values)->resize(nLayers);
    std::vector<std::uint32_t> result;
    for (const std::uint64_t value : **values) {
        auto checked = check(suffix, value, 1, kLargestDimension);
        if (!checked) return forward(checked);
        result.push_back(*checked);
    }
    return result;
}

Result<std::optional<float>> KeyReader::finiteFloat(std::string_view suffix, float least) const {
    auto value = m_file->readFloat(key(suffix));
    if (!value) return forward(value);
    if (!*value) return std::nullopt;
    const auto narrow = static_cast<float>(**value);
    if (!std::isfinite(narrow) || narrow < least) {
        return fail(ErrorKind::BadFile, where(suffix), "the value is {}; it must be a finite number {} 0", **value,
                    least > 0 ? "above" : "of at least");
    }
    return narrow;
}

Result<std::optional<float>> KeyReader::positiveFloat(std::string_view suffix) const {
    return finiteFloat(suffix, std::numeric_limits<float>::denorm_min());
}

Result<float> KeyReader::nonNegativeFloat(std::string_view suffix, float fallback) const {
    auto value = finiteFloat(suffix, 0);
    if (!value) return forward(value);
    return value->value_or(fallback);
}

}  // namespace kvscope::model
