// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "engine/text/tokenizer.h"

namespace kvscope::text {

/// For files whose tokenizer cannot be used: text is a list of token ids ("12 7 345"), and a token decodes to its id
/// and a space. Adds no BOS; `reason` becomes the warning that says why.
[[nodiscard]] std::unique_ptr<Tokenizer> makeIdTokenizer(std::size_t vocabularySize, std::string reason);

}  // namespace kvscope::text
