// SPDX-License-Identifier: Apache-2.0
#include "engine/model/hparams.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/base/checked.h"
#include "engine/model/cache_layout.h"

namespace kvscope::model {
namespace {

/// No dimension of a published model comes near it; products of two such numbers fit 64 bits.
constexpr std::uint64_t kLargestDimension = std::uint64_t{1} << 28U;
constexpr std::uint64_t kLargestHeadWidth = 1U << 16U;

/// Reads keys below "ARCHITECTURE." and turns what is wrong with them into sentences.
class KeyReader {
  public:
    KeyReader(const gguf::File& file, std::string architecture)
        : m_file(&file), m_architecture(std::move(architecture)) {}

    [[nodiscard]] std::string key(std::string_view suffix) const {
        return fmt::format("{}.{}", m_architecture, suffix);
    }
    [[nodiscard]] std::string where(std::string_view suffix) const {
        return fmt::format("{}: {}", m_file->path().string(), key(suffix));
    }

    [[nodiscard]] Result<std::optional<std::uint32_t>> optional(std::string_view suffix, std::uint64_t limit) const {
        auto value = m_file->readUint(key(suffix));
        if (!value) return forward(value);
        if (!*value) return std::nullopt;
        return checkDimension(suffix, **value, limit);
    }

    [[nodiscard]] Result<std::uint32_t> required(std::string_view suffix, std::uint64_t limit) const {
        auto value = optional(suffix, limit);
        if (!value) return forward(value);
        if (!*value) return fail(ErrorKind::BadFile, where(suffix), "the key is missing; every model needs it");
        return **value;
    }

    /// One number for all layers, or an array with a number for each. Empty when the key is absent.
    [[nodiscard]] Result<std::vector<std::uint32_t>> perLayer(std::string_view suffix, std::uint32_t nLayers) const {
        const gguf::KeyValue* entry = m_file->find(key(suffix));
        if (entry == nullptr) return std::vector<std::uint32_t>{};
        if (entry->type != gguf::ValueType::Array) {
            auto value = required(suffix, kLargestDimension);
            if (!value) return forward(value);
            return std::vector<std::uint32_t>(nLayers, *value);
        }
        auto values = m_file->readUintArray(key(suffix));
        if (!values) return forward(values);
        if ((*values)->size() != nLayers) {
            return fail(ErrorKind::BadFile, where(suffix), "the array has {} entries but the model has {} layers",
                        (*values)->size(), nLayers);
        }
        std::vector<std::uint32_t> result;
        for (const std::uint64_t value : **values) {
            auto checked = checkDimension(suffix, value, kLargestDimension);
            if (!checked) return forward(checked);
            result.push_back(*checked);
        }
        return result;
    }

    /// A finite float above zero, or nothing when the key is absent.
    [[nodiscard]] Result<std::optional<float>> positiveFloat(std::string_view suffix) const {
        auto value = m_file->readFloat(key(suffix));
        if (!value) return forward(value);
        if (!*value) return std::nullopt;
        const auto narrow = static_cast<float>(**value);
        if (!std::isfinite(narrow) || narrow <= 0) {
            return fail(ErrorKind::BadFile, where(suffix), "the value is {}; it must be a finite number above 0",
                        **value);
        }
        return narrow;
    }

  private:
    [[nodiscard]] Result<std::uint32_t> checkDimension(std::string_view suffix, std::uint64_t value,
                                                       std::uint64_t limit) const {
        if (value == 0 || value > limit) {
            return fail(ErrorKind::BadFile, where(suffix), "the value is {}; it must be 1 to {}", value, limit);
        }
        return static_cast<std::uint32_t>(value);
    }

