// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "engine/text/vocabulary.h"

namespace kvscope::text {

/// A part of a text: a special token, or plain text where `id` is kNoToken.
struct Fragment {
    std::string_view text;
    TokenId id = kNoToken;
};

/// A token that is cut out of texts before anything else.
struct SpecialToken {
    std::string_view text;
    TokenId id;
    bool always;  ///< cut without parseSpecial too
    bool stripsLeft;
    bool stripsRight;
};

/// Finds special tokens written in a text (architectures.md 17.3 step 1). The texts point into the vocabulary.
class SpecialTokens {
  public:
    explicit SpecialTokens(const Vocabulary& vocabulary);

    /// Cuts out user-defined tokens, with `parseSpecial` control and unknown tokens too: all occurrences of the longest
    /// token first, with the white space that belongs to them. Plain fragments are not empty. Time: O(text * (1 +
    /// tokens that occur)).
    [[nodiscard]] std::vector<Fragment> split(std::string_view text, bool parseSpecial) const;

  private:
    [[nodiscard]] std::vector<std::size_t> occurring(std::string_view text, bool parseSpecial) const;
    void markAt(std::string_view rest, std::vector<bool>& occurs) const;

    std::vector<SpecialToken> m_entries;  ///< ascending by text
};

}  // namespace kvscope::text
