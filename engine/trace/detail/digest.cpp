// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/detail/digest.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "engine/trace/detail/tables.h"

namespace kvscope::trace::detail {

namespace {

/// A 64-bit multiply-rotate digest over words (against damage, not against intent).
class Digest {
  public:
    void word(std::uint64_t w) {
        m_state = std::rotl(m_state + w * 0x9E3779B185EBCA87ULL, 31) * 0xC2B2AE3D27D4EB4FULL + 0x165667B19E3779F9ULL;
    }
    void bytes(const void* data, std::size_t size) {
        word(size);
        const auto* at = static_cast<const std::uint8_t*>(data);
        for (; size >= 8; size -= 8, at += 8) {
            std::uint64_t w = 0;
            std::memcpy(&w, at, 8);
            word(w);
        }
        std::uint64_t rest = 0;
        if (size > 0) std::memcpy(&rest, at, size);
        word(rest);
    }
    template <typename T>
    void operator()(const Field&, const T& value) {
        if constexpr (std::is_floating_point_v<T>) {
            // As the file keeps it: all NaN are one, and -0 is 0 (SQLite stores whole REAL numbers as integers).
            const double kept = static_cast<double>(value) + 0.0;
            word(std::isnan(kept) ? 0x7FF8000000000000ULL : std::bit_cast<std::uint64_t>(kept));
        } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
            word(static_cast<std::uint64_t>(value));
        } else {
            bytes(value.data(), value.size());
        }
    }
    template <typename T>
    void operator()(const Field&, SequenceField<T> sequence) {
        word(sequence.value);
    }
    [[nodiscard]] std::int64_t value() const {
        std::uint64_t h = m_state;
        h = (h ^ (h >> 29U)) * 0xBF58476D1CE4E5B9ULL;
        return std::bit_cast<std::int64_t>(h ^ (h >> 32U));
    }

  private:
    std::uint64_t m_state = 0x27D4EB2F165667C5ULL;
};

}  // namespace

std::int64_t digest(const RunInfo& run) {
    Digest d;
    fields(d, run);
    return d.value();
}

std::int64_t digest(const StepBundle& bundle, std::uint64_t index) {
    Digest d;
    d.word(index);
    fields(d, bundle.step);
    forEachChild([&]<typename Row>() {
        const std::vector<Row> rows = rowsOf<Row>(bundle);
        d.word(rows.size());
        for (const Row& row : rows) fields(d, row);
    });
    d.word(bundle.heads.size());
    for (const HeadMetricRecord& h : bundle.heads) {
        d.word(static_cast<std::uint64_t>(h.metric));
        d.word(h.sequence);
        d.bytes(h.values.data(), h.values.size() * sizeof(float));
    }
    return d.value();
}

}  // namespace kvscope::trace::detail