    const gguf::File* m_file;
    std::string m_architecture;
};

/// Layers that the file holds tensors of: the largest N of a "blk.N." name, plus one.
std::uint64_t layersInFile(const gguf::File& file) {
    constexpr std::string_view kPrefix = "blk.";
    std::uint64_t layers = 0;
    for (const gguf::TensorInfo& tensor : file.tensors()) {
        const std::string_view name = tensor.name;
        if (!name.starts_with(kPrefix)) continue;
        std::uint32_t index = 0;
        const char* end = name.data() + name.size();
        const auto [rest, error] = std::from_chars(name.data() + kPrefix.size(), end, index);
        if (error == std::errc{} && rest != end && *rest == '.') layers = std::max<std::uint64_t>(layers, index + 1ULL);
    }
    return layers;
}

Result<void> readLayerCount(const gguf::File& file, const KeyReader& keys, Hparams& h) {
    auto count = keys.required("block_count", kLargestDimension);
    if (!count) return forward(count);
    const std::uint64_t held = layersInFile(file);
    if (*count > held || *count > file.tensors().size()) {
        return fail(ErrorKind::BadFile, keys.where("block_count"),
                    "the value is {} but the file holds tensors of {} layers", *count, held);
    }
    h.nLayers = *count;
    return {};
}

Result<void> readWidths(const gguf::File& file, const KeyReader& keys, Hparams& h) {
    auto embd = keys.required("embedding_length", kLargestDimension);
    if (!embd) return forward(embd);
    h.nEmbd = *embd;
    auto context = keys.required("context_length", std::numeric_limits<std::int32_t>::max());
    if (!context) return forward(context);
    h.nCtxTrained = *context;

    auto vocabulary = keys.optional("vocab_size", kLargestDimension);
    if (!vocabulary) return forward(vocabulary);
    const gguf::KeyValue* tokens = file.find("tokenizer.ggml.tokens");
    const gguf::TensorInfo* table = file.findTensor("token_embd.weight");
    if (*vocabulary) {
        h.nVocab = **vocabulary;
    } else if (tokens != nullptr && tokens->type == gguf::ValueType::Array && tokens->count > 0 &&
               tokens->count <= kLargestDimension) {
        h.nVocab = static_cast<std::uint32_t>(tokens->count);
    } else if (table != nullptr && table->rows() <= kLargestDimension) {
        h.nVocab = static_cast<std::uint32_t>(table->rows());
    } else {
        return fail(ErrorKind::BadFile, keys.where("vocab_size"),
                    "the size of the vocabulary is unknown: neither this key nor tokenizer.ggml.tokens nor "
                    "token_embd.weight tells it");
    }
    if (table == nullptr) return {};
    if (table->rowLength() != h.nEmbd) {
        return fail(ErrorKind::BadFile, keys.where("embedding_length"),
                    "the value is {} but token_embd.weight has rows of {} values", h.nEmbd, table->rowLength());
    }
    if (table->rows() != h.nVocab) {
        return fail(ErrorKind::BadFile, keys.where(*vocabulary ? "vocab_size" : "tokenizer.ggml.tokens"),
                    "the vocabulary has {} tokens but token_embd.weight has {} rows", h.nVocab, table->rows());
    }
    return {};
}

Result<void> readHeads(const KeyReader& keys, Hparams& h) {
    auto heads = keys.perLayer("attention.head_count", h.nLayers);
    if (!heads) return forward(heads);
    if (heads->empty()) {
        return fail(ErrorKind::BadFile, keys.where("attention.head_count"), "the key is missing; every model needs it");
    }
    h.nHeads = std::move(*heads);
    auto kvHeads = keys.perLayer("attention.head_count_kv", h.nLayers);
    if (!kvHeads) return forward(kvHeads);
    h.nKvHeads = kvHeads->empty() ? h.nHeads : std::move(*kvHeads);
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        if (h.nHeads[layer] % h.nKvHeads[layer] == 0) continue;
        return fail(ErrorKind::BadFile, keys.where("attention.head_count_kv"),
                    "{} KV heads do not divide the {} query heads of layer {}", h.nKvHeads[layer], h.nHeads[layer],
                    layer);
    }
    return {};
}

/// key_length or value_length, or embedding_length / head_count.
Result<std::uint32_t> readHeadWidth(const KeyReader& keys, const Hparams& h, std::string_view suffix) {
    auto width = keys.optional(suffix, kLargestHeadWidth);
    if (!width) return forward(width);
    if (*width) return **width;
    const std::uint32_t heads = h.nHeads.front();
    if (h.nEmbd % heads != 0 || h.nEmbd / heads > kLargestHeadWidth) {
        return fail(ErrorKind::BadFile, keys.where("attention.head_count"),
                    "{} heads do not divide the embedding length {} into heads of at most {} values, and {} is absent",
                    heads, h.nEmbd, kLargestHeadWidth, keys.key(suffix));
    }
    return h.nEmbd / heads;
}

Result<void> readHeadWidths(const KeyReader& keys, Hparams& h) {
    auto widthK = readHeadWidth(keys, h, "attention.key_length");
    if (!widthK) return forward(widthK);
    auto widthV = readHeadWidth(keys, h, "attention.value_length");
    if (!widthV) return forward(widthV);
    h.headDimK = *widthK;
    h.headDimV = *widthV;
    for (const std::uint32_t heads : h.nHeads) {
        const std::uint64_t width = std::uint64_t{heads} * std::max(h.headDimK, h.headDimV);
        if (width > kLargestDimension) {
            return fail(ErrorKind::BadFile, keys.where("attention.head_count"),
                        "{} heads of {} values make a row of {} values; at most {} are possible", heads,
                        std::max(h.headDimK, h.headDimV), width, kLargestDimension);
        }
    }
    return {};
}

Result<void> readRope(const KeyReader& keys, Hparams& h) {
    auto dims = keys.optional("rope.dimension_count", kLargestHeadWidth);
    if (!dims) return forward(dims);
    h.ropeDims = dims->value_or(h.headDimK);
    if (h.ropeDims > h.headDimK) {
        return fail(ErrorKind::BadFile, keys.where("rope.dimension_count"), "the value is {} but a head has {} values",
                    h.ropeDims, h.headDimK);
    }
    if (h.ropeDims % 2 != 0) {
        return fail(ErrorKind::BadFile, keys.where(*dims ? "rope.dimension_count" : "attention.key_length"),
                    "the value is {}; rotated dimensions come in pairs, so it must be even", h.ropeDims);
    }
    auto base = keys.positiveFloat("rope.freq_base");
    if (!base) return forward(base);
    h.ropeBase = base->value_or(10000.0F);
    return {};
}

}  // namespace

