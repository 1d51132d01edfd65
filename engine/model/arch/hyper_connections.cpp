// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/hyper_connections.h"

#include <utility>

namespace kvscope::model {
namespace {

/// Published models have no other number of streams.
constexpr std::uint32_t kStreams = 4;
constexpr std::uint32_t kCoefficients = (2 + kStreams) * kStreams;

}  // namespace

HyperConnections::HyperConnections(Blocks& b) : m_b(&b) {
    constexpr std::string_view kEpsilon = "hyper_connection.epsilon";
    constexpr std::string_view kCount = "hyper_connection.count";
    const std::uint32_t count = b.take(b.keys().required(kCount, kLargestDimension));
    if (!b.failed() && count != kStreams) {
        b.failWith({ErrorKind::Unsupported, b.keys().where(kCount),
                    fmt::format("the value is {}; only {} streams are supported", count, kStreams)});
    }
    m_iterations = b.take(b.keys().required("hyper_connection.sinkhorn_iterations", 1000));
    const auto eps = b.take(b.keys().positiveFloat(kEpsilon));
    if (!eps) b.failWith({ErrorKind::BadFile, b.keys().where(kEpsilon), "the key is missing; every model needs it"});
    if (b.failed()) return;
    m_eps = *eps;
    for (View* view : {&m_streams, &m_next, &m_normed}) *view = b.whole(b.program().addSlot(kStreams * b.h().nEmbd));
    m_products = b.whole(b.program().addSlot(kCoefficients));
    m_coefficients = b.whole(b.program().addSlot(kCoefficients));
    m_result = b.whole(b.program().addSlot(b.h().nEmbd));
}

void HyperConnections::begin() {
    const std::uint32_t width = m_b->h().nEmbd;
    m_b->add(CopyHeadsOp{.in = m_b->whole(Slot::Hidden),
                         .out = m_streams,
                         .heads = kStreams,
                         .inStep = 0,
                         .outStep = width,
                         .width = width});
}

void HyperConnections::coefficients(const std::string& stem, std::uint32_t count, std::uint32_t scales,
                                    std::uint32_t iterations) {
    const View products{m_products.slot, 0, count};
    m_b->add(NormOp{.in = m_streams, .out = m_normed, .eps = m_b->h().rmsEps});
    m_b->product(m_normed, m_b->part(stem + "_fn", products, m_normed.width));
    m_b->add(HyperOp{.in = products,
                     .out = {m_coefficients.slot, 0, count},
                     .base = m_b->require(stem + "_base.weight", {count}),
                     .scale = m_b->require(stem + "_scale.weight", {scales}),
                     .streams = kStreams,
                     .iterations = iterations,
                     .eps = m_eps});
}

void HyperConnections::mixToHidden() {
    m_b->add(StreamMixOp{.in = m_streams,
                         .out = m_b->whole(Slot::Hidden),
                         .coefficients = m_coefficients,
                         .inputs = kStreams,
                         .outputs = 1,
                         .columnStep = 1});
}

void HyperConnections::before(const std::string& stem) {
    coefficients(stem, kCoefficients, 3, m_iterations);
    mixToHidden();
}

void HyperConnections::after() {
    m_b->add(StreamMixOp{.in = m_streams,
                         .out = m_next,
                         .coefficients = m_coefficients,
                         .addend = m_result,
                         .inputs = kStreams,
                         .outputs = kStreams,
                         .matrix = 2 * kStreams,  // [source][destination]
                         .rowStep = 1,
                         .columnStep = kStreams,
                         .vector = kStreams});
    std::swap(m_streams, m_next);
}

void HyperConnections::end() {
    coefficients("output_hc", kStreams, 1, 0);
    mixToHidden();
}

}  // namespace kvscope::model
