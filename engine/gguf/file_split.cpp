// SPDX-License-Identifier: Apache-2.0
// Split models: PREFIX-00001-of-00005.gguf and its siblings (architectures.md 15.5). The names of the siblings come
// from the name that the caller gave; nothing that a file says becomes part of a path.
#include <algorithm>
#include <numeric>

#include "engine/base/checked.h"
#include "engine/gguf/file_impl.h"
#include "engine/gguf/quote.h"
#include "engine/gguf/split_name.h"

namespace kvscope::gguf {
namespace {

/// Far above every known model, and about what a process may have open.
constexpr std::uint64_t kMaxParts = 1024;
/// Missing parts listed in one sentence; the rest is counted.
constexpr std::size_t kMissingShown = 8;

constexpr std::string_view kNumberKey = "split.no";
constexpr std::string_view kCountKey = "split.count";
constexpr std::string_view kTensorsKey = "split.tensors.count";

std::string labelOf(const std::filesystem::path& path) {
    return quoteName(path.native(), kMaxPathBytes);
}

std::string labelOfName(const std::filesystem::path& path) {
    return labelOf(path.filename());
}

FilePart infoOf(const OpenedPart& part) {
    return {part.path, part.storage.size(), part.header.alignment, part.header.bytes, part.header.tensors.size()};
}

std::string_view orderName(ByteOrder order) {
    return order == ByteOrder::Big ? "big-endian" : "little-endian";
}

}  // namespace

Result<File> File::Joiner::open(const std::filesystem::path& path) {
    auto given = openAlone(path);
    if (!given) return given;
    auto keys = readKeys(*given);
    if (!keys) return forward(keys);
    if (keys->count <= 1) return given;  // what the merging tool leaves behind has 0
    return openSplit(std::move(*given), *keys);
}

Result<OpenedPart> File::Joiner::openPart(const std::filesystem::path& path) {
    auto storage = m_source.open(path, labelOf(path));
    if (!storage) return forward(storage);
    auto header = parseHeader(*storage);
    if (!header) return forward(header);
    return OpenedPart{path, std::move(*storage), std::move(*header)};
}

Result<File> File::Joiner::openAlone(const std::filesystem::path& path) {
    auto part = openPart(path);
    if (!part) return forward(part);
    std::vector<OpenedPart> parts;
    parts.push_back(std::move(*part));
    return join(std::move(parts), std::nullopt);
}

Result<File::Joiner::SplitKeys> File::Joiner::readKeys(const File& part) {
    auto count = part.readUint(kCountKey);
    if (!count) return forward(count);
    SplitKeys keys;
    keys.count = count->value_or(1);
    if (keys.count <= 1) return keys;
    auto number = part.readUint(kNumberKey);
    if (!number) return forward(number);
    if (!*number) {
        return fail(ErrorKind::BadFile, part.whereKey(kNumberKey),
                    "the key is missing, and the file is one of {} parts of a model", keys.count);
    }
    if (keys.count > kMaxParts) {
        return fail(ErrorKind::BadFile, part.whereKey(kCountKey), "the model has {} parts, more than the {} allowed",
                    keys.count, kMaxParts);
    }
    if (**number >= keys.count) {
        return fail(ErrorKind::BadFile, part.whereKey(kNumberKey), "the part's number is {} (from 0) of {} parts",
                    **number, keys.count);
    }
    keys.number = **number;
    auto tensors = part.readUint(kTensorsKey);
    if (!tensors) return forward(tensors);
    keys.tensors = *tensors;
    return keys;
}

Result<std::vector<std::filesystem::path>> File::Joiner::siblingPaths(const File& given, const SplitKeys& keys) {
    const auto name = parseSplitName(given.path().filename().native());
    if (!name) {
        return fail(ErrorKind::Unsupported, given.whereKey(kCountKey),
                    "the file is part {} of {} of a model, and the others are found by its name, which does not end in "
                    "{}; rename it",
                    keys.number + 1, keys.count, SplitName{"", keys.number + 1, keys.count}.text());
    }
    if (name->count != keys.count) {
        return fail(ErrorKind::BadFile, given.whereKey(kCountKey), "the model has {} parts, but {} by the file's name",
                    keys.count, name->count);
    }
    if (auto good = checkPlace(given, keys.number, name->number); !good) return forward(good);
    std::vector<std::filesystem::path> paths;
    std::vector<std::string> missing;
    for (std::uint64_t i = 1; i <= keys.count; ++i) {
        paths.push_back(given.path().parent_path() / name->sibling(i).text());
        if (i != name->number && !m_source.has(paths.back())) missing.push_back(labelOfName(paths.back()));
    }
    if (missing.empty()) return paths;
    const std::size_t shown = std::min(missing.size(), kMissingShown);
    const auto end = missing.begin() + static_cast<std::ptrdiff_t>(shown);
    return fail(ErrorKind::BadFile, labelOf(given.path()),
                "the model has {} parts, of which {} missing beside this one: {}{}; all of them must lie in one folder",
                keys.count, missing.size() == 1 ? "one is" : fmt::format("{} are", missing.size()),
                fmt::join(missing.begin(), end, ", "),
                missing.size() > shown ? fmt::format(" and {} more", missing.size() - shown) : "");
}

Result<void> File::Joiner::checkPlace(const File& part, std::uint64_t number, std::uint64_t numberOfName) {
    if (number + 1 == numberOfName) return {};
    return fail(ErrorKind::BadFile, part.whereKey(kNumberKey),
                "the file is part {} by this key, which is {} and counts from 0, but part {} by its name", number + 1,
                number, numberOfName);
}

Result<void> File::Joiner::checkSibling(const File& part, std::uint64_t index, Expected& expected) {
    auto keys = readKeys(part);
    if (!keys) return forward(keys);
    if (keys->count != expected.keys.count) {
        return fail(ErrorKind::BadFile, part.whereKey(kCountKey), "{}, but {} is one of {}",
                    keys->count <= 1 ? "the file is no part of a split model"
                                     : fmt::format("the file is one of {} parts", keys->count),
                    expected.by, expected.keys.count);
    }
    if (auto good = checkPlace(part, keys->number, index + 1); !good) return good;
    if (!expected.keys.tensors) expected.keys.tensors = keys->tensors;
    if (keys->tensors && *keys->tensors != *expected.keys.tensors) {
        return fail(ErrorKind::BadFile, part.whereKey(kTensorsKey), "the parts hold {} tensors together, but {} by {}",
                    *keys->tensors, *expected.keys.tensors, expected.by);
    }
    if (part.byteOrder() != expected.order) {
        return fail(ErrorKind::BadFile, labelOf(part.path()), "the file is {}, but {} is {}",
                    orderName(part.byteOrder()), expected.by, orderName(expected.order));
    }
    return {};
}

OpenedPart File::Joiner::partOf(File file) {
    OpenedPart part = std::move(file.m_impl->parts.front());
    part.header.tensors = std::move(file.m_impl->tensors);
    return part;
}

Result<File> File::Joiner::openSplit(File given, const SplitKeys& keys) {
    const auto paths = siblingPaths(given, keys);
    if (!paths) return forward(paths);
    Expected expected{keys, labelOfName(given.path()), given.byteOrder()};
    std::vector<OpenedPart> parts;
    for (std::uint64_t i = 0; i < keys.count; ++i) {
        if (i == keys.number) {
            parts.push_back(partOf(std::move(given)));
            continue;
        }
        auto part = openAlone((*paths)[i]);
        if (!part) return part;
        if (auto good = checkSibling(*part, i, expected); !good) return forward(good);
        parts.push_back(partOf(std::move(*part)));
    }
    return join(std::move(parts), expected.keys.tensors);
}

Result<File> File::Joiner::join(std::vector<OpenedPart> parts, std::optional<std::uint64_t> tensorsTold) {
    auto impl = std::make_unique<Impl>();
    impl->parts = std::move(parts);
    for (std::uint32_t i = 0; i < impl->parts.size(); ++i) {
        OpenedPart& part = impl->parts[i];
        impl->partInfos.push_back(infoOf(part));
        const auto bytes = checkedAdd(impl->bytes, part.storage.size());
        if (!bytes) return fail(ErrorKind::BadFile, labelOf(part.path), "the size of all parts overflows 64 bits");
        impl->bytes = *bytes;
        for (TensorInfo& tensor : part.header.tensors) {
            tensor.part = i;
            impl->tensors.push_back(std::move(tensor));
        }
        part.header.tensors.clear();
    }
    const std::string& first = impl->parts.front().storage.label();
    const std::uint64_t count = impl->tensors.size();
    if (count > kMaxTensors) {
        return fail(ErrorKind::BadFile, first, "the parts hold {} tensors together, more than the {} allowed", count,
                    kMaxTensors);
    }
    if (tensorsTold && *tensorsTold != count) {
        return fail(ErrorKind::BadFile, fmt::format("{}: key {}", first, kTensorsKey),
                    "the key says {} tensors, the parts hold {} together", *tensorsTold, count);
    }
    if (auto indexed = index(*impl); !indexed) return forward(indexed);
    impl->resetMarks();
    return File(std::move(impl));
}

Result<void> File::Joiner::index(Impl& impl) {
    std::vector<std::uint32_t>& order = impl.tensorsByName;
    if (impl.parts.size() == 1) {
        order = std::move(impl.parts.front().header.tensorsByName);  // unique there, the parser has looked
        return {};
    }
    order.resize(impl.tensors.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto nameOf = [&](std::uint32_t i) { return std::string_view(impl.tensors[i].name); };
    std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::pair(nameOf(i), i); });
    const auto same = std::ranges::adjacent_find(order, {}, nameOf);
    if (same == order.end()) return {};
    const TensorInfo& before = impl.tensors[*same];
    const TensorInfo& after = impl.tensors[*(same + 1)];
    return fail(ErrorKind::BadFile,
                fmt::format("{}: tensor {}", impl.parts[after.part].storage.label(), quoteName(after.name)),
                "the tensor is there twice, in this part and in {}", labelOfName(impl.parts[before.part].path));
}

}  // namespace kvscope::gguf
