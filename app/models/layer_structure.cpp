// SPDX-License-Identifier: Apache-2.0
#include "app/models/layer_structure.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <cmath>
#include <optional>

namespace kvscope::models {

using trace::HeadMetric;

namespace {

// Largest number that a description may hold: the file of a trace is not to be trusted.
constexpr double kLargest = 1U << 30;

std::optional<std::uint32_t> number(const QJsonObject& object, const char* key) {
    const double value = object.value(QLatin1String(key)).toDouble(-1);
    if (value < 0 || value > kLargest || value != std::floor(value)) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(value);
}

std::optional<LayerFacts> readLayer(const QJsonObject& object) {
    LayerFacts facts;
    struct Field {
        const char* key;
        std::uint32_t LayerFacts::* into;
        bool optional = false;
    };
    for (const Field& field :
         {Field{"source", &LayerFacts::source}, Field{"heads", &LayerFacts::heads},
          Field{"kv_heads", &LayerFacts::kvHeads}, Field{"key_dim", &LayerFacts::keyDim},
          Field{"value_dim", &LayerFacts::valueDim}, Field{"window", &LayerFacts::window},
          Field{"ratio", &LayerFacts::ratio}, Field{"shared_value", &LayerFacts::sharedValue, true},
          Field{"selects", &LayerFacts::selects, true}}) {
        const auto value = number(object, field.key);
        if (!value && !field.optional) {
            return std::nullopt;
        }
        facts.*field.into = value.value_or(0);
    }
    const QJsonArray roles = object.value(QLatin1String("roles")).toArray();
    facts.latent = roles.contains(QJsonValue(QLatin1String("latent")));
    facts.index = roles.contains(QJsonValue(QLatin1String("index")));
    return facts;
}

bool fits(const LayerFacts& facts, std::uint32_t layer, const trace::RunInfo& run) {
    return facts.source <= layer && facts.heads >= 1 && facts.heads <= run.nHeads && facts.kvHeads >= 1 &&
           facts.kvHeads <= run.nKvHeads && facts.kvHeads <= facts.heads;
}

}  // namespace

LayerStructure LayerStructure::of(const trace::RunInfo& run) {
    LayerStructure structure;
    structure.m_common.heads = std::max(1U, run.nHeads);
    structure.m_common.kvHeads = std::max(1U, run.nKvHeads);
    const QJsonArray array = QJsonDocument::fromJson(QByteArray::fromStdString(run.layers)).array();
    if (array.isEmpty() || array.size() != static_cast<qsizetype>(run.nLayers)) {
        return structure;
    }
    std::vector<LayerFacts> layers;
    for (const QJsonValue& value : array) {
        const auto facts = readLayer(value.toObject());
        if (!facts || !fits(*facts, static_cast<std::uint32_t>(layers.size()), run)) {
            return structure;
        }
        layers.push_back(*facts);
        // What a layer reads is latent where its source's rows are.
        layers.back().latent = layers[facts->source].latent;
    }
    structure.m_layers = std::move(layers);
    return structure;
}

LayerKind LayerStructure::kind(std::uint32_t layer) const {
    if (borrows(layer)) {
        return LayerKind::Borrows;
    }
    const LayerFacts& facts = at(layer);
    if (facts.ratio > 0) {
        return facts.index ? LayerKind::Csa : LayerKind::Hca;
    }
    if (facts.window > 0) {
        return LayerKind::Window;
    }
    return facts.latent ? LayerKind::Latent : LayerKind::Full;
}

bool LayerStructure::sameGroups() const {
    return std::ranges::all_of(m_layers, [&](const LayerFacts& facts) {
        return facts.heads / facts.kvHeads == m_layers.front().heads / m_layers.front().kvHeads;
    });
}

bool LayerStructure::offers(HeadMetric metric) const {
    if (!known()) {
        return true;
    }
    for (std::uint32_t layer = 0; layer < size(); ++layer) {
        if (owns(layer, metric)) {
            return true;
        }
    }
    return false;
}

bool LayerStructure::owns(std::uint32_t layer, HeadMetric metric) const {
    if (!known()) {
        return true;
    }
    const bool borrowed = borrows(layer);
    switch (metric) {
        case HeadMetric::ResidentRows:
        case HeadMetric::BytesUsed:
            return !borrowed;
        case HeadMetric::CompressedRows:
            return !borrowed && at(layer).ratio > 0;
        case HeadMetric::IndexRows:
        case HeadMetric::SelectedRows:
            return !borrowed && at(layer).index;
        default:
            return true;
    }
}

}  // namespace kvscope::models
