// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/altup.h"

namespace kvscope::model {
namespace {

constexpr std::uint32_t kMostStreams = 16;

}  // namespace

AltUp::AltUp(Blocks& b) : m_b(&b) {
    m_count = b.take(b.keys().optional("altup.num_inputs", kMostStreams)).value_or(4);
    if (b.failed()) return;
    m_active = b.take(b.keys().count("altup.active_idx", m_count - 1));
    const std::uint32_t width = b.h().nEmbd;
    if (width % 4 != 0 || width > kLargestDimension / kMostStreams || m_count < 2) {
        b.failWith(
            {ErrorKind::Unsupported, b.keys().where("altup.num_inputs"),
             fmt::format("{} streams of {} values; supported are 2 to {} streams of a multiple of 4 values, at most {}",
                         m_count, width, kMostStreams, kLargestDimension / kMostStreams)});
    }
    if (b.failed()) return;
    m_streams = b.whole(b.program().addSlot(m_count * width));
    m_predicted = b.whole(b.program().addSlot(m_count * width));
    m_modalities = b.whole(b.program().addSlot(m_count));
    m_coefficients = b.whole(b.program().addSlot(m_count * m_count));
    m_difference = b.whole(b.program().addSlot(width));
}

View AltUp::stream(View streams, std::uint32_t index) const {
    return {streams.slot, index * m_b->h().nEmbd, m_b->h().nEmbd};
}

View AltUp::others(View streams) const {
    return {streams.slot, m_b->h().nEmbd, streams.width - m_b->h().nEmbd};
}

void AltUp::matchNorms(View streams) {
    for (std::uint32_t i = 1; i < m_count; ++i) {
        m_b->add(MatchNormOp{.a = stream(streams, i), .reference = stream(m_streams, 0), .out = stream(streams, i)});
    }
}

void AltUp::begin() {
    const std::uint64_t width = m_b->h().nEmbd;
    const View hidden = m_b->whole(Slot::Hidden);
    m_b->add(MapOp{.kind = MapKind::Scale, .a = hidden, .out = stream(m_streams, 0)});
    const TensorRef weight = m_b->require("altup_proj.weight", {width, width, m_count - 1});
    m_b->product(hidden, {.weight = weight,
                          .out = others(m_streams),
                          .rowCount = width * (m_count - 1),
                          .scale = m_b->take(m_b->tensors().scaleOf("altup_proj"))});
    matchNorms(m_streams);
}

/// modalities = tanh(altup_router (norm of in) / nEmbd)
void AltUp::route(std::uint32_t layer, View in) {
    const View normed = m_b->whole(Slot::Normed);
    m_b->norm(in, normed, Blocks::stem(layer, "altup_router_norm"));
    m_b->product(normed, m_b->part(Blocks::stem(layer, "altup_router"), m_modalities, normed.width));
    m_b->add(MapOp{.kind = MapKind::Tanh,
                   .a = m_modalities,
                   .out = m_modalities,
                   .constant = 1 / static_cast<float>(m_b->h().nEmbd)});
}

void AltUp::predict(std::uint32_t layer) {
    if (m_b->failed()) return;
    route(layer, stream(m_streams, m_active));
    m_b->product(m_modalities, m_b->part(Blocks::stem(layer, "altup_predict_coef"), m_coefficients, m_count));
    m_b->add(StreamMixOp{.in = m_streams,
                         .out = m_predicted,
                         .coefficients = m_coefficients,
                         .inputs = m_count,
                         .outputs = m_count,
                         .rowStep = m_count,
                         .columnStep = 1,
                         .identity = true});
}

void AltUp::correct(std::uint32_t layer) {
    if (m_b->failed()) return;
    const View hidden = m_b->whole(Slot::Hidden);
    const View own{m_coefficients.slot, 0, m_count};
    route(layer, hidden);
    m_b->product(m_modalities, m_b->part(Blocks::stem(layer, "altup_correct_coef"), own, m_count));
    m_b->add(MapOp{.kind = MapKind::Subtract, .a = hidden, .b = predicted(), .out = m_difference});
    m_b->add(StreamMixOp{.in = m_predicted,
                         .out = m_streams,
                         .coefficients = own,
                         .addend = m_difference,
                         .inputs = m_count,
                         .outputs = m_count,
                         .addBias = 1,
                         .identity = true,
                         .useMatrix = false});
}

void AltUp::addToOthers() {
    const View normed = m_b->whole(Slot::Normed);
    for (std::uint32_t i = 1; i < m_count; ++i) {
        const View to = stream(m_streams, i);
        m_b->add(MapOp{.kind = MapKind::Add, .a = to, .b = normed, .out = to});
    }
}

void AltUp::end() {
    if (m_b->failed()) return;
    const std::uint32_t width = m_b->h().nEmbd;
    const View hidden = m_b->whole(Slot::Hidden);
    const TensorRef weight = m_b->require("altup_unembd_proj.weight", {width, width, m_count - 1});
    ProductPart part{.weight = weight, .out = others(m_predicted)};
    part.rowCount = part.out.width;
    part.scale = m_b->take(m_b->tensors().scaleOf("altup_unembd_proj"));
    m_b->add(
        ProductOp{.in = others(m_streams), .parts = {part}, .groups = m_count - 1, .inStep = width, .outStep = width});
    matchNorms(m_predicted);
    View sum = stream(m_streams, 0);
    for (std::uint32_t i = 1; i < m_count; ++i) {
        const float share = i + 1 == m_count ? 1 / static_cast<float>(m_count) : 1;
        m_b->add(MapOp{.kind = MapKind::Add, .a = sum, .b = stream(m_predicted, i), .out = hidden, .constant = share});
        sum = hidden;
    }
}

}  // namespace kvscope::model
