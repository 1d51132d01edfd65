// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/dequantise.h"

#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

std::string typeName(TensorType type) {
    const TensorTypeInfo* info = tensorTypeInfo(type);
    return info != nullptr ? std::string(info->name) : fmt::format("type {}", static_cast<std::uint32_t>(type));
}

/// Error unless `values` are whole blocks of `type` and take `bytes` bytes.
Result<void> checkSizes(TensorType type, std::uint64_t values, std::uint64_t bytes) {
    const TensorTypeInfo* info = tensorTypeInfo(type);
    if (info == nullptr || info->removed) {
        return fail(ErrorKind::Unsupported, typeName(type), "the type {}", whyNotDecodable(type));
    }
    if (values % info->blockValues != 0 || values / info->blockValues * info->blockBytes != bytes) {
        return fail(ErrorKind::Internal, typeName(type),
                    "{} values do not take {} bytes in blocks of {} values and {} bytes", values, bytes,
                    info->blockValues, info->blockBytes);
    }
    return {};
}

}  // namespace

Result<void> dequantise(TensorType type, std::span<const std::byte> bytes, std::span<float> out) {
    if (auto good = checkSizes(type, out.size(), bytes.size()); !good) return good;
    const Codec* codec = findCodec(type);
    if (codec == nullptr) {
        return fail(ErrorKind::Unsupported, typeName(type), "the type {}", whyNotDecodable(type));
    }
    codec->decode(bytes, out);
    return {};
}

Result<void> quantise(TensorType type, std::span<const float> values, std::span<std::byte> out) {
    if (auto good = checkSizes(type, values.size(), out.size()); !good) return good;
    const Codec* codec = findCodec(type);
    if (codec == nullptr || codec->encode == nullptr) {
        return fail(ErrorKind::Unsupported, typeName(type), "values cannot be encoded to this tensor type");
    }
    codec->encode(values, out);
    return {};
}

}  // namespace kvscope::gguf
