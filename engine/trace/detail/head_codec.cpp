// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/detail/head_codec.h"

#include <zstd.h>

#include <bit>
#include <cstring>
#include <memory>

#include "engine/base/checked.h"

namespace kvscope::trace::detail {

namespace {

constexpr int kLevel = 3;
constexpr std::uint64_t kMaxRawBytes = std::uint64_t{512} << 20U;

static_assert(std::endian::native == std::endian::little, "blobs are written in the byte order of the machine");

struct FreeContext {
    void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
};

Result<std::vector<std::byte>> compress(std::span<const std::uint8_t> raw) {
    const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
    if (!context) return fail(ErrorKind::OutOfMemory, "trace", "no memory to compress head metrics");
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::vector<std::byte> packed(ZSTD_compressBound(raw.size()));
    const std::size_t size = ZSTD_compress2(context.get(), packed.data(), packed.size(), raw.data(), raw.size());
    if (ZSTD_isError(size) != 0) {
        return fail(ErrorKind::Internal, "trace", "compressing head metrics failed: {}", ZSTD_getErrorName(size));
    }
    packed.resize(size);
    return packed;
}

Result<std::vector<std::uint8_t>> decompress(std::string_view blob, std::uint64_t size, const std::string& where) {
    const unsigned long long said = ZSTD_getFrameContentSize(blob.data(), blob.size());
    if (said == ZSTD_CONTENTSIZE_ERROR || said == ZSTD_CONTENTSIZE_UNKNOWN) {
        return fail(ErrorKind::BadFile, where, "data is no zstd frame with a known size");
    }
    if (said != size) return fail(ErrorKind::BadFile, where, "data unpacks to {} bytes, expected {}", said, size);
    std::vector<std::uint8_t> raw(size);
    const std::size_t got = ZSTD_decompress(raw.data(), raw.size(), blob.data(), blob.size());
    if (ZSTD_isError(got) != 0) {
        return fail(ErrorKind::BadFile, where, "data does not unpack: {}", ZSTD_getErrorName(got));
    }
    if (got != size) return fail(ErrorKind::BadFile, where, "data unpacks to {} bytes, expected {}", got, size);
    return raw;
}

/// Bytes of `entries` directory entries and their values, if they are within bounds.
Result<std::uint64_t> rawBytes(std::uint64_t entries, std::uint64_t values, const std::string& where) {
    const auto each = checkedMul(values, 4).and_then([](std::uint64_t b) { return checkedAdd(b, 4); });
    const auto all = each.and_then([&](std::uint64_t b) { return checkedMul(b, entries); });
    if (!all || *all > kMaxRawBytes) {
        return fail(ErrorKind::BadFile, where, "{} entries of {} values are more than the limit of {} bytes", entries,
                    values, kMaxRawBytes);
    }
    return *all;
}

std::uint32_t load32(const float& f) {
    return std::bit_cast<std::uint32_t>(f);
}

}  // namespace

Result<std::vector<std::byte>> packHeads(std::span<const HeadEntry> entries) {
    const std::size_t values = entries.empty() ? 0 : entries.front().values.size();
    const std::size_t total = entries.size() * values;
    std::vector<std::uint8_t> raw(entries.size() * 4 + total * 4);
    for (std::size_t e = 0; e < entries.size(); ++e) {
        std::memcpy(&raw[e * 4], &entries[e].offset, 2);
        std::memcpy(&raw[e * 4 + 2], &entries[e].ordinal, 2);
    }
    std::uint8_t* planes = raw.data() + entries.size() * 4;
    for (std::size_t e = 0; e < entries.size(); ++e) {
        for (std::size_t v = 0; v < values; ++v) {
            const std::uint32_t before = e == 0 ? 0 : load32(entries[e - 1].values[v]);
            const std::uint32_t delta = load32(entries[e].values[v]) - before;
            for (std::size_t p = 0; p < 4; ++p) {
                planes[p * total + e * values + v] = static_cast<std::uint8_t>(delta >> (8 * p));
            }
        }
    }
    return compress(raw);
}

Result<std::vector<HeadEntry>> unpackHeads(std::string_view blob, std::uint64_t entries, std::uint64_t values,
                                           const std::string& where) {
    if (entries == 0 || entries > kWindowSteps) {
        return fail(ErrorKind::BadFile, where, "entries is {}, expected 1 to {}", entries, kWindowSteps);
    }
    const Result<std::uint64_t> size = rawBytes(entries, values, where);
    if (!size) return forward(size);
    const Result<std::vector<std::uint8_t>> raw = decompress(blob, *size, where);
    if (!raw) return forward(raw);
    const std::size_t total = entries * values;
    const std::uint8_t* planes = raw->data() + entries * 4;
    std::vector<HeadEntry> out(entries);
    std::vector<std::uint32_t> last(values, 0);
    for (std::size_t e = 0; e < entries; ++e) {
        std::memcpy(&out[e].offset, &(*raw)[e * 4], 2);
        std::memcpy(&out[e].ordinal, &(*raw)[e * 4 + 2], 2);
        if (out[e].offset >= kWindowSteps || (e > 0 && out[e].offset <= out[e - 1].offset)) {
            return fail(ErrorKind::BadFile, where, "step offset {} of entry {} is out of order", out[e].offset, e);
        }
        out[e].values.resize(values);
        for (std::size_t v = 0; v < values; ++v) {
            std::uint32_t delta = 0;
            for (std::size_t p = 0; p < 4; ++p) {
                delta |= static_cast<std::uint32_t>(planes[p * total + e * values + v]) << (8 * p);
            }
            last[v] += delta;
            out[e].values[v] = std::bit_cast<float>(last[v]);
        }
    }
    return out;
}

Result<std::vector<std::byte>> packFloats(std::span<const float> values) {
    std::vector<std::uint8_t> raw(values.size_bytes());
    if (!raw.empty()) std::memcpy(raw.data(), values.data(), raw.size());
    return compress(raw);
}

Result<std::vector<float>> unpackFloats(std::string_view blob, std::uint64_t count, const std::string& where) {
    const Result<std::uint64_t> size = rawBytes(1, count, where);
    if (!size) return forward(size);
    const Result<std::vector<std::uint8_t>> raw = decompress(blob, count * 4, where);
    if (!raw) return forward(raw);
    std::vector<float> values(count);
    if (count > 0) std::memcpy(values.data(), raw->data(), raw->size());
    return values;
}

}  // namespace kvscope::trace::detail
