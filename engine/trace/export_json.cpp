// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/trace/detail/row_io.h"
#include "engine/trace/detail/tables.h"
#include "engine/trace/detail/text_file.h"
#include "engine/trace/detail/utf8.h"
#include "engine/trace/detail/walk.h"
#include "engine/trace/export.h"

namespace kvscope::trace {

namespace {

using Json = nlohmann::ordered_json;
using detail::Field;
using detail::fields;

/// Valid UTF-8, with U+FFFD for each byte that is part of none.
std::string replaceInvalid(std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
        const std::size_t length = detail::utf8Length(bytes);
        out += length == 0 ? std::string_view("\xEF\xBF\xBD") : bytes.substr(0, length);
        bytes.remove_prefix(std::max<std::size_t>(1, length));
    }
    return out;
}

Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

/// A float as the double whose shortest text is the float's: 0.1F becomes 0.1, and reads back as the same float.
Json number(float value) {
    return std::isfinite(value) ? Json(std::stod(fmt::format("{}", value))) : Json(nullptr);
}

/// Puts the members of a record into an object.
struct JsonRow {
    Json& object;

    template <typename T>
    void operator()(const Field& field, const T& value) {
        if constexpr (std::is_floating_point_v<T>) {
            object[field.name] = number(value);
        } else if constexpr (std::is_integral_v<T>) {
            object[field.name] = value;
        } else if constexpr (std::is_enum_v<T>) {
            object[field.name] = name(value);
        } else {
            text(field.name, value);
        }
    }
    template <typename T>
    void operator()(const Field& field, detail::SequenceField<T> sequence) {
        object[field.name] = detail::sequenceOut(sequence.value);
    }
    void text(const std::string& key, const std::string& value) {
        if (detail::isUtf8(value)) {
            object[key] = value;
            return;
        }
        object[key] = replaceInvalid(value);
        std::string hex;
        for (const char c : value) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
        object[key + "_hex"] = hex;
    }
};

Json line(const char* type) {
    return Json{{"type", type}, {"schema_version", kSchemaVersion}};
}

void append(std::string& out, const Json& object) {
    out += object.dump();
    out += '\n';
}

void appendHeads(std::string& out, const StepBundle& bundle, const RunInfo& run) {
    for (const HeadMetricRecord& record : bundle.heads) {
        const std::size_t heads = std::max(1U, isPerKvHead(record.metric) ? run.nKvHeads : run.nHeads);
        Json object = line("head_metric");
        object["step"] = bundle.step.step;
        object["metric"] = name(record.metric);
        object["unit"] = unit(record.metric);
        object["sequence"] = detail::sequenceOut(record.sequence);
        Json layers = Json::array();
        for (std::size_t i = 0; i < record.values.size(); ++i) {
            if (i % heads == 0) layers.push_back(Json::array());
            layers.back().push_back(number(record.values[i]));
        }
        object["values"] = std::move(layers);
        append(out, object);
    }
}

void appendStep(std::string& out, const StepBundle& bundle) {
    Json step = line("step");
    JsonRow row{step};
    fields(row, bundle.step);
    append(out, step);
    detail::forEachChild([&]<typename Row>() {
        for (const Row& record : detail::rowsOf<Row>(bundle)) {
            Json object = line(detail::RowTable<Row>::type);
            object["step"] = bundle.step.step;
            JsonRow child{object};
            fields(child, record);
            append(out, object);
        }
    });
}

}  // namespace

Result<void> exportJsonLines(const StepSource& source, const std::filesystem::path& file,
                             const ExportOptions& options) {
    Result<detail::TextFile> out = detail::TextFile::create(file);
    if (!out) return forward(out);
    Json run = line("run");
    JsonRow row{run};
    fields(row, source.run());
    append(out->buffer, run);
    const Result<void> walked = detail::walk(source, options, [&](const StepBundle& bundle) {
        appendStep(out->buffer, bundle);
        if (options.headMetrics) appendHeads(out->buffer, bundle, source.run());
        return out->write();
    });
    return walked ? out->finish() : walked;
}

}  // namespace kvscope::trace
