// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "engine/kernels/products.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {

/// Where columns lie: behind an offset, with a gap between them, as kernels must take them.
struct ColumnPlaces {
    static constexpr std::uint32_t kOffset = 8;
    std::uint32_t columns = 1;
    std::uint32_t width = 0;
    [[nodiscard]] std::uint32_t stride() const { return (width + 3) / 4 * 4 + 4; }
    [[nodiscard]] std::size_t at(std::size_t column, std::size_t i) const { return kOffset + column * stride() + i; }
    [[nodiscard]] std::size_t words() const { return kOffset + std::size_t{columns} * stride(); }
};

/// Numbers on the device, (columns, width) f32.
class InputColumns {
  public:
    /// Normal values by seed, times `magnitude`.
    InputColumns(vulkan::Device& device, ColumnPlaces places, std::uint64_t seed, float magnitude = 1)
        : InputColumns(device, places, scaled(normals(std::size_t{places.columns} * places.width, seed), magnitude)) {}
    InputColumns(vulkan::Device& device, ColumnPlaces places, std::vector<float> values)
        : m_places(places), m_values(std::move(values)), m_buffer(bufferOf(device, spread(places, m_values))) {}
    [[nodiscard]] double at(std::size_t column, std::size_t i) const {
        return static_cast<double>(m_values[column * m_places.width + i]);
    }
    [[nodiscard]] kernels::ColumnsView view() const { return {&m_buffer, ColumnPlaces::kOffset, m_places.stride()}; }

  private:
    static std::vector<float> scaled(std::vector<float> values, float magnitude) {
        for (float& value : values) value *= magnitude;
        return values;
    }
    static std::vector<float> spread(const ColumnPlaces& places, const std::vector<float>& values) {
        std::vector<float> all(places.words(), 1e30F);
        for (std::size_t i = 0; i < values.size(); ++i) all[places.at(i / places.width, i % places.width)] = values[i];
        return all;
    }
    ColumnPlaces m_places;
    std::vector<float> m_values;
    vulkan::Buffer m_buffer;
};

/// What a kernel writes, (columns, width) f32 in a Canvas, and what it should have written.
class OutputColumns {
  public:
    OutputColumns(vulkan::Device& device, ColumnPlaces places)
        : expected(std::size_t{places.columns} * places.width),
          m_places(places),
          m_canvas(device, places.words() + 64) {
        for (std::size_t c = 0; c < places.columns; ++c) m_canvas.expectWritten(places.at(c, 0), places.width);
    }
    [[nodiscard]] kernels::ColumnsView view() { return {&m_canvas.buffer(), ColumnPlaces::kOffset, m_places.stride()}; }
    /// What is there before the kernel runs.
    void fill(const InputColumns& values) {
        for (std::size_t c = 0; c < m_places.columns; ++c) {
            for (std::size_t i = 0; i < m_places.width; ++i) {
                m_canvas.floats()[m_places.at(c, i)] = static_cast<float>(values.at(c, i));
            }
        }
    }
    [[nodiscard]] float got(std::size_t column, std::size_t i) { return m_canvas.floats()[m_places.at(column, i)]; }
    double& want(std::size_t column, std::size_t i) { return expected[column * m_places.width + i]; }
    /// Fails where other words than these were written, or the values differ by more than `limit` (nmse).
    void check(const std::string& what, double limit) {
        m_canvas.check(what);
        std::vector<float> values;
        for (std::size_t c = 0; c < m_places.columns; ++c) {
            for (std::size_t i = 0; i < m_places.width; ++i) values.push_back(got(c, i));
        }
        EXPECT_LT(nmse(values, expected), limit) << what;
    }
    std::vector<double> expected;

  private:
    ColumnPlaces m_places;
    Canvas m_canvas;
};

}  // namespace kvscope::test
