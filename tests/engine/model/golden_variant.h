// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "engine/gguf/file.h"
#include "engine/gguf/writer.h"
#include "engine/model/operations.h"
#include "tests/support/shared_files.h"

namespace kvscope::test {

/// A tiny model of tests/golden/data with keys and tensors changed.
class GoldenVariant {
  public:
    using Value = std::variant<std::uint32_t, float, std::string, bool, std::vector<std::int32_t>, std::vector<float>,
                               std::vector<bool>>;

    std::map<std::string, Value> keys;                          ///< in place of the file's
    std::set<std::string> erasedKeys;                           ///< left out
    std::set<std::string> erased;                               ///< tensors left out
    std::map<std::string, std::vector<std::uint64_t>> tensors;  ///< added, zero, in place of the file's

    explicit GoldenVariant(const std::string& name) : m_file(openGolden(name)) {}

    [[nodiscard]] const gguf::File& original() const { return m_file; }

    [[nodiscard]] gguf::File open() const {
        gguf::Writer writer;
        for (const gguf::KeyValue& entry : m_file.keys()) {
            if (erasedKeys.contains(entry.key) || keys.contains(entry.key)) continue;
            copyKey(writer, entry);
        }
        for (const auto& [key, value] : keys) addKey(writer, key, value);
        for (const gguf::TensorInfo& tensor : m_file.tensors()) {
            if (erased.contains(tensor.name) || tensors.contains(tensor.name)) continue;
            const auto bytes = m_file.data(tensor);
            (void)writer.addTensorBytes(tensor.name, tensor.dims, tensor.type, {bytes.begin(), bytes.end()});
        }
        for (const auto& [name, dims] : tensors) {
            std::uint64_t count = 1;
            for (const std::uint64_t dim : dims) count *= dim;
            (void)writer.addTensor(name, dims, gguf::TensorType::F32, std::vector<float>(count, 0.0F));
        }
        auto file = gguf::File::fromBytes(writer.bytes(), "variant.gguf");
        if (!file) throw std::runtime_error(file.error().text());
        return std::move(*file);
    }

    [[nodiscard]] Result<model::Program> build() const { return model::buildProgram(open()); }

  private:
    static gguf::File openGolden(const std::string& name) {
        auto file = gguf::File::open(goldenFile(name + ".gguf"));
        if (!file) throw std::runtime_error(file.error().text());
        return std::move(*file);
    }
    template <typename T>
    static std::vector<T> values(const gguf::KeyValue& entry) {
        std::vector<T> result(entry.payload.size() / sizeof(T));
        std::memcpy(result.data(), entry.payload.data(), result.size() * sizeof(T));
        return result;
    }
    static void copyKey(gguf::Writer& writer, const gguf::KeyValue& entry) {
        using gguf::ValueType;
        const bool array = entry.type == ValueType::Array;
        const ValueType type = array ? entry.elementType : entry.type;
        if (type == ValueType::String && !array) {
            writer.addString(entry.key, {reinterpret_cast<const char*>(entry.payload.data()), entry.payload.size()});
        } else if (type == ValueType::Bool) {
            const std::vector<std::uint8_t> bytes = values<std::uint8_t>(entry);
            addKey(writer, entry.key,
                   array ? Value(std::vector<bool>(bytes.begin(), bytes.end())) : Value(bytes.front() != 0));
        } else if (type == ValueType::Float32) {
            addKey(writer, entry.key, array ? Value(values<float>(entry)) : Value(values<float>(entry).front()));
        } else if (type == ValueType::Uint32 || type == ValueType::Int32) {
            const auto numbers = values<std::int32_t>(entry);
            addKey(writer, entry.key, array ? Value(numbers) : Value(static_cast<std::uint32_t>(numbers.front())));
        } else {
            throw std::runtime_error("no copy of this type: " + entry.key);
        }
    }
    static void addKey(gguf::Writer& writer, const std::string& key, const Value& value) {
        if (const auto* number = std::get_if<std::uint32_t>(&value)) writer.addUint32(key, *number);
        if (const auto* real = std::get_if<float>(&value)) writer.addFloat32(key, *real);
        if (const auto* text = std::get_if<std::string>(&value)) writer.addString(key, *text);
        if (const auto* flag = std::get_if<bool>(&value)) writer.addBool(key, *flag);
        if (const auto* list = std::get_if<std::vector<std::int32_t>>(&value)) writer.addInt32Array(key, *list);
        if (const auto* reals = std::get_if<std::vector<float>>(&value)) writer.addFloat32Array(key, *reals);
        if (const auto* flags = std::get_if<std::vector<bool>>(&value)) writer.addBoolArray(key, *flags);
    }

    gguf::File m_file;
};

/// The operations of a kind, in order.
template <typename Op>
std::vector<Op> all(const model::Program& program) {
    std::vector<Op> found;
    for (const model::Operation& operation : program.operations) {
        if (const auto* op = std::get_if<Op>(&operation); op != nullptr) found.push_back(*op);
    }
    return found;
}

/// "layer role heads x key/value" of each stream, with ",shared" elements, "w" window and "r" tokens a row.
inline std::vector<std::string> streamTexts(const model::CacheLayout& layout) {
    std::vector<std::string> texts;
    for (const model::CacheStream& stream : layout.streams) {
        std::string text = fmt::format("{} {} {} x {}/{}", stream.layer, model::name(stream.role), stream.kvHeads,
                                       stream.keyDim, stream.valueDim);
        if (stream.sharedValue != 0) text += fmt::format(",{}", stream.sharedValue);
        if (stream.window != 0) text += fmt::format(" w{}", stream.window);
        if (stream.tokensPerRow != 1) text += fmt::format(" r{}", stream.tokensPerRow);
        texts.push_back(std::move(text));
    }
    return texts;
}

}  // namespace kvscope::test
