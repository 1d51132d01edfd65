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

/// Kernels read inputs in runs of 32 values, from any offset in a column: the last column needs something behind it.
constexpr std::uint64_t kTail = 32;

}  // namespace

Result<void> Activations::makeSlots(vulkan::Device& device, const model::Program& program) {
    for (std::size_t slot = 0; slot < program.slotWidths.size(); ++slot) {
        m_slots.emplace_back();
        m_strides.push_back(std::max(padded(program.slotWidths[slot]), 32U));
        if (slot == static_cast<std::size_t>(model::Slot::Logits)) {
            m_strides.back() = m_vocabulary;
            continue;
        }
        const std::uint64_t values = std::uint64_t{m_strides.back()} * m_columns + kTail;
        auto buffer = vulkan::Buffer::create(device, values * 4, vulkan::MemoryUse::Device, "activations");
        if (!buffer) return forward(buffer);
        m_slots.back() = std::move(*buffer);
    }
    for (const model::Operation& operation : program.operations) {
        const auto* down = std::get_if<model::ExpertDownOp>(&operation);
        if (down != nullptr) m_expertStride = std::max(m_expertStride, padded(down->used * down->out.width));
    }
    if (m_expertStride == 0) return {};
    auto results = vulkan::Buffer::create(device, (std::uint64_t{m_expertStride} * m_columns + kTail) * 4,
                                          vulkan::MemoryUse::Device, "results of experts");
    if (!results) return forward(results);
    m_expertResults = std::move(*results);
    return {};
}

Result<void> Activations::makeRopeTables(vulkan::Device& device, const model::Program& program) {
    ropeTableOf.assign(program.operations.size(), 0);
    std::vector<const model::RopeOp*> tables;
    for (std::size_t i = 0; i < program.operations.size(); ++i) {
        const auto* rope = std::get_if<model::RopeOp>(&program.operations[i]);
        if (rope == nullptr) continue;
        const auto same = std::ranges::find_if(tables, [&](const model::RopeOp* t) {
            return t->frequencies == rope->frequencies && t->magnitude == rope->magnitude &&
                   t->positionStep == rope->positionStep;
        });
        ropeTableOf[i] = static_cast<std::uint32_t>(same - tables.begin());
        if (same != tables.end()) continue;
        tables.push_back(rope);
        auto table = vulkan::Buffer::create(device, rope->frequencies.size() * m_columns * 8, vulkan::MemoryUse::Upload,
                                            "rotations");
        if (!table) return forward(table);
        ropeTables.push_back(std::move(*table));
    }
    return {};
}

Result<void> Activations::makeSelection(vulkan::Device& device, const model::Program& program,
                                        std::uint32_t indexRows) {
    for (const model::Operation& operation : program.operations) {
        const auto* select = std::get_if<model::SelectOp>(&operation);
        if (select == nullptr) continue;
        const std::uint64_t words = std::uint64_t{m_columns} * (1 + select->topK);
        auto list = vulkan::Buffer::create(device, words * 4, vulkan::MemoryUse::Readback, "chosen rows");
        if (!list) return forward(list);
        chosen[select->layer] = std::move(*list);
    }
    if (chosen.empty()) return {};
    indexCapacity = std::max(indexRows, 1U);
    auto scores = vulkan::Buffer::create(device, std::uint64_t{m_columns} * indexCapacity * 4,
                                         vulkan::MemoryUse::Device, "scores of an indexer");
    if (!scores) return forward(scores);
    indexScores = std::move(*scores);
    return {};
}

Result<Activations> Activations::create(vulkan::Device& device, const model::Program& program, std::uint32_t columns,
                                        std::uint32_t indexRows) {
    Activations a;
    a.m_columns = columns;
    a.m_vocabulary = program.hparams.nVocab;
    auto info = vulkan::Buffer::create(device, std::uint64_t{columns} * shared::kColumnWords * 4,
                                       vulkan::MemoryUse::Upload, "the step's columns");
    if (!info) return forward(info);
    a.columns = std::move(*info);
    if (auto made = a.makeSlots(device, program); !made) return forward(made);
    if (auto made = a.makeRopeTables(device, program); !made) return forward(made);
    if (auto made = a.makeSelection(device, program, indexRows); !made) return forward(made);
    return a;
}

kernels::ColumnsView Activations::view(const model::View& view) const {
    const auto slot = static_cast<std::size_t>(view.slot);
    return {view.slot == model::Slot::Logits ? &logits : &m_slots[slot], view.offset, m_strides[slot]};
}

kernels::ColumnsView Activations::expertResults() const {
    return {&m_expertResults, 0, m_expertStride};
}

Result<bool> Activations::ensure(vulkan::Device& device, std::uint32_t logitColumns, const AttentionRoom& room) {
    bool replaced = false;
    if (logitColumns > m_logitColumns) {
        auto buffer = vulkan::Buffer::create(device, std::uint64_t{logitColumns} * m_vocabulary * 4,
                                             vulkan::MemoryUse::Readback, "logits");
        if (!buffer) return forward(buffer);
        logits = std::move(*buffer);
        m_logitColumns = logitColumns;
        replaced = true;
    }
    if (room.values > m_room.values || room.sums > m_room.sums) {
        m_room = {std::max(room.values, m_room.values), std::max(room.sums, m_room.sums)};
        auto values = vulkan::Buffer::create(device, m_room.values * m_columns * 4, vulkan::MemoryUse::Device,
                                             "partial results of attention");
        if (!values) return forward(values);
        auto sums = vulkan::Buffer::create(device, m_room.sums * m_columns * 8, vulkan::MemoryUse::Device,
                                           "partial sums of attention");
        if (!sums) return forward(sums);
        partial = std::move(*values);
        stats = std::move(*sums);
        replaced = true;
    }
    return replaced;
}

}  // namespace kvscope::runtime
