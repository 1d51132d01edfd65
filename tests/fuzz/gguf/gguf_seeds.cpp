// SPDX-License-Identifier: Apache-2.0
// Writes the fixtures of the GGUF tests as seeds for the fuzzer.
#include <cstdio>
#include <string>

#include "tests/engine/gguf/fixtures.h"
#include "tests/engine/gguf/support.h"
#include "tests/fuzz/gguf/gguf_entry.h"

int main(int argc, char** argv) {
    namespace test = kvscope::gguf::test;
    if (argc != 2) {
        std::fputs("usage: gguf_seeds FOLDER\n", stderr);
        return 2;
    }
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    test::writeBytes(folder / "rich.gguf", test::richFile());
    test::writeBytes(folder / "big.gguf", test::richFile(true));
    test::writeBytes(folder / "split", test::packParts(test::splitFiles()));
    test::writeBytes(folder / "split_big", test::packParts(test::splitFiles(true)));
    int index = 0;
    for (const test::Fault& fault : test::faults()) {
        if (fault.bytes.size() > 4096) continue;
        test::writeBytes(folder / ("fault" + std::to_string(index++) + ".gguf"), fault.bytes);
    }
    return 0;
}
