// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "engine/cache/policy/messages.h"
#include "engine/planner/presets/presets.h"

namespace kvscope::planner {

std::span<const Preset> presets() {
    static const auto table = [] {
        std::vector<Preset> all;
        for (const auto family : {
                 llamaPresets,     //
                 qwenPresets,      //
                 phiPresets,       //
                 gemmaPresets,     //
                 deepseekPresets,  //
             }) {
            all.insert(all.end(), family().begin(), family().end());
        }
        return all;
    }();
    return table;
}

Result<const Preset*> findPreset(std::string_view name) {
    const auto found = std::ranges::find(presets(), name, &Preset::name);
    if (found != presets().end()) return &*found;
    std::vector<std::string_view> names;
    for (const Preset& preset : presets()) names.push_back(preset.name);
    return fail(ErrorKind::BadUsage, "preset", "{} is no preset{}; there are: {}", cache::quoteToken(name),
                cache::didYouMean(name, names), cache::listed(names, "none"));
}

}  // namespace kvscope::planner
