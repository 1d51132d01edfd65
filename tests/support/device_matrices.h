// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/gguf/file.h"
#include "engine/model/operations.h"
#include "engine/runtime/weights.h"

namespace kvscope::test {

/// A matrix (rows, columns) of one type: the bytes as a file holds them, and what they mean.
struct TestMatrix {
    std::string type;  ///< "Q8_0"
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    std::vector<std::byte> bytes;
    std::vector<float> values;  ///< (rows, columns), decoded by engine/gguf

    /// Made of normal values by seed; types that have no encoder, of random blocks with small scales.
    static TestMatrix make(const std::string& type, std::uint32_t rows, std::uint32_t columns, std::uint64_t seed);
};

/// Matrices on the device, put there by the loader that models go through: a GGUF file in memory, and a program that
/// reads it. gated: two matrices stacked as gate and up. bias: (rows) f32, empty for none.
class DeviceMatrices {
  public:
    DeviceMatrices(vulkan::Device& device, const std::vector<TestMatrix>& matrices, bool gated = false,
                   const std::vector<float>& bias = {});
    /// Of matrix i (0 when gated or with a bias).
    [[nodiscard]] const runtime::DeviceMatrix& matrix(std::size_t i = 0) const { return m_weights->product(i).front(); }
    [[nodiscard]] const kernels::WeightView& view(std::size_t i = 0) const { return matrix(i).pieces.front().view; }
    [[nodiscard]] std::uint64_t deviceBytes() const { return m_weights->bytes(); }

  private:
    std::unique_ptr<gguf::File> m_file;
    model::Program m_program;
    std::unique_ptr<runtime::DeviceWeights> m_weights;
};

}  // namespace kvscope::test
