// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>

#include "engine/cache/policy/registry.h"

namespace kvscope::cache::testing_support {

inline constexpr std::array kRows = {Parameter{.name = "n", .minimum = 0, .maximum = 4096, .fallback = 16}};
inline constexpr std::array kPage = {Parameter{.name = "page", .minimum = 1, .maximum = 256, .fallback = 32}};
inline constexpr std::array kHeads = {
    Parameter{.name = "tau", .type = ParameterType::Real, .minimum = 0, .maximum = 1, .fallback = 0.9},
    Parameter{.name = "every", .minimum = 1, .maximum = 512, .fallback = 64},
    Parameter{.name = "tol", .type = ParameterType::Real, .minimum = 0, .maximum = 1, .fallback = 0.1},
    Parameter{.name = "by", .type = ParameterType::Name, .choices = "attention|key|value"}};
inline constexpr std::array kLayers = {
    Parameter{.name = "method", .type = ParameterType::Name, .choices = "minicache|kvsharer"},
    Parameter{.name = "rate",
              .type = ParameterType::Real,
              .minimum = 0,
              .maximum = 1,
              .sentence = "the kept share",
              .required = true}};
inline constexpr std::array kKivi = {Parameter{.name = "bits", .minimum = 2, .maximum = 8, .fallback = 4},
                                     Parameter{.name = "group", .minimum = 8, .maximum = 128, .fallback = 32},
                                     Parameter{.name = "tail", .minimum = 0, .maximum = 512, .fallback = 128}};
inline constexpr std::array kRank = {Parameter{.name = "rank", .minimum = 1, .maximum = 128, .required = true}};
inline constexpr std::array kScorer = {
    Parameter{.name = "budget", .minimum = 1, .maximum = 65536, .fallback = 512},
    Parameter{.name = "rate", .type = ParameterType::Real, .minimum = 0, .maximum = 1, .fallback = 1},
    Parameter{.name = "window", .minimum = 1, .maximum = 512, .fallback = 32}};
inline constexpr std::array kAlpha = {
    Parameter{.name = "alpha", .type = ParameterType::Real, .minimum = 0, .maximum = 1, .fallback = 0.2}};
inline constexpr std::array kPages = {Parameter{.name = "size", .minimum = 1, .maximum = 256, .fallback = 16},
                                      Parameter{.name = "top", .minimum = 1, .maximum = 4096, .fallback = 32},
                                      Parameter{.name = "dense", .minimum = 0, .maximum = 64, .fallback = 2}};

/// A stand-in registry with a member at every place of the language, in the language's order.
inline constexpr std::array kFullRegistry = {
    MemberInfo{.name = "prefix", .place = Place::Share, .parameters = kPage},
    MemberInfo{.name = "blocks", .place = Place::Share, .parameters = kRows},
    MemberInfo{.name = "layers", .place = Place::Share, .parameters = kLayers},
    MemberInfo{.name = "heads", .place = Place::Share, .parameters = kHeads},
    MemberInfo{.name = "hadamard", .place = Place::EncodeTransform},
    MemberInfo{.name = "svd", .place = Place::EncodeTransform, .parameters = kRank},
    MemberInfo{.name = "f32", .place = Place::EncodeType},
    MemberInfo{.name = "f16", .place = Place::EncodeType},
    MemberInfo{.name = "q8_0", .place = Place::EncodeType},
    MemberInfo{.name = "kivi", .place = Place::EncodeType, .parameters = kKivi},
    MemberInfo{.name = "deepseek-mixed", .place = Place::EncodeType},
    MemberInfo{.name = "snapkv", .place = Place::KeepScorer, .parameters = kScorer},
    MemberInfo{.name = "h2o", .place = Place::KeepScorer, .parameters = kScorer},
    MemberInfo{.name = "sinks", .place = Place::KeepProtector, .parameters = kRows},
    MemberInfo{.name = "window", .place = Place::KeepProtector, .parameters = kRows},
    MemberInfo{.name = "ada", .place = Place::Budget, .parameters = kAlpha},
    MemberInfo{.name = "pyramid", .place = Place::Budget, .parameters = kRows},
    MemberInfo{.name = "prefill", .place = Place::Schedule},
    MemberInfo{.name = "every", .place = Place::Schedule, .parameters = kRows},
    MemberInfo{.name = "drop", .place = Place::Fate},
    MemberInfo{.name = "d2o", .place = Place::Fate},
    MemberInfo{.name = "pages", .place = Place::Read, .parameters = kPages},
    MemberInfo{.name = "blocks", .place = Place::Read, .parameters = kRows},
};

}  // namespace kvscope::cache::testing_support
