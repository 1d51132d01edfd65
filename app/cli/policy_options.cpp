// SPDX-License-Identifier: Apache-2.0
#include "app/cli/policy_options.h"

#include <fmt/format.h>

#include <charconv>

#include "engine/cache/policy/registry.h"

namespace kvscope::cli {

void addPolicyOptions(CLI::App& app, PolicyOptions& options, const std::string& chunkName) {
    app.add_option("-p,--policy", options.policy, "cache policy in quotes; without it 'exact'");
    app.add_option("--cache-type-k", options.cacheTypeK, "(-ctk) how keys are stored: short for encode=k:TYPE");
    app.add_option("--cache-type-v", options.cacheTypeV, "(-ctv) how values are stored: short for encode=v:TYPE");
    app.add_option(chunkName, options.chunk, "prompt tokens a step")->check(CLI::Range(1, 512))->capture_default_str();
    app.add_option("--cache-rows-cap", options.rowsCap, "upper bound of rows a head, all sequences; 0 = none");
    app.footer(cache::policyHelp());
}

Result<cache::CachePolicy> policyOf(const PolicyOptions& options) {
    std::string text = options.policy;
    if (!options.cacheTypeK.empty() || !options.cacheTypeV.empty()) {
        if (text == "exact") {
            return fail(ErrorKind::BadUsage, "-ctk, -ctv", "the policy 'exact' stores f32; leave one of both out");
        }
        std::string types;
        if (!options.cacheTypeK.empty()) types = "k:" + options.cacheTypeK;
        if (!options.cacheTypeV.empty()) types += (types.empty() ? "v:" : ",v:") + options.cacheTypeV;
        text += fmt::format("{}encode={}", text.empty() ? "" : " ", types);
    }
    if (text.empty()) return cache::CachePolicy{};
    return cache::CachePolicy::parse(text);
}

bool readsLess(const cache::CachePolicy& policy) {
    return !policy.keep.chain.empty() || policy.read.has_value();
}

bool changesRows(const cache::CachePolicy& policy) {
    const auto approximate = [](const cache::Chain& chain) {
        for (const cache::Member& member : chain) {
            for (const auto place : {cache::Place::EncodeTransform, cache::Place::EncodeType}) {
                const cache::MemberInfo* info = cache::findMember(place, member.name);
                if (info != nullptr && info->nature == cache::Nature::Approximate) return true;
            }
        }
        return false;
    };
    const cache::EncodePart& encode = policy.encode;
    return approximate(encode.key) || approximate(encode.value) || approximate(encode.latent) ||
           approximate(encode.index);
}

CLI::Validator between(double minimum, double maximum) {
    const auto check = [minimum, maximum](std::string& text) -> std::string {
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc{} && end == text.data() + text.size() && value >= minimum && value <= maximum) return {};
        return fmt::format("'{}' is no number from {} to {}", text, minimum, maximum);
    };
    return {check, fmt::format("FLOAT in [{} - {}]", minimum, maximum)};
}

}  // namespace kvscope::cli
