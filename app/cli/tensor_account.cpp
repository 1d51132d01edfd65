// SPDX-License-Identifier: Apache-2.0
#include "app/cli/tensor_account.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace kvscope::cli {

namespace {

/// More than a model of 40 layers asks for; beyond that the number says enough.
constexpr std::size_t kMostMissing = 512;

/// "[2, 3]" as numbers; empty when it is something else.
std::vector<std::uint64_t> parseShape(std::string_view text) {
    std::vector<std::uint64_t> dims;
    if (!text.starts_with('[') || !text.ends_with(']')) return dims;
    text = text.substr(1, text.size() - 2);
    while (!text.empty()) {
        std::uint64_t dim = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), dim);
        if (read.ec != std::errc()) return {};
        dims.push_back(dim);
        text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
        if (text.starts_with(", ")) text.remove_prefix(2);
    }
    return dims;
}

}  // namespace

std::vector<std::string> unusedTensors(const gguf::File& file, const model::Program& program) {
    std::vector<bool> used(file.tensors().size(), false);
    for (const model::TensorRef ref : program.used) {
        if (ref.present() && static_cast<std::size_t>(ref.index) < used.size()) {
            used[static_cast<std::size_t>(ref.index)] = true;
        }
    }
    std::vector<std::string> names;
    for (std::size_t i = 0; i < used.size(); ++i) {
        if (!used[i] && !file.wasRead(file.tensors()[i])) names.push_back(file.tensors()[i].name);
    }
    return names;
}

std::optional<MissingTensor> missingTensor(const gguf::File& file, const Error& error) {
    constexpr std::string_view kMessage = "the tensor is missing; its shape would be ";
    const std::string place = fmt::format("{}: tensor ", file.path().string());
    if (error.kind != ErrorKind::BadFile || !error.where.starts_with(place) || !error.message.starts_with(kMessage)) {
        return std::nullopt;
    }
    MissingTensor missing{error.where.substr(place.size()),
                          parseShape(std::string_view(error.message).substr(kMessage.size()))};
    if (missing.dims.empty() || missing.name.empty()) return std::nullopt;
    return missing;
}

Result<MissingTensors> findMissingTensors(const gguf::File& file, MissingTensor first) {
    auto whole = gguf::File::open(file.path());
    if (!whole) return forward(whole);
    MissingTensors result;
    std::optional<MissingTensor> next = std::move(first);
    while (next && result.tensors.size() < kMostMissing) {
        // the names come from the architecture, so one that cannot be added means that nothing more is to be learnt
        const bool added = whole->addPlaceholder(next->name, next->dims).has_value();
        result.tensors.push_back(std::move(*next));
        if (!added) break;
        const auto program = model::buildProgram(*whole);
        if (program) {
            result.complete = true;
            result.unused = unusedTensors(*whole, *program);
            break;
        }
        next = missingTensor(*whole, program.error());
    }
    return result;
}

}  // namespace kvscope::cli
