// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden_models.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/golden.h"

namespace kvscope::test {

namespace {

const std::filesystem::path kFolder = KVSCOPE_SOURCE_DIR "/tests/golden";

GoldenModel parseLine(const std::string& line) {
    GoldenModel model;
    std::istringstream words(line);
    words >> model.name;
    for (std::string word; words >> word;) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos) throw std::runtime_error("models.txt: no '=' in " + word);
        const std::string key = word.substr(0, equals);
        const std::string value = word.substr(equals + 1);
        if (key == "arch") model.architecture = value;
        if (key == "vocab") model.vocabulary = std::stoul(value);
        if (key == "positions") model.positions = std::stoul(value);
        if (key == "tolerance") model.tolerance = std::stod(value);
        if (key != "tokens") continue;
        std::istringstream ids(value);
        for (std::string id; std::getline(ids, id, ',');) model.tokens.push_back(std::stoi(id));
    }
    if (model.tokens.size() != model.positions || model.vocabulary == 0 || model.tolerance <= 0) {
        throw std::runtime_error("models.txt: the line of " + model.name + " is not complete");
    }
    return model;
}

}  // namespace

std::filesystem::path GoldenModel::file() const {
    return kFolder / "data" / (name + ".gguf");
}

std::vector<float> GoldenModel::logits() const {
    return readFloats(kFolder / "data" / (name + ".logits"));
}

std::vector<GoldenModel> goldenModels() {
    std::ifstream in(kFolder / "models.txt");
    if (!in) throw std::runtime_error("tests/golden/models.txt is missing");
    std::vector<GoldenModel> models;
    for (std::string line; std::getline(in, line);) {
        if (!line.empty() && line.front() != '#') models.push_back(parseLine(line));
    }
    return models;
}

}  // namespace kvscope::test
