// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/cache/policy/policy.h"
#include "engine/model/cache_layout.h"
#include "engine/model/hparams.h"
#include "engine/planner/formats.h"

namespace kvscope::planner {

/// How the rows of one stream are stored: bytes of a row of one KV head.
struct RowFormat {
    std::string encoding;  ///< "f16"; "k:q8_0,v:q4_0" where keys and values differ; "flashmla(counted)" with its scales
    std::uint64_t keyBytes = 0;
    std::uint64_t valueBytes = 0;
    [[nodiscard]] std::uint64_t rowBytes() const { return keyBytes + valueBytes; }
};

/// The rows that a query sees natively and under `keep`.
struct KeepBound {
    bool all = true;  ///< no keep: sinks and window mean nothing
    std::uint64_t sinks = 0;
    std::uint64_t window = 0;

    /// Positions below `end` that are kept when the next position is `end`, of rows behind a native window (0 = none):
    /// those whose distance to `newest` is inside both. `newest` is the position of the query that looks.
    [[nodiscard]] std::uint64_t visible(std::uint64_t end, std::uint64_t newest, std::uint64_t nativeWindow) const;
};

/// A policy as a plan understands it: the language of engine/cache/policy with further storage types (formats.h).
/// A value.
class PlanPolicy {
  public:
    /// Parses a text by the policy language. BadPolicy as CachePolicy::parse.
    static Result<PlanPolicy> parse(std::string_view text);

    /// The canonical text.
    [[nodiscard]] std::string toText() const;
    /// The policy that ran, if it can run: false when it names a storage type that no kernel of this version reads.
    [[nodiscard]] bool runs() const;

    /// What makes it illegal for the model or beyond what a plan can tell, and remarks, as cache::validate.
    [[nodiscard]] cache::Validation validate(const model::Hparams& hparams, const model::CacheLayout& layout) const;

    /// The storage of a stream's rows, for a policy that is legal for its model. `ropeDims` = Hparams::ropeDims.
    [[nodiscard]] RowFormat format(const model::CacheStream& stream, std::uint32_t ropeDims) const;

    [[nodiscard]] KeepBound keep() const;
    /// Rows of a KV head that lie in the cache after `tokens` tokens: native window and `keep` together.
    [[nodiscard]] std::uint64_t rowsAt(const model::CacheStream& stream, std::uint64_t tokens) const;

  private:
    struct Storage {
        std::string name;
        bool scales = true;
    };
    [[nodiscard]] Storage storage(cache::Role role) const;
    [[nodiscard]] cache::CachePolicy withoutPlanOnly() const;
    void addErrors(const model::Hparams& hparams, const model::CacheLayout& layout, cache::Validation& found) const;
    void addKeepRemarks(const model::CacheLayout& layout, cache::Validation& found) const;

    cache::CachePolicy m_policy;
};

}  // namespace kvscope::planner
