// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "engine/kernels/rows.h"
#include "engine/runtime/step_executor.h"

namespace kvscope::runtime {

/// Turns the operations of a program into dispatches for one shape of a step.
struct StepExecutor::Builder {
    StepExecutor& executor;
    const Key& key;
    const probe::AttentionError& error;
    std::vector<Planned> planned;

    Result<void> build();

  private:
    struct Part {
        std::uint32_t begin = 0;
        std::uint32_t count = 0;
    };
    /// Columns first … columns-1: a multiple of 8 that kernels take eight at a time, then the rest one by one. Two
    /// widths only, since each is a pipeline of its own and compiling costs more than a short rest.
    [[nodiscard]] static std::vector<Part> parts(std::uint32_t first, std::uint32_t columns);
    Result<void> add(Result<kernels::Dispatch> dispatch, Recorded info);
    Result<void> operation(std::size_t index, const model::EmbedOp& op);
    Result<void> operation(std::size_t index, const model::NormOp& op);
    Result<void> operation(std::size_t index, const model::ProductOp& op);
    Result<void> operation(std::size_t index, const model::RopeOp& op);
    Result<void> operation(std::size_t index, const model::AppendOp& op);
    Result<void> operation(std::size_t index, const model::AttendOp& op);
    Result<void> operation(std::size_t index, const model::GatedOp& op);
    Result<void> operation(std::size_t index, const model::MapOp& op);
    Result<void> operation(std::size_t index, const model::CopyHeadsOp& op);
    Result<void> operation(std::size_t index, const model::MatchNormOp& op);
    Result<void> operation(std::size_t index, const model::SparseOp& op);
    Result<void> operation(std::size_t index, const model::RouteOp& op);
    Result<void> operation(std::size_t index, const model::ExpertGatedOp& op);
    Result<void> operation(std::size_t index, const model::ExpertDownOp& op);
    Result<void> operation(std::size_t index, const model::StreamMixOp& op);
    Result<void> operation(std::size_t index, const model::HyperOp& op);
    Result<void> operation(std::size_t index, const model::CompressOp& op);
    Result<void> operation(std::size_t index, const model::SelectOp& op);
    /// A query's rotation, a key's rotation and the append as one dispatch, where `index` begins such a run.
    [[nodiscard]] bool fusable(std::size_t index) const;
    Result<void> ropeAppend(std::size_t index);
    [[nodiscard]] kernels::RopeAppendArgs rotation(std::size_t index, const model::RopeOp& op) const;
    void appendTo(std::uint32_t stream, const model::AppendOp& op, kernels::RopeAppendArgs& args) const;
    Result<void> addAppend(const kernels::RopeAppendArgs& args, std::uint32_t stream);
    Result<void> experts(const DeviceMatrix& matrix, kernels::MatMulArgs args);
    [[nodiscard]] kernels::AttentionArgs attention(const model::AttendOp& op, std::size_t read) const;
    Result<void> decode(const model::AttendOp& op, std::size_t read);
    Result<void> combine(const model::AttendOp& op);
    Result<void> product(const DeviceMatrix& matrix, kernels::MatMulArgs args, std::uint32_t firstColumn);
    Result<void> probe(const model::AttendOp& op);
};

}  // namespace kvscope::runtime
