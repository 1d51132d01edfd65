// SPDX-License-Identifier: Apache-2.0
// The typed reads of File: from whatever width a key was written in to the type a caller wants.
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/gguf/file.h"
#include "engine/gguf/value_type.h"

namespace kvscope::gguf {
namespace {

/// A number of any width: an unsigned or negative integer, or a float.
struct Number {
    enum class Kind { Unsigned, Negative, Float } kind = Kind::Unsigned;
    std::uint64_t unsignedValue = 0;
    std::int64_t negativeValue = 0;
    double floatValue = 0;
};

template <typename T>
T load(const std::byte* at) {
    T value;
    std::memcpy(&value, at, sizeof(T));
    return value;
}

Number ofUnsigned(std::uint64_t value) {
    return {Number::Kind::Unsigned, value, 0, 0};
}
Number ofSigned(std::int64_t value) {
    if (value >= 0) return ofUnsigned(static_cast<std::uint64_t>(value));
    return {Number::Kind::Negative, 0, value, 0};
}
Number ofFloat(double value) {
    return {Number::Kind::Float, 0, 0, value};
}

/// The number at `at`; `type` is a number type.
Number loadNumber(ValueType type, const std::byte* at) {
    switch (type) {
        case ValueType::Uint8:
            return ofUnsigned(load<std::uint8_t>(at));
        case ValueType::Int8:
            return ofSigned(load<std::int8_t>(at));
        case ValueType::Uint16:
            return ofUnsigned(load<std::uint16_t>(at));
        case ValueType::Int16:
            return ofSigned(load<std::int16_t>(at));
        case ValueType::Uint32:
            return ofUnsigned(load<std::uint32_t>(at));
        case ValueType::Int32:
            return ofSigned(load<std::int32_t>(at));
        case ValueType::Uint64:
            return ofUnsigned(load<std::uint64_t>(at));
        case ValueType::Int64:
            return ofSigned(load<std::int64_t>(at));
        case ValueType::Float32:
            return ofFloat(load<float>(at));
        case ValueType::Float64:
            return ofFloat(load<double>(at));
        default:
            return {};
    }
}

bool isNumberType(ValueType type) {
    return type != ValueType::Bool && type != ValueType::String && type != ValueType::Array;
}

/// A float without a fraction as an integer of the right kind; other numbers as they are.
Number withoutFraction(const Number& number) {
    constexpr double kTwo63 = 9223372036854775808.0;
    const double value = number.floatValue;
    if (number.kind != Number::Kind::Float || std::isnan(value) || std::trunc(value) != value) return number;
    if (value >= 0 && value < 2 * kTwo63) return ofUnsigned(static_cast<std::uint64_t>(value));
    if (value < 0 && value >= -kTwo63) return ofSigned(static_cast<std::int64_t>(value));
    return number;
}

std::string textOf(const Number& number) {
    switch (number.kind) {
        case Number::Kind::Unsigned:
            return fmt::format("{}", number.unsignedValue);
        case Number::Kind::Negative:
            return fmt::format("{}", number.negativeValue);
        case Number::Kind::Float:
            break;
    }
    return fmt::format("{}", number.floatValue);
}

/// What a conversion answers: the value, or why there is none ("expected ...").
template <typename T>
using Converted = std::expected<T, std::string_view>;

Converted<std::uint64_t> toUint(const Number& raw) {
    const Number number = withoutFraction(raw);
    if (number.kind == Number::Kind::Unsigned) return number.unsignedValue;
    return std::unexpected("expected a whole number from 0 to 2^64 - 1");
}

Converted<std::int64_t> toInt(const Number& raw) {
    const Number number = withoutFraction(raw);
    if (number.kind == Number::Kind::Negative) return number.negativeValue;
    if (number.kind == Number::Kind::Unsigned &&
        number.unsignedValue <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return static_cast<std::int64_t>(number.unsignedValue);
    }
    return std::unexpected("expected a whole number from -2^63 to 2^63 - 1");
}

Converted<double> toDouble(const Number& number) {
    if (number.kind == Number::Kind::Unsigned) return static_cast<double>(number.unsignedValue);
    if (number.kind == Number::Kind::Negative) return static_cast<double>(number.negativeValue);
    if (std::isnan(number.floatValue)) return std::unexpected("expected a number");
    return number.floatValue;
}

Converted<float> toFloat(const Number& number) {
    const auto value = toDouble(number);
    if (!value) return std::unexpected(value.error());
    const auto narrow = static_cast<float>(*value);
    if (std::isinf(narrow) && !std::isinf(*value))
        return std::unexpected("expected a number that single precision holds");
    return narrow;
}

Converted<bool> toBool(const Number& number) {
    if (number.kind == Number::Kind::Unsigned && number.unsignedValue <= 1) return number.unsignedValue == 1;
    return std::unexpected("expected true or false");
}

std::string describeType(const KeyValue& entry) {
    if (entry.type != ValueType::Array) return std::string(valueTypeName(entry.type));
    return fmt::format("array of {} {}", entry.count, valueTypeName(entry.elementType));
}

std::unexpected<Error> wrongType(const File& file, const KeyValue& entry, std::string_view expected) {
    return fail(ErrorKind::BadFile, file.whereKey(entry.key), "the value's type is {}, expected {} (key at byte {})",
                describeType(entry), expected, entry.fileOffset);
}

template <typename T>
using Read = Result<std::optional<T>>;

template <typename T>
Read<T> readScalar(const File& file, std::string_view key, Converted<T> (*convert)(const Number&),
                   std::string_view expected) {
    const KeyValue* entry = file.find(key);
    if (entry == nullptr) return std::optional<T>();
    if (!isNumberType(entry->type)) return wrongType(file, *entry, expected);
    const Number number = loadNumber(entry->type, entry->payload.data());
    const auto value = convert(number);
    if (!value) {
        return fail(ErrorKind::BadFile, file.whereKey(key), "the value is {}, {} (key at byte {})", textOf(number),
                    value.error(), entry->fileOffset);
    }
    return std::optional<T>(*value);
}

template <typename T>
Read<std::vector<T>> readNumbers(const File& file, std::string_view key, Converted<T> (*convert)(const Number&),
                                 std::string_view expected) {
    const KeyValue* entry = file.find(key);
    if (entry == nullptr) return std::optional<std::vector<T>>();
    const bool isBools = std::is_same_v<T, bool> && entry->elementType == ValueType::Bool;
    if (entry->type != ValueType::Array || (!isNumberType(entry->elementType) && !isBools)) {
        return wrongType(file, *entry, expected);
    }
    const ValueType type = isBools ? ValueType::Uint8 : entry->elementType;
    const std::uint64_t step = valueBytes(type);
    std::vector<T> values;
    values.reserve(entry->count);
    for (std::uint64_t i = 0; i < entry->count; ++i) {
        const Number number = loadNumber(type, entry->payload.data() + i * step);
        const auto value = convert(number);
        if (!value) {
            return fail(ErrorKind::BadFile, file.whereKey(key), "element {} is {}, {} (key at byte {})", i,
                        textOf(number), value.error(), entry->fileOffset);
        }
        values.push_back(*value);
    }
    return std::optional(std::move(values));
}

}  // namespace

Read<std::uint64_t> File::readUint(std::string_view key) const {
    return readScalar<std::uint64_t>(*this, key, toUint, "an integer");
}

Read<double> File::readFloat(std::string_view key) const {
    return readScalar<double>(*this, key, toDouble, "a number");
}

Read<bool> File::readBool(std::string_view key) const {
    const KeyValue* entry = find(key);
    if (entry == nullptr) return std::optional<bool>();
    if (entry->type != ValueType::Bool) return wrongType(*this, *entry, "bool");
    return std::optional(entry->payload.front() != std::byte{0});
}

Read<std::string> File::readString(std::string_view key) const {
    const KeyValue* entry = find(key);
    if (entry == nullptr) return std::optional<std::string>();
    if (entry->type != ValueType::String) return wrongType(*this, *entry, "string");
    return std::optional(std::string(reinterpret_cast<const char*>(entry->payload.data()), entry->payload.size()));
}

Read<std::vector<std::uint64_t>> File::readUintArray(std::string_view key) const {
    return readNumbers<std::uint64_t>(*this, key, toUint, "an array of integers");
}

Read<std::vector<std::int64_t>> File::readIntArray(std::string_view key) const {
    return readNumbers<std::int64_t>(*this, key, toInt, "an array of integers");
}

Read<std::vector<float>> File::readFloatArray(std::string_view key) const {
    return readNumbers<float>(*this, key, toFloat, "an array of numbers");
}

Read<std::vector<bool>> File::readBoolArray(std::string_view key) const {
    return readNumbers<bool>(*this, key, toBool, "an array of bools");
}

Read<std::vector<std::string>> File::readStringArray(std::string_view key) const {
    const KeyValue* entry = find(key);
    if (entry == nullptr) return std::optional<std::vector<std::string>>();
    if (entry->type != ValueType::Array || entry->elementType != ValueType::String) {
        return wrongType(*this, *entry, "an array of strings");
    }
    std::vector<std::string> values;
    values.reserve(entry->count);
    const std::byte* at = entry->payload.data();
    for (std::uint64_t i = 0; i < entry->count; ++i) {  // lengths were checked at opening
        const auto length = load<std::uint64_t>(at);
        values.emplace_back(reinterpret_cast<const char*>(at + sizeof(length)), length);
        at += sizeof(length) + length;
    }
    return std::optional(std::move(values));
}

}  // namespace kvscope::gguf
