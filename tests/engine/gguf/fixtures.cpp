// SPDX-License-Identifier: Apache-2.0
#include "tests/engine/gguf/fixtures.h"

#include <utility>

#include "tests/engine/gguf/raw_gguf.h"

namespace kvscope::gguf::test {
namespace {

constexpr std::uint64_t kTwo63 = 1ULL << 63U;
constexpr std::uint64_t kAll = ~0ULL;
constexpr std::uint32_t kF32 = 0;
constexpr std::uint32_t kQ8 = 8;

/// A file of one tensor, F32 unless told, with `dataBytes` of data.
RawGguf oneTensor(std::initializer_list<std::uint64_t> dims, std::uint32_t type = kF32, std::uint64_t offset = 0,
                  std::size_t dataBytes = 128) {
    RawGguf raw(3, 1, 0);
    raw.tensor("w", dims, type, offset).pad().zeros(dataBytes);
    return raw;
}

RawGguf twoTensors(std::string_view first, std::string_view second, std::uint64_t secondOffset) {
    RawGguf raw(3, 2, 0);
    raw.tensor(first, {32}, kF32, 0).tensor(second, {32}, kF32, secondOffset).pad().zeros(512);
    return raw;
}

RawGguf nestedArrays(int depth) {
    RawGguf raw(3, 0, 1);
    raw.key("deep", 9);
    for (int i = 1; i < depth; ++i) raw.u32(9).u64(1);
    raw.u32(0).u64(1).u8(7).zeros(64);
    return raw;
}

void preambleFaults(std::vector<Fault>& out) {
    const auto add = [&](std::string name, const RawGguf& raw, std::string sentence) {
        out.push_back({std::move(name), raw.bytes(), "header", std::move(sentence)});
    };
    add("magic wrong", RawGguf().text("GGUX").u32(3).zeros(24), "begins with the bytes 47 47 55 58");
    add("format before GGUF", RawGguf().text("tjgg").u32(3).zeros(24), "older than GGUF");
    add("shorter than the magic", RawGguf().text("GG"), "the file ends at byte 2");
    add("version 0", RawGguf(0, 0, 0), "version at byte 4 is 0");
    add("version 1", RawGguf(1, 0, 0), "version 1 (August 2023)");
    add("version of the future", RawGguf(4, 0, 0), "version at byte 4 is 4");
    add("big-endian version 1", RawGguf(0x01000000, 0, 0), "version 1 (August 2023)");
    add("big-endian version 4", RawGguf(0x04000000, 0, 0), "version at byte 4 is 4 (big-endian)");
    add("big-endian version 256", RawGguf(0x00010000, 0, 0), "version at byte 4 is 256 (big-endian)");
    add("tensor count negative", RawGguf(3, kAll, 0), "number of tensors is negative");
    add("tensor count times size wraps", RawGguf(3, 1ULL << 58U, 0).zeros(64),
        "number of tensors is 288230376151711744");
    add("key count negative", RawGguf(3, 0, kTwo63), "number of keys is negative");
    add("key count times size wraps", RawGguf(3, 0, 1ULL << 60U).zeros(64), "more than the 64 bytes left");
    add("key count above the limit", RawGguf(3, 0, 65537).zeros(65537 * 14), "more than the 65536 allowed");
    add("43 bytes of version 1", RawGguf().text("GGUF").u32(1).zeros(35), "version 1");
}

void keyNameFaults(std::vector<Fault>& out) {
    const auto add = [&](std::string name, const RawGguf& raw, std::string place, std::string sentence) {
        out.push_back({std::move(name), raw.bytes(), std::move(place), std::move(sentence)});
    };
    add("key name of 2^64-1 bytes", RawGguf(3, 0, 1).u64(kAll).zeros(32), "key 1 of 1", "18446744073709551615");
    add("key name longer than the file", RawGguf(3, 0, 1).u64(40).zeros(32), "key 1 of 1", "only 32 bytes are left");
    add("key name above the limit", RawGguf(3, 0, 1).u64(65536).zeros(65600), "key 1 of 1", "more than the 65535");
    add("key name empty", RawGguf(3, 0, 1).key("", 4).u32(1).zeros(8), "key 1 of 1", "byte 24 is empty");
    add("key twice", RawGguf(3, 0, 2).key("a", 4).u32(1).key("a", 4).u32(2), "key a", "there twice");
    add("key name no UTF-8", RawGguf(3, 0, 1).key("a\xFF\x1B[2J\xC3\xA9", 77).zeros(8), "key a\\xFF\\x1B[2J\xC3\xA9",
        "type at byte 40 is 77");
    add("value type 13", RawGguf(3, 0, 1).key("k", 13).zeros(8), "key k", "type at byte 33 is 13");
    add("value type 2^32-1", RawGguf(3, 0, 1).key("k", 0xFFFFFFFF).zeros(8), "key k", "is 4294967295");
}

void valueFaults(std::vector<Fault>& out) {
    const auto add = [&](std::string name, const RawGguf& raw, std::string sentence) {
        out.push_back({std::move(name), raw.bytes(), "key k", std::move(sentence)});
    };
    const auto array = [](std::uint32_t element, std::uint64_t count) {
        return RawGguf(3, 0, 1).array("k", element, count).zeros(64);
    };
    add("value cut off", RawGguf(3, 0, 1).key("k", 10).u32(0), "the file ends at byte 41");
    add("bool of 2", RawGguf(3, 0, 1).key("k", 7).u8(2).zeros(8), "bool at byte 37 is 2");
    add("string length + 1 wraps", RawGguf(3, 0, 1).key("k", 8).u64(kAll).zeros(8), "only 8 bytes are left");
    add("string length 2^63", RawGguf(3, 0, 1).key("k", 8).u64(kTwo63).zeros(8), "9223372036854775808");
    add("string longer than the file", RawGguf(3, 0, 1).key("k", 8).u64(9).zeros(8), "string at byte 37 is 9");
    add("array element type 13", array(13, 1), "elements at byte 37 is 13");
    add("array of 2^63 bytes", array(0, kTwo63), "at most 64 elements of type u8");
    add("array count times size wraps", array(10, (1ULL << 61U) + 1), "at most 8 elements of type u64");
    add("array of 2^63 strings", array(8, kTwo63), "at most 8 elements of type string");
    add("array of 2^64-1 arrays", array(9, kAll), "at most 5 elements of type array");
    add("array one element too long", array(4, 17), "array's length at byte 41 is 17");
    add("array without its length", RawGguf(3, 0, 1).key("k", 9).u32(4).zeros(2), "inside the array's length");
    add("43 bytes, no array length", RawGguf(3, 0, 1).key("k", 9).u32(8).u16(0), "the file ends at byte 43");
    add("string in an array too long", RawGguf(3, 0, 1).array("k", 8, 2).string("ab").u64(99).zeros(20),
        "string at byte 59 is 99");
    add("bool in an array of 255", RawGguf(3, 0, 1).array("k", 7, 3).u8(1).u8(0).u8(255), "bool at byte 51 is 255");
    out.push_back({"arrays nested nine deep", nestedArrays(9).bytes(), "key deep", "nested more than 8 deep"});
}

void alignmentFaults(std::vector<Fault>& out) {
    const auto add = [&](std::string name, const RawGguf& raw, std::string sentence) {
        out.push_back({std::move(name), raw.bytes(), "key general.alignment", std::move(sentence)});
    };
    const auto begin = [](std::uint32_t type) { return RawGguf(3, 0, 1).key("general.alignment", type); };
    add("alignment 0", begin(4).u32(0), "alignment is 0, expected a power of two");
    add("alignment 48", begin(4).u32(48), "alignment is 48");
    add("alignment as u64", begin(10).u64(32), "type at byte 49 is u64, expected u32");
    add("alignment as i32", begin(5).u32(32), "is i32, expected u32");
    add("alignment as string", begin(8).string("32"), "is string, expected u32");
    add("alignment as array", begin(9).u32(4).u64(1).u32(32), "is array, expected u32");
}

void tensorNameFaults(std::vector<Fault>& out) {
    const auto add = [&](std::string name, const RawGguf& raw, std::string place, std::string sentence) {
        out.push_back({std::move(name), raw.bytes(), std::move(place), std::move(sentence)});
    };
    const auto named = [](std::string_view name) {
        return RawGguf(3, 1, 0).tensor(name, {32}, kF32, 0).pad().zeros(128);
    };
    add("tensor name empty", named(""), "tensor 1 of 1", "name at byte 24 is empty");
    add("tensor name of 64 bytes", named(std::string(64, 'n')), "tensor 1 of 1", "is 64, more than the 63");
    add("tensor name of 2^64-1 bytes", RawGguf(3, 1, 0).u64(kAll).zeros(64), "tensor 1 of 1", "are left in the file");
    add("tensor twice", twoTensors("w", "w", 128), "tensor w", "there twice: tensor 1 and 2 of 2");
    add("tensor name no UTF-8", RawGguf(3, 1, 0).tensor("\xC0w", {0}, kF32, 0).pad(), "tensor \\xC0w",
        "dimension 0 at byte 38 is 0");
    add("tensor list cut off", RawGguf(3, 2, 0).tensor("w", {32}, kF32, 0).zeros(50), "tensor 2 of 2", "is empty");
}

void shapeFaults(std::vector<Fault>& out) {
    const auto add = [&](std::string name, const RawGguf& raw, std::string sentence) {
        out.push_back({std::move(name), raw.bytes(), "tensor w", std::move(sentence)});
    };
    const auto ranked = [](std::uint32_t rank) { return RawGguf(3, 1, 0).string("w").u32(rank).zeros(128); };
    add("no dimension", ranked(0), "number of dimensions at byte 33 is 0");
    add("five dimensions", ranked(5), "number of dimensions at byte 33 is 5");
    add("2^32-1 dimensions", ranked(0xFFFFFFFF), "is 4294967295");
    add("96 bytes, a dimension of 0", oneTensor({0, 4}, kF32, 0, 0), "dimension 0 at byte 37 is 0");
    add("a later dimension of 0", oneTensor({32, 0}), "dimension 1 at byte 45 is 0");
    add("dimension -1", oneTensor({32, kAll}), "dimension 1 at byte 45 is negative (-1)");
    add("product of the shape wraps", oneTensor({1ULL << 32U, 1ULL << 32U}), "product of the dimensions overflows");
    add("product is 2^63", oneTensor({1ULL << 31U, 1ULL << 32U}), "product of the dimensions overflows");
    add("bytes wrap", oneTensor({1ULL << 62U}, 28), "size in bytes overflows");
    add("bytes of blocks wrap", oneTensor({1ULL << 31U, 1ULL << 31U}, 9), "does not fit the file");
    add("row no multiple of the block", oneTensor({33}, kQ8), "no multiple of the 32 in a block of Q8_0");
    add("type 43", oneTensor({32}, 43), "type at byte 45 is 43, which is unknown");
    add("type 2^32-1", oneTensor({32}, 0xFFFFFFFF), "4294967295, which is unknown");
    add("half a block of the removed type Q4_2", oneTensor({40}, 4), "no multiple of the 16 in a block of Q4_2");
    add("half a block of the removed type IQ4_NL_4_4", oneTensor({48}, 36),
        "no multiple of the 32 in a block of IQ4_NL_4_4");
}

void placeFaults(std::vector<Fault>& out) {
    const auto add = [&](std::string name, const RawGguf& raw, std::string place, std::string sentence) {
        out.push_back({std::move(name), raw.bytes(), std::move(place), std::move(sentence)});
    };
    add("offset not aligned", oneTensor({32}, kF32, 4), "tensor w", "is 4, no multiple of the alignment 32");
    add("offset behind the end", oneTensor({32}, kF32, 1U << 20U), "tensor w", "does not fit the file");
    add("offset wraps", oneTensor({32}, kF32, kAll - 31), "tensor w", "does not fit the file");
    add("padded end wraps", oneTensor({32}, kF32, kAll - 127), "tensor w", "does not fit the file");
    add("data shorter than the shape", oneTensor({33}), "tensor w", "132 bytes at offset 0");
    add("data missing", RawGguf(3, 1, 0).tensor("w", {32}, kF32, 0), "tensor w", "does not fit the file");
    add("tensors overlap", twoTensors("v", "w", 96), "tensor w", "overlaps tensor v");
    add("tensors at one place", twoTensors("v", "w", 0), "tensor w", "overlaps tensor v");
    RawGguf far(3, 1, 1);
    far.key("general.alignment", 4).u32(1U << 31U).tensor("w", {32}, kF32, 0).pad().zeros(128);
    add("alignment beyond the file", far, "tensor w", "begins at byte 2147483648");
}

}  // namespace

std::vector<Fault> keyFaults() {
    std::vector<Fault> out;
    preambleFaults(out);
    keyNameFaults(out);
    valueFaults(out);
    alignmentFaults(out);
    return out;
}

std::vector<Fault> tensorFaults() {
    std::vector<Fault> out;
    tensorNameFaults(out);
    shapeFaults(out);
    placeFaults(out);
    return out;
}

std::vector<Fault> faults() {
    std::vector<Fault> out = keyFaults();
    for (Fault& fault : tensorFaults()) out.push_back(std::move(fault));
    return out;
}

std::vector<std::byte> richFile(bool bigEndian) {
    RawGguf raw(3, 5, 24, bigEndian);
    raw.key("u8", 0).u8(200).key("i8", 1).u8(0xFE).key("u16", 2).u16(60000).key("i16", 3).u16(0xFFFE);
    raw.key("u32", 4).u32(4000000000).key("i32", 5).u32(0xFFFFFFFD).key("f32", 6).f32(0.25F).key("bool", 7).u8(1);
    raw.key("string", 8).string("text").key("u64", 10).u64(kAll).key("i64", 11).u64(kAll - 3).key("f64", 12).f64(-1.5);
    raw.array("a.u8", 0, 2).u8(1).u8(255).array("a.i8", 1, 2).u8(1).u8(255).array("a.u16", 2, 1).u16(7);
    raw.array("a.i32", 5, 3).u32(1).u32(0xFFFFFFFF).u32(3).array("a.f32", 6, 2).f32(1.5F).f32(-2.0F);
    raw.array("a.bool", 7, 3).u8(1).u8(0).u8(1).array("a.string", 8, 3).string("one").string("").string("\xC3\xA9");
    raw.array("a.u64", 10, 1).u64(5).array("a.f64", 12, 1).f64(0.5).array("a.empty", 8, 0);
    raw.array("a.nested", 9, 2).u32(0).u64(2).u8(1).u8(2).u32(8).u64(1).string("in");
    raw.key("general.alignment", 4).u32(64);
    // in another order than their data: 64-byte units f32 at 0, f16 at 128, q8_0 at 192, q4_0 at 320, q6_K at 384
    raw.tensor("half", {8, 2}, 1, 128).tensor("single", {4, 3, 2, 1}, 0, 0).tensor("eight", {32, 2}, 8, 192);
    raw.tensor("four", {32}, 2, 320).tensor("six", {256}, 14, 384).pad(64);
    for (std::size_t i = 0; i < 640; ++i) raw.u8(static_cast<std::uint8_t>(i * 37 + 11));
    return raw.bytes();
}

std::vector<std::byte> splitPart(const SplitPart& part) {
    RawGguf raw(3, part.tensor.empty() ? 0 : 1, part.number == 0 ? 4 : 3, part.bigEndian);
    if (part.number == 0) raw.key("first", 4).u32(77);
    raw.key("split.no", 2).u16(part.number).key("split.count", 2).u16(part.count);
    raw.key("split.tensors.count", 5).u32(part.tensors);
    if (!part.tensor.empty()) raw.tensor(part.tensor, {8}, kF32, 0);
    raw.pad();
    for (std::uint32_t i = 0; !part.tensor.empty() && i < 8; ++i) raw.f32(static_cast<float>(10 * part.number + i));
    return raw.bytes();
}

std::vector<NamedBytes> splitFiles(bool bigEndian) {
    std::vector<NamedBytes> files;
    files.push_back({"m-00001-of-00003.gguf", splitPart({.number = 0, .tensor = "", .bigEndian = bigEndian})});
    files.push_back({"m-00002-of-00003.gguf", splitPart({.number = 1, .tensor = "two", .bigEndian = bigEndian})});
    files.push_back({"m-00003-of-00003.gguf", splitPart({.number = 2, .tensor = "three", .bigEndian = bigEndian})});
    return files;
}

}  // namespace kvscope::gguf::test
