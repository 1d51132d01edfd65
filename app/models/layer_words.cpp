// SPDX-License-Identifier: Apache-2.0
#include "app/models/layer_words.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "app/models/format.h"

namespace kvscope::models {

namespace {

QString digits(std::uint32_t value) {
    return formatInteger(value);
}

// One head for all query heads whose key is the value, without being a latent that values are made from.
bool isSharedHead(const LayerFacts& facts) {
    return facts.latent && (facts.window > 0 || facts.ratio > 0 || facts.sharedValue == facts.keyDim);
}

// "latent 96 + 16", or the width alone when its parts are not known.
QString latentWords(const LayerFacts& facts) {
    const bool parts = facts.sharedValue > 0 && facts.sharedValue < facts.keyDim;
    return parts ? QString("latent %1 + %2").arg(digits(facts.sharedValue), digits(facts.keyDim - facts.sharedValue))
                 : "latent " + digits(facts.keyDim);
}

QString rowsSentence(const LayerFacts& facts) {
    if (isSharedHead(facts)) {
        return QString("One head of %1 values for all %2 query heads; the key is the value.")
            .arg(digits(facts.keyDim), digits(facts.heads));
    }
    if (facts.latent) {
        const bool parts = facts.sharedValue > 0 && facts.sharedValue < facts.keyDim;
        return QString("One row of %1 values%2 serves all %3 query heads as key and value.")
            .arg(digits(facts.keyDim),
                 parts ? QString(" (%1 of the latent, %2 of the rotated key)")
                             .arg(digits(facts.sharedValue), digits(facts.keyDim - facts.sharedValue))
                       : QString(),
                 digits(facts.heads));
    }
    return QString("%1 query heads on %2 KV %3, keys of %4 values and values of %5.")
        .arg(digits(facts.heads), digits(facts.kvHeads), facts.kvHeads == 1 ? "head" : "heads", digits(facts.keyDim),
             digits(facts.valueDim));
}

QString pastOf(const LayerFacts& facts) {
    return facts.window > 0 ? QString("the rows of the newest %1 tokens").arg(digits(facts.window))
                            : QString("a row of every token");
}

QString keepSentence(const LayerStructure& structure, std::uint32_t layer) {
    const LayerFacts& facts = structure.at(layer);
    switch (structure.kind(layer)) {
        case LayerKind::Full:
            return "Full attention: keeps a row of every token.";
        case LayerKind::Window:
            return QString("Sliding window: keeps %1.").arg(pastOf(facts));
        case LayerKind::Borrows:
            return QString("Owns no rows: its queries read those of layer %1 (%2).")
                .arg(digits(facts.source), layerLabel(structure, facts.source));
        case LayerKind::Latent:
            return facts.index ? QString(
                                     "Latent attention (MLA): keeps one latent of every token, and keys of an "
                                     "indexer that chooses%1 which of them a query reads.")
                                     .arg(facts.selects > 0 ? ", up to " + digits(facts.selects) + "," : QString())
                               : QString("Latent attention (MLA): keeps one latent of every token.");
        case LayerKind::Csa:
            return QString(
                       "Compressed sparse attention: keeps %1, and one compressed row for every %2 tokens; an "
                       "indexer chooses which of these a query reads%3.")
                .arg(pastOf(facts), digits(facts.ratio),
                     facts.selects > 0 ? ", at most " + digits(facts.selects) : QString());
        case LayerKind::Hca:
            return QString(
                       "Heavily compressed attention: keeps %1, and one compressed row for every %2 tokens; a "
                       "query reads all of these.")
                .arg(pastOf(facts), digits(facts.ratio));
    }
    return {};
}

// "13", "13 and 14", "1, 2 and 3"; many are only counted.
QString listed(const std::vector<std::uint32_t>& layers) {
    if (layers.size() > 4) {
        return QString("%1 others").arg(layers.size());
    }
    QString text;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        text += (i == 0 ? "" : i + 1 == layers.size() ? " and " : ", ") + digits(layers[i]);
    }
    return text;
}

QString borrowLine(const LayerStructure& structure) {
    std::vector<std::uint32_t> sources;
    std::uint32_t borrowers = 0;
    for (std::uint32_t layer = 0; layer < structure.size(); ++layer) {
        if (structure.borrows(layer)) {
            ++borrowers;
            sources.push_back(structure.at(layer).source);
        }
    }
    std::ranges::sort(sources);
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
    return QString("%1 %2 %3 %4")
        .arg(digits(borrowers), borrowers == 1 ? "layer reads" : "layers read",
             sources.size() == 1 ? "layer" : "layers", listed(sources));
}

// "3 full + 12 windowed layers of 512", "2 windowed + 2 CSA 4 + 2 HCA 32 layers"; windows of several sizes are each
// named.
QString ownersLine(const LayerStructure& structure, const std::vector<LayerGroup>& groups) {
    const auto windows = std::ranges::count_if(
        groups, [&](const LayerGroup& group) { return structure.kind(group.first) == LayerKind::Window; });
    QStringList parts;
    QString size;
    std::uint32_t owners = 0;
    for (const LayerGroup& group : groups) {
        const LayerKind kind = structure.kind(group.first);
        if (kind == LayerKind::Borrows) {
            continue;
        }
        owners += group.count;
        const bool plain = kind == LayerKind::Window && windows == 1;
        parts.append(digits(group.count) + " " + (plain ? QString("windowed") : group.label));
        if (plain && !structure.at(group.first).latent) {
            size = " of " + digits(structure.at(group.first).window);
        }
    }
    return parts.join(" + ") + (owners == 1 ? " layer" : " layers") + size;
}

// What an owner's rows are, where they are no plain keys and values.
QStringList rowLines(const LayerStructure& structure) {
    QStringList lines;
    std::uint32_t window = 0;
    bool index = false;
    std::uint32_t selects = 0;
    for (std::uint32_t layer = 0; layer < structure.size(); ++layer) {
        const LayerFacts& facts = structure.at(layer);
        index = index || facts.index;
        selects = std::max(selects, facts.selects);
        if (!facts.latent) {
            continue;
        }
        window = std::max(window, facts.window);
        const QString line = isSharedHead(facts) ? QString("one head of %1, key = value").arg(digits(facts.keyDim))
                                                 : latentWords(facts) + " for all heads";
        if (!lines.contains(line)) {
            lines.append(line);
        }
    }
    QStringList more;
    if (window > 0) {
        more.append("window " + digits(window));
    }
    if (index) {
        more.append(selects > 0 ? "indexer top " + digits(selects) : QString("indexer"));
    }
    if (!more.isEmpty()) {
        lines.append(more.join(", "));
    }
    return lines;
}

}  // namespace

