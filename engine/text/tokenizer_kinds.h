// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "engine/text/tokenizer.h"

namespace kvscope::text {

/// One algorithm, as named in tokenizer.ggml.model.
struct TokenizerKind {
    std::string_view name;
    std::string_view summary;
    Result<std::unique_ptr<Tokenizer>> (*make)(const gguf::File& file);
};

/// The registry of tokenizers: a new kind is a file and a line here.
[[nodiscard]] std::span<const TokenizerKind> tokenizerKinds();

}  // namespace kvscope::text
