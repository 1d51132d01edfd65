// SPDX-License-Identifier: Apache-2.0
// Sliding window: a query sees the newest n rows, its own counted in.
// Paper: Beltagy et al., Longformer, 2020 (arXiv 2004.05150), section 3.1; causal form as in Mistral 7B
// (arXiv 2310.06825). Deviation: none. Cost: none but the rows.
#include <array>

#include "engine/cache/policy/descriptor.h"

namespace kvscope::cache {
namespace {

constexpr std::array kParameters = {Parameter{.name = "n",
                                              .type = ParameterType::Integer,
                                              .minimum = 1,
                                              .maximum = 1048576,
                                              .fallback = 256,
                                              .unit = "rows",
                                              .sentence = "newest rows that stay, the query's own counted in"}};

bool protects(std::uint32_t n, std::uint32_t queryPosition, std::uint32_t rowPosition) {
    return queryPosition - rowPosition < n;
}

float margin(std::uint32_t n, std::uint32_t queryPosition, std::uint32_t rowPosition) {
    return static_cast<float>(std::int64_t{n} - 1 - (std::int64_t{queryPosition} - std::int64_t{rowPosition}));
}

constexpr Protector kProtector{protects, margin, [] { return Needs{}; }};

}  // namespace

Descriptor windowMember() {
    return {.info = {.name = "window",
                     .place = Place::KeepProtector,
                     .nature = Nature::Approximate,
                     .summary = "keeps the newest n rows of a sequence",
                     .source = "Longformer, arXiv 2004.05150; Mistral 7B, arXiv 2310.06825",
                     .parameters = kParameters},
            .protector = &kProtector};
}

}  // namespace kvscope::cache
