// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

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

/// A sound file that holds every value type, arrays of each, an array of arrays, and tensors of five types.
[[nodiscard]] std::vector<std::byte> richFile();

}  // namespace kvscope::gguf::test
