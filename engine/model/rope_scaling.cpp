// SPDX-License-Identifier: Apache-2.0
#include "engine/model/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>

namespace kvscope::model {
namespace {

std::string scalingKey(const Hparams& hparams, std::string_view suffix) {
    return fmt::format("{}.rope.scaling.{}", hparams.architecture, suffix);
}

std::string place(const gguf::File& file, const std::string& key) {
    return fmt::format("{}: {}", file.path().string(), key);
}

/// A finite float of a key into `out`; nothing changes when the key is absent. `positive`: above zero.
Result<bool> readFinite(const gguf::File& file, const std::string& key, bool positive, double& out) {
    auto value = file.readFloat(key);
    if (!value) return forward(value);
    if (!*value) return false;
    if (!std::isfinite(**value) || (positive && **value <= 0)) {
        return fail(ErrorKind::BadFile, place(file, key), "the value is {}; it must be a finite number{}", **value,
                    positive ? " above 0" : "");
    }
    out = **value;
    return true;
}

Result<RopeScalingType> readType(const gguf::File& file, const Hparams& hparams) {
    const std::string key = scalingKey(hparams, "type");
    auto name = file.readString(key);
    if (!name) return forward(name);
    if (!*name || **name == "linear") return RopeScalingType::Linear;
    if (**name == "none") return RopeScalingType::None;
    if (**name == "yarn") return RopeScalingType::Yarn;
    if (**name == "longrope") return RopeScalingType::LongRope;
    return fail(ErrorKind::Unsupported, place(file, key),
                "the scaling type \"{}\" is unknown; known are none, linear, yarn and longrope", **name);
}

Result<void> readFactor(const gguf::File& file, const Hparams& hparams, RopeScaling& scaling) {
    double factor = 0;
    std::string key = scalingKey(hparams, "factor");
    auto found = readFinite(file, key, false, factor);
    if (!found) return forward(found);
    if (!*found) {
        key = hparams.architecture + ".rope.scale_linear";
        found = readFinite(file, key, false, factor);
        if (!found) return forward(found);
    }
    if (factor < 0)
        return fail(ErrorKind::BadFile, place(file, key), "the value is {}; it must not be negative", factor);
    const bool scales = factor != 0 && scaling.type != RopeScalingType::None;
    scaling.factor = scales ? factor : 1;
    return {};
}

Result<void> readYarn(const gguf::File& file, const Hparams& hparams, RopeScaling& scaling) {
    scaling.extFactor = scaling.type == RopeScalingType::Yarn ? 1 : 0;
    double ext = -1;  // below 0: chosen by the type
    auto found = readFinite(file, scalingKey(hparams, "yarn_ext_factor"), false, ext);
    if (!found) return forward(found);
    if (ext >= 0) scaling.extFactor = ext;

    const std::pair<const char*, double*> positive[] = {{"attn_factor", &scaling.attnFactor},
                                                        {"yarn_attn_factor", &scaling.yarnAttnFactor},
                                                        {"yarn_beta_fast", &scaling.betaFast},
                                                        {"yarn_beta_slow", &scaling.betaSlow}};
    for (const auto& [suffix, out] : positive) {
        found = readFinite(file, scalingKey(hparams, suffix), true, *out);
        if (!found) return forward(found);
    }
    found = readFinite(file, scalingKey(hparams, "yarn_log_multiplier"), false, scaling.logMultiplier);
    if (!found) return forward(found);
    if (scaling.extFactor != 0 && hparams.ropeBase <= 1) {
        return fail(ErrorKind::BadFile, place(file, hparams.architecture + ".rope.freq_base"),
                    "the value is {}; yarn scaling needs a base above 1", hparams.ropeBase);
    }
    return {};
}

/// The pair at which a wave turns `turns` times within the original context.
double correctionPair(const RopeScaling& scaling, std::uint32_t dims, double base, double turns) {
    const auto context = static_cast<double>(scaling.originalContext);
    return dims * std::log(context / (2 * std::numbers::pi * turns)) / (2 * std::log(base));
}

double magnitudeOf(const RopeScaling& scaling) {
    if (scaling.extFactor == 0) return scaling.yarnAttnFactor * scaling.attnFactor;
    const auto growth = [&](double m) { return scaling.factor <= 1 ? 1 : 0.1 * m * std::log(scaling.factor) + 1; };
    // The rotation itself multiplies by 1 + 0.1 ln F, and the chosen factor divides by the same: only the rest stays.
    const double chosen = scaling.logMultiplier != 0 ? growth(1) / growth(scaling.logMultiplier) : growth(1);
    return chosen * scaling.attnFactor;
}

}  // namespace

Result<RopeScaling> readRopeScaling(const gguf::File& file, const Hparams& hparams) {
    RopeScaling scaling;
    auto type = readType(file, hparams);
    if (!type) return forward(type);
    scaling.type = *type;
    if (auto done = readFactor(file, hparams, scaling); !done) return forward(done);

    const std::string contextKey = scalingKey(hparams, "original_context_length");
    auto context = file.readUint(contextKey);
    if (!context) return forward(context);
    scaling.originalContext = context->value_or(hparams.nCtxTrained);
    if (scaling.originalContext == 0) {
        return fail(ErrorKind::BadFile, place(file, contextKey), "the value is 0; it must be at least 1");
    }
    if (auto done = readYarn(file, hparams, scaling); !done) return forward(done);
    return scaling;
}

RopeTable ropeTable(const RopeScaling& scaling, std::uint32_t dims, double base, std::span<const float> factors) {
    RopeTable table;
    table.magnitude = magnitudeOf(scaling);
    const double compression = 1 / scaling.factor;
    double low = 0;
    double high = 0;
    if (scaling.extFactor != 0) {
        low = std::max(0.0, std::floor(correctionPair(scaling, dims, base, scaling.betaFast)));
        high = std::min(dims - 1.0, std::ceil(correctionPair(scaling, dims, base, scaling.betaSlow)));
    }
    for (std::uint32_t pair = 0; pair < dims / 2; ++pair) {
        const double factor = factors.empty() ? 1.0 : static_cast<double>(factors[pair]);
        const double plain = std::pow(base, -2.0 * pair / dims) / factor;
        const double ramp = 1 - std::clamp((pair - low) / std::max(0.001, high - low), 0.0, 1.0);
        const double mix = scaling.extFactor * ramp;
        table.frequencies.push_back(compression * plain * (1 - mix) + plain * mix);
    }
    return table;
}

}  // namespace kvscope::model
