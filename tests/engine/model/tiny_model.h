// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "engine/gguf/file.h"
#include "engine/gguf/writer.h"

namespace kvscope::test {

/// Keys and tensors of a sound two-layer `llama` model with weights of zero, to be changed and opened.
class TinyModel {
  public:
    using Value = std::variant<std::uint32_t, float, std::string, std::vector<std::uint32_t>, std::vector<bool>>;

    std::map<std::string, Value> keys = {
        {"general.architecture", std::string("llama")},
        {"llama.block_count", 2U},
        {"llama.context_length", 64U},
        {"llama.embedding_length", 16U},
        {"llama.feed_forward_length", 24U},
        {"llama.attention.head_count", 4U},
        {"llama.attention.head_count_kv", 2U},
        {"llama.attention.layer_norm_rms_epsilon", 1e-5F},
    };
    std::map<std::string, std::vector<std::uint64_t>> tensors;
    std::map<std::string, std::vector<float>> values;  ///< of tensors that are not zero
    std::map<std::string, gguf::TensorType> types;     ///< of tensors that are not F32

    TinyModel() {
        tensors = {{"token_embd.weight", {16, 10}}, {"output_norm.weight", {16}}, {"output.weight", {16, 10}}};
        for (const std::string layer : {"blk.0.", "blk.1."}) {
            tensors[layer + "attn_norm.weight"] = {16};
            tensors[layer + "attn_q.weight"] = {16, 16};
            tensors[layer + "attn_k.weight"] = {16, 8};
            tensors[layer + "attn_v.weight"] = {16, 8};
            tensors[layer + "attn_output.weight"] = {16, 16};
            tensors[layer + "ffn_norm.weight"] = {16};
            tensors[layer + "ffn_gate.weight"] = {16, 24};
            tensors[layer + "ffn_up.weight"] = {16, 24};
            tensors[layer + "ffn_down.weight"] = {24, 16};
        }
    }

    /// The same dimensions under another architecture's name.
    [[nodiscard]] TinyModel renamed(const std::string& architecture) const {
        TinyModel other = *this;
        other.keys.clear();
        const std::string prefix = std::get<std::string>(keys.at("general.architecture")) + ".";
        for (const auto& [key, value] : keys) {
            other.keys[key.starts_with(prefix) ? architecture + key.substr(prefix.size() - 1) : key] = value;
        }
        other.keys["general.architecture"] = architecture;
        return other;
    }
    /// Adds a tensor to each of the two layers.
    void addToLayers(const std::string& name, const std::vector<std::uint64_t>& dims) {
        for (const char* layer : {"blk.0.", "blk.1."}) tensors[layer + name] = dims;
    }
    void eraseFromLayers(const std::string& name) {
        for (const char* layer : {"blk.0.", "blk.1."}) tensors.erase(layer + name);
    }

    /// Writes the model to a temporary file, opens it and takes the name away again.
    [[nodiscard]] gguf::File open() const {
        gguf::Writer writer;
        for (const auto& [key, value] : keys) addKey(writer, key, value);
        for (const auto& [name, dims] : tensors) {
            std::uint64_t count = 1;
            for (const std::uint64_t dim : dims) count *= dim;
            const auto known = values.find(name);
            const std::vector<float> data = known != values.end() ? known->second : std::vector<float>(count, 0.0F);
            const auto type = types.find(name);
            if (!writer.addTensor(name, dims, type != types.end() ? type->second : gguf::TensorType::F32, data))
                throw std::runtime_error("cannot add " + name);
        }
        const auto path =
            std::filesystem::temp_directory_path() / ("kvscope_tiny_" + std::to_string(::getpid()) + ".gguf");
        if (!writer.write(path)) throw std::runtime_error("cannot write " + path.string());
        auto file = gguf::File::open(path);
        std::filesystem::remove(path);
        if (!file) throw std::runtime_error(file.error().text());
        return std::move(*file);
    }

  private:
    static void addKey(gguf::Writer& writer, const std::string& key, const Value& value) {
        if (const auto* number = std::get_if<std::uint32_t>(&value)) writer.addUint32(key, *number);
        if (const auto* real = std::get_if<float>(&value)) writer.addFloat32(key, *real);
        if (const auto* text = std::get_if<std::string>(&value)) writer.addString(key, *text);
        if (const auto* list = std::get_if<std::vector<std::uint32_t>>(&value)) writer.addUint32Array(key, *list);
        if (const auto* flags = std::get_if<std::vector<bool>>(&value)) writer.addBoolArray(key, *flags);
    }
};

}  // namespace kvscope::test
