// SPDX-License-Identifier: Apache-2.0
// Attention sinks: the first rows of a sequence soak up attention that has nowhere else to go, and stay.
// Paper: Xiao et al., Efficient Streaming Language Models with Attention Sinks, 2023 (arXiv 2309.17453), section 3.
// Deviation: positions stay original, the paper renumbers inside the cache. Cost: none but the rows.
#include <array>

#include "engine/cache/policy/descriptor.h"

namespace kvscope::cache {
namespace {

constexpr std::array kParameters = {Parameter{.name = "n",
                                              .type = ParameterType::Integer,
                                              .minimum = 0,
                                              .maximum = 1048576,
                                              .fallback = 4,
                                              .unit = "rows",
                                              .sentence = "rows at the start of the sequence that stay"}};

bool protects(std::uint32_t n, std::uint32_t, std::uint32_t rowPosition) {
    return rowPosition < n;
}

float margin(std::uint32_t n, std::uint32_t, std::uint32_t rowPosition) {
    return static_cast<float>(std::int64_t{n} - 1 - std::int64_t{rowPosition});
}

constexpr Protector kProtector{protects, margin, [] { return Needs{}; }};

}  // namespace

Descriptor sinksMember() {
    return {.info = {.name = "sinks",
                     .place = Place::KeepProtector,
                     .nature = Nature::Approximate,
                     .summary = "keeps the first n rows of a sequence; needs window(n) beside it",
                     .source = "StreamingLLM, arXiv 2309.17453",
                     .parameters = kParameters},
            .protector = &kProtector};
}

}  // namespace kvscope::cache
