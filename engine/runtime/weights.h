// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/kernels/kernel_library.h"
#include "engine/kernels/products.h"
#include "engine/model/operations.h"

namespace kvscope::runtime {

/// Rows of a matrix that lie in one buffer; a matrix larger than a binding may span has several.
struct WeightPiece {
    kernels::WeightView view;
    std::uint32_t rowBegin = 0;
    std::uint32_t unitBegin = 0;  ///< first expert, or block of a block-diagonal matrix, in this piece
    std::uint32_t units = 0;      ///< how many
};

/// A matrix on the device: one tensor, or several of one type stacked by rows (Q, K and V; gate and up).
struct DeviceMatrix {
    std::vector<WeightPiece> pieces;
    const vulkan::Buffer* bias = nullptr;
    std::uint32_t biasOffset = 0;
    std::uint32_t rows = 0;
};

/// A small tensor (norm gain, bias, table) on the device, decoded to f32; integers as they are.
struct DeviceVector {
    const vulkan::Buffer* buffer = nullptr;
    std::uint32_t offset = 0;  ///< words
};

/// The model's weights in device memory, still quantised: a block's bytes are pulled apart into sections
/// (kernels/weight_format.h), nothing is decoded. Rows are padded with zeros to whole runs of 32 values.
class DeviceWeights {
  public:
    DeviceWeights(vulkan::Device& device, const gguf::File& file) : m_device(device), m_file(file) {}

    using Progress = std::function<void(float fraction, const std::string& what)>;
    /// Uploads everything that the program reads. Polls the stop token.
    Result<void> load(const model::Program& program, const Progress& progress, std::stop_token stop);

    /// The matrices that a product reads, in order: parts of one type that follow each other are stacked into one.
    [[nodiscard]] const std::vector<DeviceMatrix>& product(std::size_t operation) const {
        return m_products.at(operation);
    }
    /// First part of each matrix of product().
    [[nodiscard]] const std::vector<std::size_t>& firstParts(std::size_t operation) const {
        return m_firstParts.at(operation);
    }
    /// A small tensor; without buffer where the reference is empty.
    [[nodiscard]] DeviceVector vector(const model::TensorRef& ref) const {
        return ref.present() ? m_vectors.at(ref.index) : DeviceVector{};
    }
    /// Values of a tensor.
    [[nodiscard]] std::uint32_t values(const model::TensorRef& ref) const {
        return static_cast<std::uint32_t>(m_file.tensors()[static_cast<std::size_t>(ref.index)].values());
    }
    [[nodiscard]] std::uint64_t bytes() const { return m_bytes; }

  private:
    struct Part {
        const gguf::TensorInfo* tensor = nullptr;
        std::uint64_t rowBegin = 0;
        std::uint64_t rows = 0;
    };
    /// Parts stacked by rows; a buffer holds whole units of `unitRows` rows.
    Result<DeviceMatrix> matrix(std::span<const Part> parts, const std::string& key, std::uint64_t unitRows = 1);
    Result<WeightPiece> piece(std::span<const Part> parts, std::uint64_t rowBegin, std::uint64_t rows);
    [[nodiscard]] Result<std::uint64_t> rowsOfABuffer(const gguf::TensorInfo& tensor,
                                                      const kernels::WeightFormat& format) const;
    Result<DeviceVector> f32Vector(std::span<const Part> parts);
    Result<void> loadVector(const model::TensorRef& ref);
    Result<const vulkan::Buffer*> upload(std::span<const std::byte> bytes, const std::string& what);
    Result<void> load(std::size_t index, const model::EmbedOp& op);
    Result<void> load(std::size_t index, const model::NormOp& op);
    Result<void> load(std::size_t index, const model::ProductOp& op);
    Result<void> load(std::size_t index, const model::GatedOp& op);
    Result<void> load(std::size_t index, const model::MapOp& op);
    Result<void> load(std::size_t index, const model::AttendOp& op);
    Result<void> load(std::size_t index, const model::RouteOp& op);
    Result<void> load(std::size_t index, const model::ExpertGatedOp& op);
    Result<void> load(std::size_t index, const model::ExpertDownOp& op);
    Result<void> load(std::size_t index, const model::HyperOp& op);
    Result<void> load(std::size_t index, const model::CompressOp& op);
    template <typename Other>
    Result<void> load(std::size_t, const Other&) {  // reads no weights
        return {};
    }
    [[nodiscard]] Part whole(const model::TensorRef& ref) const;

    vulkan::Device& m_device;
    const gguf::File& m_file;
    std::deque<vulkan::Buffer> m_buffers;
    std::map<std::string, DeviceMatrix> m_shared;  ///< tied tensors are uploaded once
    std::map<std::size_t, std::vector<DeviceMatrix>> m_products;
    std::map<std::size_t, std::vector<std::size_t>> m_firstParts;
    std::map<std::int32_t, DeviceVector> m_vectors;  ///< by tensor
    std::uint64_t m_bytes = 0;
};

}  // namespace kvscope::runtime
