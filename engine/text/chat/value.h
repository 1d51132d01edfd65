// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/text/chat/budget.h"

namespace kvscope::text {

class Value;
class TemplateObject;

using Values = std::vector<Value>;
using ValuePair = std::pair<Value, Value>;

/// A name or member that is not there; the text says which, for error sentences.
struct Undefined {
    std::shared_ptr<const std::string> what;
};

/// Lists and what behaves like one. An Iterator is what filters such as map give: it has no length and is always true.
enum class ListFlavour { List, Tuple, Iterator, DictKeys, DictValues, DictItems };

struct ListData {
    Values items;
    ListFlavour flavour = ListFlavour::List;
    std::size_t depth = 1;
};

/// Members in the order in which they came.
struct DictData {
    std::vector<ValuePair> items;
    std::size_t depth = 1;
};

/// A value of a template. Immutable and cheap to copy; objects belong to the rendering. Never cyclic: lists and
/// dictionaries are made of values that exist already.
class Value {
  public:
    using StringRef = std::shared_ptr<const std::string>;
    using ListRef = std::shared_ptr<const ListData>;
    using DictRef = std::shared_ptr<const DictData>;

    Value() = default;  ///< none
    explicit Value(bool value) : m_data(value) {}
    explicit Value(std::int64_t value) : m_data(value) {}
    explicit Value(double value) : m_data(value) {}
    explicit Value(TemplateObject* object) : m_data(object) {}

    static Value undefined(std::string what);
    static Value string(std::string text, Budget& budget);
    /// Fails when it is nested deeper than kMaxValueDepth.
    static Value list(Values items, Budget& budget, ListFlavour flavour = ListFlavour::List);
    /// Of equal keys the last one's value stays, at the first one's place.
    static Value dict(const std::vector<ValuePair>& items, Budget& budget);

    [[nodiscard]] bool isUndefined() const { return std::holds_alternative<Undefined>(m_data); }
    [[nodiscard]] bool isNone() const { return std::holds_alternative<std::monostate>(m_data); }
    [[nodiscard]] bool isBool() const { return std::holds_alternative<bool>(m_data); }
    [[nodiscard]] bool isInt() const { return std::holds_alternative<std::int64_t>(m_data); }
    [[nodiscard]] bool isFloat() const { return std::holds_alternative<double>(m_data); }
    [[nodiscard]] bool isNumber() const { return isBool() || isInt() || isFloat(); }
    [[nodiscard]] bool isString() const { return std::holds_alternative<StringRef>(m_data); }
    [[nodiscard]] bool isList() const { return std::holds_alternative<ListRef>(m_data); }
    [[nodiscard]] bool isDict() const { return std::holds_alternative<DictRef>(m_data); }
    [[nodiscard]] bool isObject() const { return std::holds_alternative<TemplateObject*>(m_data); }
    [[nodiscard]] bool isIterator() const { return isList() && list().flavour == ListFlavour::Iterator; }

    // Each only after the question above.
    [[nodiscard]] const std::string& undefinedWhat() const { return *std::get<Undefined>(m_data).what; }
    [[nodiscard]] bool boolean() const { return std::get<bool>(m_data); }
    [[nodiscard]] const std::string& string() const { return *std::get<StringRef>(m_data); }
    [[nodiscard]] const ListData& list() const { return *std::get<ListRef>(m_data); }
    [[nodiscard]] const DictData& dict() const { return *std::get<DictRef>(m_data); }
    [[nodiscard]] TemplateObject& object() const { return *std::get<TemplateObject*>(m_data); }
    /// Of a bool or an integer.
    [[nodiscard]] std::int64_t integer() const;
    /// Of any number.
    [[nodiscard]] double real() const;
    [[nodiscard]] std::size_t depth() const;

    /// Python's word for the type: "str", "int", "dict", …
    [[nodiscard]] std::string_view typeName() const;
    /// An undefined value here is an error; returns the value itself.
    const Value& defined() const;
    /// The member of a dictionary, or nullptr.
    [[nodiscard]] const Value* member(std::string_view key) const;

  private:
    std::variant<std::monostate, Undefined, bool, std::int64_t, double, StringRef, ListRef, DictRef, TemplateObject*>
        m_data;
};

/// Arguments of a call.
struct Arguments {
    Values positional;
    std::vector<std::pair<std::string, Value>> named;

    /// The argument at a position or with that name, or nullptr.
    [[nodiscard]] const Value* find(std::size_t position, std::string_view name) const;
    /// Fails when there are more, or named ones that are not in the list. `what` begins the sentence.
    void expectAtMost(std::size_t count, std::initializer_list<std::string_view> names, std::string_view what) const;
};

class Interpreter;

/// A namespace, a loop, a macro, a function or a bound method. Owned by the rendering.
class TemplateObject {
  public:
    TemplateObject() = default;
    TemplateObject(const TemplateObject&) = delete;
    TemplateObject& operator=(const TemplateObject&) = delete;
    virtual ~TemplateObject() = default;
    /// How it is printed.
    [[nodiscard]] virtual std::string describe() const = 0;
    [[nodiscard]] virtual bool callable() const { return false; }
    /// A member; undefined when there is none.
    [[nodiscard]] virtual Value attribute(const std::string& name, Interpreter& interpreter);
    virtual Value call(const Arguments& arguments, Interpreter& interpreter);
};

}  // namespace kvscope::text
