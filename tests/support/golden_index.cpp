// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden_index.h"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "tests/support/shared_files.h"

namespace kvscope::test {
namespace {

std::vector<std::int32_t> numbers(const std::string& list) {
    std::vector<std::int32_t> result;
    std::istringstream in(list);
    for (std::string one; std::getline(in, one, ',');) result.push_back(std::stoi(one));
    return result;
}

GoldenModel readLine(const std::string& line) {
    GoldenModel model;
    std::istringstream in(line);
    in >> model.name;
    for (std::string field; in >> field;) {
        const std::size_t at = field.find('=');
        const std::string key = field.substr(0, at);
        const std::string value = at == std::string::npos ? std::string() : field.substr(at + 1);
        if (key == "arch") model.architecture = value;
        if (key == "vocab") model.vocab = std::stoul(value);
        if (key == "tolerance") model.tolerance = std::stod(value);
        if (key == "tokens") model.tokens = numbers(value);
    }
    const bool whole = !model.architecture.empty() && model.vocab > 0 && model.tolerance > 0 && !model.tokens.empty();
    if (!whole) throw std::runtime_error("models.txt: the line of " + model.name + " lacks a field");
    return model;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const GoldenModel& model) {
    return out << model.name;
}

std::vector<GoldenModel> goldenModels() {
    std::vector<GoldenModel> models;
    std::ifstream in(goldenFile("../models.txt"));
    for (std::string line; std::getline(in, line);) {
        if (!line.empty() && line.front() != '#') models.push_back(readLine(line));
    }
    return models;
}

}  // namespace kvscope::test
