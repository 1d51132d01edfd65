// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/encode/row_codec.h"

#include <algorithm>

#include "engine/cache/policy/descriptor.h"

namespace kvscope::cache {
namespace {

Result<void> checkSizes(const RowCodec& codec, std::size_t values, std::size_t bytes) {
    const std::string where = fmt::format("row codec {}", codec.name);
    if (values == 0 || values % codec.blockValues != 0) {
        return fail(ErrorKind::BadUsage, where, "a row of {} values is no whole number of blocks of {}", values,
                    codec.blockValues);
    }
    const std::size_t expected = values / codec.blockValues * codec.blockBytes;
    if (bytes != expected)
        return fail(ErrorKind::BadUsage, where, "a row of {} values has {} bytes, not {}", values, expected, bytes);
    return {};
}

}  // namespace

const RowCodec* findRowCodec(std::string_view name) {
    for (const Descriptor& descriptor : descriptors()) {
        if (descriptor.codec != nullptr && descriptor.info.name == name) return descriptor.codec;
    }
    return nullptr;
}

Result<void> encodeRow(const RowCodec& codec, std::span<const float> values, std::span<std::byte> bytes) {
    if (const auto sizes = checkSizes(codec, values.size(), bytes.size()); !sizes) return sizes;
    codec.encode(values, bytes);
    return {};
}

Result<void> decodeRow(const RowCodec& codec, std::span<const std::byte> bytes, std::span<float> values) {
    if (const auto sizes = checkSizes(codec, values.size(), bytes.size()); !sizes) return sizes;
    codec.decode(bytes, values);
    return {};
}

}  // namespace kvscope::cache
