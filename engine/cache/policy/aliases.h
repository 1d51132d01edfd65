// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "engine/cache/policy/registry.h"
#include "engine/cache/policy/syntax.h"

namespace kvscope::cache {

/// Another project's name of a member: `alias` on the axis of `place` is read as `name`.
struct NameAlias {
    Place place = Place::Share;
    std::string_view alias;
    std::string_view name;
    std::string_view origin;  ///< "kvpress", "llama.cpp", "paper"
};
[[nodiscard]] std::span<const NameAlias> nameAliases();

/// Rewrites names of kvpress, llama.cpp and papers to ours, in place:
///  - one name for another (nameAliases());
///  - `keep=streaming_llm(n_sink=4,window=256)` to `sinks(4)+window(256)`;
///  - `pyramidkv` and `adakv` to `snapkv@pyramid` and `snapkv@ada` where no budget is named;
///  - `keep=all` and `read=all` to the native axis.
/// BadPolicy when an alias carries an argument that has no counterpart.
[[nodiscard]] Result<void> applyAliases(PolicyTree& tree);

}  // namespace kvscope::cache
