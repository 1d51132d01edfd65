// SPDX-License-Identifier: Apache-2.0
#include "engine/model/hparams.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/model/cache_layout.h"
#include "engine/model/key_reader.h"
#include "engine/model/registry.h"

namespace kvscope::model {
namespace {

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

/// Trailing blocks that predict further tokens are counted in block_count and left out here; a file may count blocks
/// that it does not hold.
Result<std::uint32_t> readLayerCount(const gguf::File& file, const KeyReader& keys, Hparams& h) {
    auto count = keys.required("block_count", kLargestDimension);
    if (!count) return forward(count);
    const std::uint64_t held = layersInFile(file);
    if (*count > held || *count > file.tensors().size()) {
        return fail(ErrorKind::BadFile, keys.where("block_count"),
                    "the value is {} but the file holds tensors of {} layers", *count, held);
    }
    auto next = keys.count("nextn_predict_layers", *count - 1);
    if (!next) return forward(next);
    const bool present = file.findTensor(fmt::format("blk.{}.nextn.eh_proj.weight", *count - *next)) != nullptr;
    h.nLayers = present ? *count - *next : *count;
    return count;
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

Result<void> readHeads(const KeyReader& keys, std::uint32_t blocks, Hparams& h) {
    auto heads = keys.perLayer("attention.head_count", h.nLayers, blocks);
    if (!heads) return forward(heads);
    if (heads->empty()) {
        return fail(ErrorKind::BadFile, keys.where("attention.head_count"), "the key is missing; every model needs it");
    }
    h.nHeads = std::move(*heads);
    auto kvHeads = keys.perLayer("attention.head_count_kv", h.nLayers, blocks);
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

/// What every layer's rows come to, after the architecture's own keys.
Result<void> checkRows(const KeyReader& keys, const Hparams& h) {
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        const std::uint64_t widest = std::max(h.keyDims[layer], h.valueDims[layer]);
        const std::uint64_t width = h.nHeads[layer] * widest;
        if (width > kLargestDimension) {
            return fail(ErrorKind::BadFile, keys.where("attention.head_count"),
                        "{} heads of {} values make a row of {} values; at most {} are possible", h.nHeads[layer],
                        widest, width, kLargestDimension);
        }
        const std::uint32_t source = h.sourceLayers[layer];
        const bool fits = source <= layer && h.sourceLayers[source] == source &&
                          h.keyDims[source] == h.keyDims[layer] && h.valueDims[source] == h.valueDims[layer] &&
                          h.nHeads[layer] % h.nKvHeads[source] == 0;
        if (!fits) {
            return fail(ErrorKind::BadFile, keys.where("attention.shared_kv_layers"),
                        "layer {} cannot read the rows of layer {}: their heads differ", layer, source);
        }
    }
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
    auto blocks = readLayerCount(file, keys, h);
    if (!blocks) return forward(blocks);
    if (auto done = readWidths(file, keys, h); !done) return forward(done);
    if (auto done = readHeads(keys, *blocks, h); !done) return forward(done);
    if (auto done = readHeadWidths(keys, h); !done) return forward(done);
    if (auto done = readRope(keys, h); !done) return forward(done);
    auto feedForward = keys.perLayer("feed_forward_length", h.nLayers, *blocks);
    if (!feedForward) return forward(feedForward);
    h.nFf = std::move(*feedForward);
    h.nFf.resize(h.nLayers, 0);
    auto eps = keys.positiveFloat("attention.layer_norm_rms_epsilon");
    if (!eps) return forward(eps);
    h.rmsEps = eps->value_or(0.0F);
    if (const Architecture* known = findArchitecture(h.architecture); known != nullptr && known->readKeys != nullptr) {
        if (auto done = known->readKeys(file, h); !done) return forward(done);
    }
    h.fillLayers();
    if (auto done = checkRows(keys, h); !done) return forward(done);
    return h;
}

}  // namespace kvscope::model
