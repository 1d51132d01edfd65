// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "app/cli/command.h"
#include "app/cli/inspect_values.h"
#include "app/cli/json.h"
#include "app/cli/model_options.h"
#include "app/cli/tensor_account.h"
#include "app/cli/text_file.h"
#include "engine/base/units.h"
#include "engine/gguf/quote.h"
#include "engine/model/operations.h"
#include "engine/model/registry.h"
#include "engine/text/tokenizer.h"

namespace kvscope::cli {

namespace {

struct InspectSettings {
    std::string file;
    bool keys = false, tensors = false, json = false;
};

/// An Error of kind Unsupported becomes a sentence, any other stays an error.
template <typename T>
Result<std::optional<T>> unlessUnsupported(Result<T> result, std::string& reason) {
    if (result) return std::optional<T>(std::move(*result));
    if (result.error().kind != ErrorKind::Unsupported) return std::unexpected(asInputError(result.error()));
    if (reason.empty()) reason = result.error().text();
    return std::optional<T>{};
}

void addDimensions(Json& json, const model::Hparams& h) {
    json["name"] = h.name;
    json["n_layers"] = h.nLayers;
    json["n_embd"] = h.nEmbd;
    json["n_heads"] = uniform(h.nHeads);
    json["n_kv_heads"] = uniform(h.nKvHeads);
    json["n_ff"] = uniform(h.nFf);
    json["head_dim"] = h.headDimK == h.headDimV ? Json(h.headDimK) : Json(nullptr);
    json["head_dim_k"] = h.headDimK;
    json["head_dim_v"] = h.headDimV;
    json["rope_dims"] = h.ropeDims;
    json["rope_base"] = number(double{h.ropeBase});
    json["context"] = h.nCtxTrained != 0 ? Json(h.nCtxTrained) : Json(nullptr);
    json["vocabulary"] = h.nVocab;
    json["cache_bytes_per_token_f16"] = h.cacheBytesPerTokenF16();
    json["cache_bytes_per_token_mha_f16"] = h.cacheBytesPerTokenMhaF16();
}

Result<void> addTokenizer(Json& json, const gguf::File& file, Json& warnings) {
    json["tokenizer"] = nullptr;
    json["pre_tokenizer"] = nullptr;
    if (file.find("tokenizer.ggml.model") == nullptr) {
        warnings.push_back("the file has no tokenizer");
        return {};
    }
    std::string reason;
    auto tokenizer = unlessUnsupported(text::makeTokenizer(file), reason);
    if (!tokenizer) return forward(tokenizer);
    json["tokenizer"] = *tokenizer ? Json((**tokenizer)->kind()) : Json(nullptr);
    json["pre_tokenizer"] =
        *tokenizer && !(**tokenizer)->preTokenizer().empty() ? Json((**tokenizer)->preTokenizer()) : Json(nullptr);
    if (!reason.empty()) warnings.push_back(reason);
    if (*tokenizer) {
        for (const std::string& warning : (**tokenizer)->warnings()) warnings.push_back(warning);
    }
    return {};
}

/// Dimensions as far as the header tells them; `reason` says why a model cannot be run. Keys that an architecture of
/// ours needs may be absent from another's file.
Result<std::optional<model::Hparams>> readDimensions(const gguf::File& file, const std::string& architecture,
                                                     std::string& reason) {
    const bool known =
        std::ranges::any_of(model::architectures(), [&](const auto& a) { return a.name == architecture; });
    auto hparams = model::readHparams(file);
    if (known || architecture.empty()) return unlessUnsupported(std::move(hparams), reason);
    reason = fmt::format("this version does not run the architecture '{}'", gguf::quoteName(architecture));
    return hparams ? std::optional(std::move(*hparams)) : std::nullopt;
}

/// What building the model came to.
struct Building {
    std::optional<model::Program> program;
    std::string reason;  ///< why there is none, empty when there is
    Json unused = nullptr;
    Json missing = nullptr;
    std::vector<std::string> warnings;
};

/// Notes all tensors that the file lacks; `first` stopped the building.
Result<void> noteMissing(const gguf::File& file, MissingTensor first, Building& building) {
    auto found = findMissingTensors(file, std::move(first));
    if (!found) return forward(found);
    building.missing = Json::array();
    for (const MissingTensor& tensor : found->tensors) {
        building.missing.push_back({{"name", tensor.name}, {"dims", tensor.dims}});
    }
    const std::size_t others = found->tensors.size() - 1;
    building.reason = fmt::format("the tensor {} is missing{}", gguf::quoteName(found->tensors.front().name),
                                  others == 0 ? "" : fmt::format(", and {} more", others));
    if (found->complete) {
        building.unused = found->unused;
    } else {
        building.warnings.emplace_back("more tensors may be missing than are listed");
    }
    return {};
}

/// Builds the program unless `reason` already says why the model cannot be run.
Result<Building> build(const gguf::File& file, std::string reason) {
    Building building;
    building.reason = std::move(reason);
    if (!building.reason.empty()) return building;
    auto built = model::buildProgram(file);
    if (!built) {
        if (auto missing = missingTensor(file, built.error())) {
            if (auto noted = noteMissing(file, std::move(*missing), building); !noted) return forward(noted);
            return building;
        }
    }
    auto program = unlessUnsupported(std::move(built), building.reason);
    if (!program) return forward(program);
    building.program = std::move(*program);
    if (building.program) {
        building.warnings = building.program->warnings;
        building.unused = unusedTensors(file, *building.program);
        building.missing = Json::array();
    }
    return building;
}

void addLists(Json& json, const gguf::File& file, const InspectSettings& settings) {
    if (settings.keys) {
        json["keys"] = Json::array();
        for (const gguf::KeyValue& entry : file.keys()) json["keys"].push_back(keyJson(file, entry));
    }
    if (settings.tensors) {
        json["tensors"] = Json::array();
        for (const gguf::TensorInfo& tensor : file.tensors()) json["tensors"].push_back(tensorJson(tensor));
    }
}

/// Everything that the header tells; unknown = null.
Result<Json> describe(const gguf::File& file, const InspectSettings& settings) {
    auto architecture = file.readString("general.architecture");
    if (!architecture) return forward(architecture);
    std::string reason;
    auto hparams = readDimensions(file, architecture->value_or(""), reason);
    if (!hparams) return forward(hparams);
    auto building = build(file, std::move(reason));
    if (!building) return forward(building);
    const bool runnable = building->program.has_value();
    Json warnings = Json::array();
    Json json{{"schema_version", kJsonVersion},
              {"file", file.path().string()},
              {"gguf_version", file.version()},
              {"byte_order", file.byteOrder() == gguf::ByteOrder::Big ? "big" : "little"},
              {"file_bytes", file.fileBytes()},
              {"parts", partsJson(file)},
              {"architecture", *architecture ? Json(**architecture) : Json(nullptr)},
              {"runnable", runnable},
              {"not_runnable_because", runnable ? Json(nullptr) : Json(building->reason)}};
    addDimensions(json, hparams->value_or(model::Hparams{}));
    if (!*hparams) {
        for (auto& [key, value] : json.items()) {
            if (value == 0 || value == "") value = nullptr;
        }
    }
    if (auto added = addTokenizer(json, file, warnings); !added) return forward(added);
    json["n_tensors"] = file.tensors().size();
    json["tensor_types"] = tensorTypesJson(file);
    json["missing_tensors"] = std::move(building->missing);
    json["unused_tensors"] = std::move(building->unused);
    for (const std::string& warning : building->warnings) warnings.push_back(warning);
    json["warnings"] = std::move(warnings);
    addLists(json, file, settings);
    return json;
}

std::string shown(const Json& value) {
    if (value.is_null()) return "unknown";
    if (value.is_string()) return gguf::quoteName(value.get<std::string>(), 200);
    return gguf::quoteName(value.dump(-1, ' ', false, Json::error_handler_t::replace), 400);
}

/// The files of a split model, each with its size and its number of tensors.
void printParts(const Json& json) {
    if (json["parts"].size() == 1) return;
    for (std::size_t i = 0; i < json["parts"].size(); ++i) {
        const Json& part = json["parts"][i];
        fmt::print("{:<22}{}, {}, {} tensors\n", fmt::format("part {} of {}", i + 1, json["parts"].size()),
                   shown(part["file"]), formatBytes(part["bytes"].get<std::uint64_t>()),
                   part["tensors"].get<std::uint64_t>());
    }
}

/// Tensors that the file lacks, and such that nobody uses: all of them with --tensors, else the first few.
void printAccount(const Json& json) {
    const std::size_t most = json.contains("tensors") ? std::size_t{1} << 20U : 16;
    const auto rest = [&](const Json& list) {
        if (list.size() > most) fmt::print("{:<22}and {} more\n", "", list.size() - most);
    };
    const Json& missing = json["missing_tensors"];
    for (std::size_t i = 0; i < std::min(missing.size(), most); ++i) {
        fmt::print("{:<22}{} {}\n", i == 0 ? "missing tensors" : "", shown(missing[i]["name"]),
                   shown(missing[i]["dims"]));
    }
    rest(missing);
    const Json& unused = json["unused_tensors"];
    for (std::size_t i = 0; i < std::min(unused.size(), most); ++i) {
        fmt::print("{:<22}{}\n", i == 0 ? "unused tensors" : "", shown(unused[i]));
    }
    rest(unused);
}

void printText(const Json& json) {
    const auto line = [&](const char* title, const char* key) { fmt::print("{:<22}{}\n", title, shown(json[key])); };
    line("file", "file");
    printParts(json);
    if (json["byte_order"] == "big") fmt::print("{:<22}big-endian\n", "byte order");
    line("name", "name");
    line("architecture", "architecture");
    if (json["runnable"] == false) fmt::print("{:<22}no: {}\n", "can be run", shown(json["not_runnable_because"]));
    line("layers", "n_layers");
    line("embedding", "n_embd");
    line("query heads", "n_heads");
    line("KV heads", "n_kv_heads");
    line("head size", "head_dim");
    line("feed-forward", "n_ff");
    line("trained context", "context");
    line("vocabulary", "vocabulary");
    line("tokenizer", "tokenizer");
    line("pre-tokenizer", "pre_tokenizer");
    for (const auto* key : {"cache_bytes_per_token_f16", "cache_bytes_per_token_mha_f16"}) {
        const bool mha = std::string_view(key).contains("mha");
        fmt::print("{:<22}{} a token{}\n", mha ? "the same without GQA" : "cache in f16",
                   json[key].is_null() ? "unknown" : formatBytes(json[key].get<std::uint64_t>()),
                   mha ? " (every query head its own rows)" : "");
    }
    for (const auto& [type, entry] : json["tensor_types"].items()) {
        fmt::print("{:<22}{} tensors, {}\n", "weights in " + type, entry["tensors"].get<std::uint64_t>(),
                   formatBytes(entry["bytes"].get<std::uint64_t>()));
    }
    printAccount(json);
    for (const Json& warning : json["warnings"]) fmt::print("warning: {}\n", shown(warning));
    if (json.contains("keys")) fmt::print("\nkeys\n");
    for (const Json& key : json.value("keys", Json::array())) {
        fmt::print("  {:<44}{:<8}{}{}\n", shown(key["key"]), key["type"].get<std::string>(), shown(key["value"]),
                   key["count"] > 16 ? fmt::format(" and more, {} in all", key["count"].get<std::uint64_t>()) : "");
    }
    if (json.contains("tensors")) fmt::print("\ntensors\n");
    for (const Json& tensor : json.value("tensors", Json::array())) {
        fmt::print("  {:<44}{:<8}{:<24}{}\n", shown(tensor["name"]), tensor["type"].get<std::string>(),
                   shown(tensor["dims"]), formatBytes(tensor["bytes"].get<std::uint64_t>()));
    }
}

Result<int> inspect(const InspectSettings& settings) {
    auto path = modelPath(settings.file);
    if (!path) return forward(path);
    auto file = gguf::File::open(*path);
    if (!file) return std::unexpected(asInputError(file.error()));
    auto json = describe(*file, settings);
    if (!json) return std::unexpected(asInputError(json.error()));
    settings.json ? printJson(*json) : printText(*json);
    return kExitOk;
}

}  // namespace

Body setupInspect(CLI::App& app) {
    auto settings = std::make_shared<InspectSettings>();
    app.add_option("file,-m,--model", settings->file, "GGUF file; without it the bundled model");
    app.add_flag("--keys", settings->keys, "lists the metadata; of an array the first 16 values");
    app.add_flag("--tensors", settings->tensors, "lists the tensors");
    app.add_flag("--json", settings->json, "prints JSON");
    app.footer(
        "A sound file whose architecture cannot be run, or one that lacks tensors, is told about all the same (exit "
        "code\n"
        "0, \"runnable\": false); a malformed one is an error that names the place (exit code 3). Of a split model "
        "any\n"
        "part may be given; the others are found beside it.");
    return [settings](const Context&) { return inspect(*settings); };
}

}  // namespace kvscope::cli
