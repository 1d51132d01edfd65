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
};

/// A matrix on the device: one tensor, or several of one type stacked by rows (Q, K and V; gate and up).
struct DeviceMatrix {
    std::vector<WeightPiece> pieces;
    const vulkan::Buffer* bias = nullptr;
    std::uint32_t biasOffset = 0;
    std::uint32_t rows = 0;
};

/// A vector (norm gain) on the device, f32.
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
    [[nodiscard]] const DeviceVector& vector(std::size_t operation) const { return m_vectors.at(operation); }
    [[nodiscard]] std::uint64_t bytes() const { return m_bytes; }

  private:
    struct Part {
        const gguf::TensorInfo* tensor = nullptr;
        std::uint64_t rowBegin = 0;
        std::uint64_t rows = 0;
    };
    Result<DeviceMatrix> matrix(std::span<const Part> parts, const std::string& key);
    Result<WeightPiece> piece(std::span<const Part> parts, std::uint64_t rowBegin, std::uint64_t rows);
    [[nodiscard]] Result<std::uint64_t> rowsOfABuffer(const gguf::TensorInfo& tensor,
                                                      const kernels::WeightFormat& format) const;
    Result<DeviceVector> f32Vector(std::span<const Part> parts);
    Result<const vulkan::Buffer*> upload(std::span<const std::byte> bytes, const std::string& what);
    Result<void> loadProduct(std::size_t index, const model::ProductOp& op);
    Result<void> loadGated(std::size_t index, const model::GatedOp& op);
    [[nodiscard]] Part whole(const model::TensorRef& ref) const;

    vulkan::Device& m_device;
    const gguf::File& m_file;
    std::deque<vulkan::Buffer> m_buffers;
    std::map<std::string, DeviceMatrix> m_shared;  ///< tied tensors are uploaded once
    std::map<std::size_t, std::vector<DeviceMatrix>> m_products;
    std::map<std::size_t, std::vector<std::size_t>> m_firstParts;
    std::map<std::size_t, DeviceVector> m_vectors;
    std::uint64_t m_bytes = 0;
};

}  // namespace kvscope::runtime
