// SPDX-License-Identifier: Apache-2.0
// Any bytes as a policy: no crash, and what is read prints as a text that reads back as the same value.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/cache/policy/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kvscope::cache;
    const auto policy = CachePolicy::parse({reinterpret_cast<const char*>(data), size});
    if (!policy) {
        if (policy.error().text().size() < 10) std::abort();
        return 0;
    }
    const auto again = CachePolicy::parse(policy->toText());
    if (!again || *again != *policy) std::abort();
    (void)validate(*policy, {"llama", 5, 8, 4, 64, 2048});
    return 0;
}
