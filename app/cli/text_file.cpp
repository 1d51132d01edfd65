// SPDX-License-Identifier: Apache-2.0
#include "app/cli/text_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

namespace kvscope::cli {

Result<std::string> readTextFile(const std::filesystem::path& path) {
    if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        return fail(ErrorKind::BadFile, path.string(), "it is a folder, not a text file");
    }
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(ErrorKind::BadFile, path.string(), "cannot be opened: {}", std::strerror(errno));
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (file.bad()) return fail(ErrorKind::BadFile, path.string(), "cannot be read: {}", std::strerror(errno));
    return text;
}

Error asInputError(Error error) {
    if (error.kind == ErrorKind::Io) error.kind = ErrorKind::BadFile;
    return error;
}

}  // namespace kvscope::cli
