// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {

/// Bindings whose loads make up a category's unique bytes.
using UniqueOf = std::map<std::uint32_t, std::vector<std::uint32_t>>;

/// Tests of traffic figures against the build of the kernels that counts every load and store.
class Counting : public VulkanTest {
  protected:
    void SetUp() override;
    /// Runs one dispatch and compares what was counted with `traffic`. Unique bytes only of the categories named;
    /// those of the others must be said to be 0.
    static void check(const kernels::Dispatch& dispatch, const kernels::Traffic& traffic, const UniqueOf& uniqueOf,
                      const std::string& what);
    static kernels::Traffic count(const kernels::Dispatch& dispatch, const UniqueOf& uniqueOf);
};

}  // namespace kvscope::test
