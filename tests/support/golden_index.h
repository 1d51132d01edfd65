// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace kvscope::test {

/// A tiny random model of tests/golden/data with logits of transformers: NAME.gguf and NAME.logits, (positions, vocab)
/// f32.
struct GoldenModel {
    std::string name;
    std::string architecture;
    std::size_t vocab = 0;
    double tolerance = 0;  ///< relative L2 of a position that any correct f32 implementation keeps
    std::vector<std::int32_t> tokens;
};
std::ostream& operator<<(std::ostream& out, const GoldenModel& model);

/// All models of tests/golden/models.txt. Throws std::runtime_error that names a line it cannot read.
[[nodiscard]] std::vector<GoldenModel> goldenModels();

}  // namespace kvscope::test