QString layerLabel(const LayerStructure& structure, std::uint32_t layer) {
    const LayerFacts& facts = structure.at(layer);
    switch (structure.kind(layer)) {
        case LayerKind::Full:
            return "full";
        case LayerKind::Window:
            return "window " + digits(facts.window);
        case LayerKind::Borrows:
            return "reads layer " + digits(facts.source);
        case LayerKind::Latent:
            return facts.index ? "latent + index" : "latent";
        case LayerKind::Csa:
            return "CSA " + digits(facts.ratio);
        case LayerKind::Hca:
            return "HCA " + digits(facts.ratio);
    }
    return {};
}

QString layerSentence(const LayerStructure& structure, std::uint32_t layer) {
    return structure.known() ? keepSentence(structure, layer) + "\n" + rowsSentence(structure.at(layer)) : QString();
}

std::vector<LayerGroup> layerGroups(const LayerStructure& structure) {
    std::vector<LayerGroup> groups;
    for (std::uint32_t layer = 0; layer < structure.size(); ++layer) {
        const bool borrows = structure.borrows(layer);
        const QString label = borrows ? QString("reads an earlier layer") : layerLabel(structure, layer);
        const auto found = std::ranges::find(groups, label, &LayerGroup::label);
        if (found == groups.end()) {
            groups.push_back({layer, label, 1});
        } else {
            ++found->count;
        }
    }
    constexpr std::array kOrder{LayerKind::Full, LayerKind::Window, LayerKind::Latent,
                                LayerKind::Csa,  LayerKind::Hca,    LayerKind::Borrows};
    std::ranges::stable_sort(groups, {}, [&](const LayerGroup& group) {
        return std::tuple(std::ranges::find(kOrder, structure.kind(group.first)) - kOrder.begin(),
                          structure.at(group.first).window, structure.at(group.first).ratio);
    });
    return groups;
}

QStringList structureLines(const LayerStructure& structure) {
    if (!structure.known()) {
        return {};
    }
    const auto groups = layerGroups(structure);
    QStringList lines{ownersLine(structure, groups)};
    if (!groups.empty() && structure.kind(groups.back().first) == LayerKind::Borrows) {
        lines.append(borrowLine(structure));
    }
    return lines + rowLines(structure);
}

QString headSharing(const LayerStructure& structure) {
    const std::uint32_t layers = std::max(1U, structure.size());
    QStringList ratios;
    bool grouped = false;
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
        const LayerFacts& facts = structure.at(layer);
        if (facts.latent) {
            return isSharedHead(facts) ? QString("MQA %1:1").arg(digits(facts.heads))
                                       : QString("MLA, %1 heads").arg(digits(facts.heads));
        }
        grouped = grouped || facts.heads != facts.kvHeads;
        const QString ratio = digits(facts.heads) + ":" + digits(facts.kvHeads);
        if (!ratios.contains(ratio)) {
            ratios.append(ratio);
        }
    }
    if (!grouped) {
        return "MHA";
    }
    if (ratios.size() == 1 && structure.at(0).kvHeads == 1) {
        return "MQA " + ratios.first();
    }
    return ratios.size() > 3 ? QString("GQA, differs by layer") : "GQA " + ratios.join(", ");
}

QString nativeShare(const LayerStructure& structure) {
    bool borrowed = false;
    for (std::uint32_t layer = 0; layer < structure.size(); ++layer) {
        borrowed = borrowed || structure.borrows(layer);
    }
    const QString key = structure.at(0).latent && isSharedHead(structure.at(0)) ? "; the key is the value" : "";
    return "native: " + headSharing(structure) + key + (borrowed ? "; " + borrowLine(structure) : QString());
}

QString nativeRead(const LayerStructure& structure) {
    const bool indexed = structure.known() && structure.offers(trace::HeadMetric::SelectedRows);
    return indexed ? "native: all resident rows, but where an indexer chooses" : "native: all resident rows";
}

QString whyNone(const LayerStructure& structure, std::uint32_t layer, trace::HeadMetric metric) {
    if (structure.owns(layer, metric)) {
        return {};
    }
    if (structure.borrows(layer)) {
        return layerLabel(structure, layer);
    }
    return metric == trace::HeadMetric::CompressedRows ? QString("no compressed rows") : QString("no indexer");
}

}  // namespace kvscope::models
