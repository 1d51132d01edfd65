// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace kvscope::reference {

/// Rows of `width` values in f32, `stride` values apart. A view.
struct RowsView {
    const float* data = nullptr;
    std::size_t rows = 0;
    std::size_t width = 0;
    std::size_t stride = 0;

    [[nodiscard]] std::span<const float> row(std::size_t index) const { return {data + index * stride, width}; }
};

/// What is beside q, k and v in an attention.
struct AttentionOptions {
    double scale = 1;
    double softcap = 0;                            ///< scores become softcap · tanh(score / softcap); 0 = none
    std::function<bool(std::size_t row)> visible;  ///< empty: all rows
    std::optional<double> sinkLogit;               ///< a logit without a value that takes part in the sum
};

/// Exact attention of one query. Sums in double.
struct AttentionResult {
    std::vector<float> output;          ///< (v.width); zeros when no row is visible
    std::vector<double> probabilities;  ///< one a row, 0 for rows that are not visible
    double logSumExp = 0;               ///< ln Σ exp(score), the sink's logit included; −inf when nothing is visible
};

/// softmax(scale q·k) v over the visible rows. q: (k.width); k: (rows, dK); v: (rows, dV), as many rows as k.
[[nodiscard]] AttentionResult attend(std::span<const float> q, const RowsView& k, const RowsView& v,
                                     const AttentionOptions& options);

/// ‖a − b‖ / ‖b‖; b is the reference. 0 when both are zero, infinite when only b is.
[[nodiscard]] double relativeL2(std::span<const float> a, std::span<const float> b);
/// a·b / (‖a‖ ‖b‖); 1 when both are zero, 0 when one is.
[[nodiscard]] double cosine(std::span<const float> a, std::span<const float> b);
/// Σ p over the given rows: mass recall of a reader that saw these.
[[nodiscard]] double massOn(std::span<const double> probabilities, std::span<const std::uint32_t> rows);
/// KL(p ‖ q) = Σ p ln(p / q) in nats; infinite where q is 0 and p is not.
[[nodiscard]] double klDivergence(std::span<const double> p, std::span<const double> q);

}  // namespace kvscope::reference
