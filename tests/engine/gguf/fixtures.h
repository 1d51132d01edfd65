// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/gguf/file.h"

namespace kvscope::gguf::test {

/// A file with one thing wrong, and what the refusal must say.
struct Fault {
    std::string name;
    std::vector<std::byte> bytes;
    std::string place;     ///< of Error::where, after the file's name: "key K", "tensor T", "header"
    std::string sentence;  ///< a part of Error::message
};

/// Every fault class a header can have, one file each.
[[nodiscard]] std::vector<Fault> faults();
/// Faults in the preamble and in metadata.
[[nodiscard]] std::vector<Fault> keyFaults();
/// Faults in the list of tensors and in where their data lies.
[[nodiscard]] std::vector<Fault> tensorFaults();

/// A sound file that holds every value type, arrays of each, an array of arrays, and tensors of five types. Their data
/// are the same bytes in both orders.
[[nodiscard]] std::vector<std::byte> richFile(bool bigEndian = false);

/// The parts of a sound split model in memory: "m-00001-of-00003.gguf" without tensors, and two with one tensor each,
/// "two" and "three".
[[nodiscard]] std::vector<NamedBytes> splitFiles(bool bigEndian = false);
/// What one part of a split model says.
struct SplitPart {
    std::uint16_t number = 0;  ///< split.no, from 0
    std::uint16_t count = 3;
    std::uint32_t tensors = 2;  ///< split.tensors.count
    std::string tensor;         ///< name of its only tensor, 8 values of F32; none when empty
    bool bigEndian = false;
};
[[nodiscard]] std::vector<std::byte> splitPart(const SplitPart& part);

}  // namespace kvscope::gguf::test