std::uint64_t Hparams::cacheBytesPerTokenF16() const {
    std::uint64_t bytes = 0;
    for (const CacheStream& stream : cacheLayout(*this).streams) {
        bytes += stream.elementsPerRow() * 2 / stream.tokensPerRow;
    }
    return bytes;
}

std::uint64_t Hparams::cacheBytesPerTokenMhaF16() const {
    std::uint64_t elements = 0;
    for (std::uint32_t layer = 0; layer < nLayers; ++layer) {
        elements += std::uint64_t{nHeads[layer]} * (std::uint64_t{keyDims[layer]} + valueDims[layer]);
    }
    return elements * 2;
}

void Hparams::fillLayers() {
    if (keyDims.empty()) keyDims.assign(nLayers, headDimK);
    if (valueDims.empty()) valueDims.assign(nLayers, headDimV);
    if (windows.empty()) windows.assign(nLayers, 0);
    if (sourceLayers.empty()) {
        for (std::uint32_t layer = 0; layer < nLayers; ++layer) sourceLayers.push_back(layer);
    }
}

Result<Hparams> readHparams(const gguf::File& file) {
    Hparams h;
    auto architecture = file.readString("general.architecture");
    if (!architecture) return forward(architecture);
    if (!*architecture || (*architecture)->empty()) {
        return fail(ErrorKind::BadFile, file.path().string() + ": general.architecture",
                    "the key is missing or empty; every model needs it");
    }
    h.architecture = **architecture;
    auto name = file.readString("general.name");
    if (!name) return forward(name);
    h.name = name->value_or(file.path().stem().string());

    const KeyReader keys(file, h.architecture);
    if (auto done = readLayerCount(file, keys, h); !done) return forward(done);
    if (auto done = readWidths(file, keys, h); !done) return forward(done);
    if (auto done = readHeads(keys, h); !done) return forward(done);
    if (auto done = readHeadWidths(keys, h); !done) return forward(done);
    if (auto done = readRope(keys, h); !done) return forward(done);
    auto feedForward = keys.perLayer("feed_forward_length", h.nLayers);
    if (!feedForward) return forward(feedForward);
    h.nFf = std::move(*feedForward);
    h.nFf.resize(h.nLayers, 0);
    auto eps = keys.positiveFloat("attention.layer_norm_rms_epsilon");
    if (!eps) return forward(eps);
    h.rmsEps = eps->value_or(0.0F);
    h.fillLayers();
    return h;
}

}  // namespace kvscope::model
