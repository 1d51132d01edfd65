// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kvscope::test {

/// One line of tests/golden/models.txt: a tiny model of data/ whose logits come from elsewhere.
struct GoldenModel {
    std::string name;
    std::string architecture;
    std::size_t vocabulary = 0;
    std::size_t positions = 0;
    double tolerance = 0;  ///< relative L2 of a position that any correct f32 implementation reaches
    std::vector<std::int32_t> tokens;

    [[nodiscard]] std::filesystem::path file() const;
    /// (positions, vocabulary)
    [[nodiscard]] std::vector<float> logits() const;
};

/// All of them; throws std::runtime_error that names the line when it is malformed.
[[nodiscard]] std::vector<GoldenModel> goldenModels();

/// For parameterised tests: prints a model as its name.
inline void PrintTo(const GoldenModel& model, std::ostream* out) {
    *out << model.name;
}

}  // namespace kvscope::test
