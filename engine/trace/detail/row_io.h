// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include "engine/trace/detail/fields.h"
#include "engine/trace/detail/sqlite.h"
#include "engine/trace/detail/utf8.h"
#include "engine/trace/names.h"

namespace kvscope::trace::detail {

/// The number under which a sequence is stored and exported: kAllSequences is -1.
[[nodiscard]] constexpr std::int64_t sequenceOut(std::uint32_t sequence) {
    return sequence == kAllSequences ? -1 : static_cast<std::int64_t>(sequence);
}

/// Binds the members of a record to the parameters of an INSERT, from `next` on.
class Binder {
  public:
    Binder(Statement& statement, int next) : m_statement(statement), m_next(next) {}

    template <typename T>
    void operator()(const Field&, const T& value) {
        const int index = m_next++;
        if constexpr (std::is_floating_point_v<T>) {
            m_statement.bind(index, static_cast<double>(value));
        } else if constexpr (std::is_integral_v<T>) {
            m_statement.bind(index, static_cast<std::int64_t>(value));  // modulo 2^64: large unsigned ones go negative
        } else if constexpr (std::is_enum_v<T>) {
            m_statement.bindText(index, name(value));
        } else {
            bindString(index, value);
        }
    }
    template <typename T>
    void operator()(const Field&, SequenceField<T> sequence) {
        m_statement.bind(m_next++, sequenceOut(sequence.value));
    }
    [[nodiscard]] int next() const { return m_next; }

  private:
    /// Bytes that are no text go in as a blob: TEXT must be valid UTF-8 for whoever queries the file.
    void bindString(int index, const std::string& value) {
        if (isUtf8(value) && value.find('\0') == std::string::npos) {
            m_statement.bindText(index, value);
        } else {
            m_statement.bindBlob(index, std::as_bytes(std::span(value)));
        }
    }

    Statement& m_statement;
    int m_next;
};

/// Fills the members of a record from the columns of a row, from `next` on. The first value that does not fit is kept
/// as a sentence in problem().
class Loader {
  public:
    Loader(const Statement& statement, int next) : m_statement(statement), m_next(next) {}

    template <typename T>
    void operator()(const Field& field, T& value) {
        const int column = m_next++;
        if constexpr (std::is_floating_point_v<T>) {
            real(field, column, value);
        } else if constexpr (std::is_integral_v<T>) {
            integer(field, column, value);
        } else if constexpr (std::is_enum_v<T>) {
            const std::string_view text = string(field, column);
            if (m_problem.empty() && !fromName(text, value)) complain(field, "holds a name that is not known");
        } else {
            value = string(field, column);
        }
    }
    template <typename T>
    void operator()(const Field& field, SequenceField<T> sequence) {
        const int column = m_next++;
        if (m_statement.type(column) == ValueType::Integer && m_statement.integer(column) == -1) {
            sequence.value = kAllSequences;
        } else {
            integer(field, column, sequence.value);
        }
    }
    [[nodiscard]] const std::string& problem() const { return m_problem; }
    [[nodiscard]] int next() const { return m_next; }

  private:
    void complain(const Field& field, const char* what) {
        if (m_problem.empty()) m_problem = fmt::format("column {} {}", field.name, what);
    }
    template <typename T>
    void integer(const Field& field, int column, T& value) {
        if (m_statement.type(column) != ValueType::Integer) return complain(field, "holds no integer");
        const std::int64_t stored = m_statement.integer(column);
        if constexpr (std::is_same_v<T, bool>) {
            if (stored != 0 && stored != 1) return complain(field, "holds neither 0 nor 1");
        } else if constexpr (sizeof(T) < 8) {
            if (!std::in_range<T>(stored)) return complain(field, "holds a number that is out of range");
        }
        value = static_cast<T>(stored);
    }
    template <typename T>
    void real(const Field& field, int column, T& value) {
        const ValueType type = m_statement.type(column);
        value = std::numeric_limits<T>::quiet_NaN();
        if (type == ValueType::Null) return;
        if (type != ValueType::Real && type != ValueType::Integer) return complain(field, "holds no number");
        const double stored = m_statement.real(column);
        if (std::isfinite(stored) && std::abs(stored) > static_cast<double>(std::numeric_limits<T>::max())) {
            return complain(field, "holds a number that is out of range");
        }
        value = static_cast<T>(stored);
    }
    std::string_view string(const Field& field, int column) {
        const ValueType type = m_statement.type(column);
        if (type == ValueType::Text || type == ValueType::Blob) return m_statement.bytes(column);
        complain(field, "holds no text");
        return {};
    }

    const Statement& m_statement;
    int m_next;
    std::string m_problem;
};

}  // namespace kvscope::trace::detail
