// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/activations.h"

#include <algorithm>

#include "engine/base/checked.h"
#include "shaders/shared/constants.h"

namespace kvscope::runtime {

namespace {

std::uint32_t padded(std::uint32_t width) {
    return static_cast<std::uint32_t>(roundUp(width, 32));
}

}  // namespace

Result<Activations> Activations::create(vulkan::Device& device, const model::Program& program, std::uint32_t columns) {
    Activations a;
    a.m_columns = columns;
    const model::Hparams& h = program.hparams;
    a.m_heads = *std::ranges::max_element(h.nHeads);
    a.m_headDim = std::max(h.headDimK, h.headDimV);
    a.m_vocabulary = h.nVocab;
    const auto add = [&](std::uint32_t stride, const char* what) -> Result<Place> {
        auto buffer =
            vulkan::Buffer::create(device, std::uint64_t{stride} * columns * 4, vulkan::MemoryUse::Device, what);
        if (!buffer) return forward(buffer);
        a.m_buffers.push_back(std::move(*buffer));
        return Place{a.m_buffers.size() - 1, 0, stride};
    };
    const std::uint32_t query = model::slotWidth(h, model::Slot::Query);
    const std::uint32_t key = model::slotWidth(h, model::Slot::Key);
    const std::uint32_t value = model::slotWidth(h, model::Slot::Value);
    struct Wanted {
        Place* place;
        std::uint32_t width;
        const char* what;
    };
    const std::vector<Wanted> wanted{
        {&a.m_hidden, padded(h.nEmbd), "the residual stream"},
        {&a.m_normed, padded(h.nEmbd), "norms"},
        {&a.m_query, padded(query + key + value), "queries, keys and values"},
        {&a.m_attention, padded(model::slotWidth(h, model::Slot::Attention)), "attention outputs"},
        {&a.m_feedForward, padded(model::slotWidth(h, model::Slot::FeedForward)), "feed-forward activations"},
    };
    for (const Wanted& w : wanted) {
        auto place = add(w.width, w.what);
        if (!place) return forward(place);
        *w.place = *place;
    }
    a.m_key = a.m_query;
    a.m_key.offset = query;
    a.m_value = a.m_query;
    a.m_value.offset = query + key;
    auto info = vulkan::Buffer::create(device, std::uint64_t{columns} * shared::kColumnWords * 4,
                                       vulkan::MemoryUse::Upload, "the step's columns");
    if (!info) return forward(info);
    a.columns = std::move(*info);
    a.ropeTableOf.assign(program.operations.size(), 0);
    std::vector<const model::RopeOp*> tables;
    for (std::size_t i = 0; i < program.operations.size(); ++i) {
        const auto* rope = std::get_if<model::RopeOp>(&program.operations[i]);
        if (rope == nullptr) continue;
        const auto same = std::ranges::find_if(tables, [&](const model::RopeOp* t) {
            return t->frequencies == rope->frequencies && t->magnitude == rope->magnitude;
        });
        a.ropeTableOf[i] = static_cast<std::uint32_t>(same - tables.begin());
        if (same != tables.end()) continue;
        tables.push_back(rope);
        auto table = vulkan::Buffer::create(device, rope->frequencies.size() * columns * 8, vulkan::MemoryUse::Upload,
                                            "rotations");
        if (!table) return forward(table);
        a.ropeTables.push_back(std::move(*table));
    }
    return a;
}

kernels::ColumnsView Activations::view(model::Slot slot) const {
    const auto make = [this](const Place& place) {
        return kernels::ColumnsView{&m_buffers[place.buffer], place.offset, place.stride};
    };
    switch (slot) {
        case model::Slot::Hidden:
            return make(m_hidden);
        case model::Slot::Normed:
            return make(m_normed);
        case model::Slot::Query:
            return make(m_query);
        case model::Slot::Key:
            return make(m_key);
        case model::Slot::Value:
            return make(m_value);
        case model::Slot::Attention:
            return make(m_attention);
        case model::Slot::FeedForward:
            return make(m_feedForward);
        case model::Slot::Logits:
            break;
    }
    return {&logits, 0, m_vocabulary};
}

Result<bool> Activations::ensure(vulkan::Device& device, std::uint32_t logitColumns, std::uint32_t splits) {
    bool replaced = false;
    if (logitColumns > m_logitColumns) {
        auto buffer = vulkan::Buffer::create(device, std::uint64_t{logitColumns} * m_vocabulary * 4,
                                             vulkan::MemoryUse::Readback, "logits");
        if (!buffer) return forward(buffer);
        logits = std::move(*buffer);
        m_logitColumns = logitColumns;
        replaced = true;
    }
    if (splits > m_splits) {
        const std::uint64_t rows = std::uint64_t{m_columns} * m_heads * splits;
        auto sums = vulkan::Buffer::create(device, rows * m_headDim * 4, vulkan::MemoryUse::Device,
                                           "partial results of attention");
        if (!sums) return forward(sums);
        auto both = vulkan::Buffer::create(device, rows * 8, vulkan::MemoryUse::Device, "partial sums of attention");
        if (!both) return forward(both);
        partial = std::move(*sums);
        stats = std::move(*both);
        m_splits = splits;
        replaced = true;
    }
    return replaced;
}

}  // namespace kvscope::runtime
