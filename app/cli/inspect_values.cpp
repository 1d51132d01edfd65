// SPDX-License-Identifier: Apache-2.0
#include "app/cli/inspect_values.h"

#include <algorithm>
#include <cmath>

#include "engine/gguf/value_type.h"

namespace kvscope::cli {

namespace {

constexpr std::size_t kShownValues = 16;

template <typename T>
Json firstValues(const Result<std::optional<std::vector<T>>>& values) {
    if (!values || !*values) return nullptr;
    Json list = Json::array();
    for (std::size_t i = 0; i < std::min(kShownValues, (*values)->size()); ++i) {
        if constexpr (std::is_same_v<T, float>) {
            list.push_back(number(double{(**values)[i]}));
        } else {
            list.push_back(static_cast<T>((**values)[i]));
        }
    }
    return list;
}

template <typename T>
Json scalar(const Result<std::optional<T>>& value) {
    if (!value || !*value) return nullptr;
    if constexpr (std::is_same_v<T, double>) return number(**value);
    return **value;
}

Json signedScalar(const gguf::File& file, const std::string& key) {
    const auto value = file.readFloat(key);
    if (!value || !*value) return nullptr;
    return static_cast<std::int64_t>(**value);
}

Json arrayValues(const gguf::File& file, const gguf::KeyValue& entry) {
    using enum gguf::ValueType;
    switch (entry.elementType) {
        case Float32:
        case Float64:
            return firstValues(file.readFloatArray(entry.key));
        case Bool:
            return firstValues(file.readBoolArray(entry.key));
        case String:
            return firstValues(file.readStringArray(entry.key));
        case Array:
            return nullptr;
        case Uint8:
        case Uint16:
        case Uint32:
        case Uint64:
            return firstValues(file.readUintArray(entry.key));
        case Int8:
        case Int16:
        case Int32:
        case Int64:
            return firstValues(file.readIntArray(entry.key));
    }
    return nullptr;
}

Json valueOf(const gguf::File& file, const gguf::KeyValue& entry) {
    using enum gguf::ValueType;
    switch (entry.type) {
        case Float32:
        case Float64:
            return scalar(file.readFloat(entry.key));
        case Bool:
            return scalar(file.readBool(entry.key));
        case String:
            return scalar(file.readString(entry.key));
        case Array:
            return arrayValues(file, entry);
        case Uint8:
        case Uint16:
        case Uint32:
        case Uint64:
            return scalar(file.readUint(entry.key));
        case Int8:
        case Int16:
        case Int32:
        case Int64:
            return signedScalar(file, entry.key);
    }
    return nullptr;
}

std::string_view typeName(const gguf::TensorInfo& tensor) {
    const gguf::TensorTypeInfo* info = gguf::tensorTypeInfo(tensor.type);
    return info != nullptr ? info->name : "unknown";
}

}  // namespace

Json keyJson(const gguf::File& file, const gguf::KeyValue& entry) {
    Json json{{"key", entry.key}, {"type", gguf::valueTypeName(entry.type)}, {"count", entry.count}};
    if (entry.type == gguf::ValueType::Array) json["element_type"] = gguf::valueTypeName(entry.elementType);
    json["value"] = valueOf(file, entry);
    return json;
}

Json tensorJson(const gguf::TensorInfo& tensor) {
    return {{"name", tensor.name},
            {"type", typeName(tensor)},
            {"dims", tensor.dims},
            {"bytes", tensor.bytes},
            {"part", std::uint64_t{tensor.part} + 1},
            {"offset", tensor.offset}};
}

Json partsJson(const gguf::File& file) {
    Json json = Json::array();
    for (const gguf::FilePart& part : file.parts()) {
        json.push_back({{"file", part.path.string()}, {"bytes", part.bytes}, {"tensors", part.tensors}});
    }
    return json;
}

Json tensorTypesJson(const gguf::File& file) {
    Json json = Json::object();
    for (const gguf::TensorInfo& tensor : file.tensors()) {
        Json& entry = json[std::string(typeName(tensor))];
        if (entry.is_null()) entry = {{"tensors", 0}, {"bytes", 0}};
        entry["tensors"] = entry["tensors"].get<std::uint64_t>() + 1;
        entry["bytes"] = entry["bytes"].get<std::uint64_t>() + tensor.bytes;
    }
    return json;
}

}  // namespace kvscope::cli
