// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/policy/syntax.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/cache/policy/known_methods.h"
#include "engine/cache/policy/lexer.h"
#include "engine/cache/policy/messages.h"

namespace kvscope::cache {
namespace {

constexpr std::array<std::string_view, 5> kAxes = {"share", "encode", "keep", "read", "positions"};
constexpr std::array<std::string_view, 2> kPositions = {"original", "renumbered"};
constexpr std::array kRoles = {Role::Key, Role::Value, Role::Latent, Role::Index};

std::optional<Role> roleOf(std::string_view word) {
    const auto* const found = std::ranges::find(kRoles, word, roleWord);
    return found == kRoles.end() ? std::nullopt : std::optional(*found);
}

/// Recursive descent over the tokens of one text; every function leaves the cursor behind what it read.
class SyntaxParser {
  public:
    explicit SyntaxParser(std::vector<Token> tokens) : m_tokens(std::move(tokens)) {}

    Result<PolicyTree> parse() {
        skipSpace();
        if (peek().kind == TokenKind::End)
            return policyError("", peek().column, "the policy is empty; write exact, or clauses such as encode=q8_0");
        if (peek().kind == TokenKind::Word && peek().text == "exact") return parseExact();
        while (peek().kind != TokenKind::End) {
            if (const auto clause = parseClause(); !clause) return forward(clause);
            const bool separated = peek().kind == TokenKind::Space;
            if (!separated && peek().kind != TokenKind::End) return unexpectedHere();
            skipSpace();
        }
        return std::move(m_tree);
    }

  private:
    [[nodiscard]] const Token& peek(std::size_t ahead = 0) const {
        return m_tokens[std::min(m_at + ahead, m_tokens.size() - 1)];
    }
    void skipSpace() {
        if (peek().kind == TokenKind::Space) ++m_at;
    }
    bool accept(char symbol) {
        if (!peek().is(symbol)) return false;
        ++m_at;
        return true;
    }
    [[nodiscard]] std::unexpected<Error> failHere(std::string_view message) const {
        const std::string axis = m_axis.empty() ? std::string() : fmt::format("{}: ", m_axis);
        return policyError(peek().text, peek().column, axis + std::string(message));
    }
    /// What stands behind a complete member or argument list and fits nowhere.
    [[nodiscard]] std::unexpected<Error> unexpectedHere() const {
        if (peek().is(',') && m_axis != "encode") return failHere("members are joined by '+', clauses by a space");
        if (peek().is(':')) return failHere("only encode has parts, and they are k: v: latent: index:");
        if (peek().is('=')) return failHere("a second '=' has no place here; a new clause begins after a space");
        if (m_axis == "keep") return failHere("expected '+', '@', '/', '~' (in this order), a space or the end");
        if (m_axis == "read" || m_axis == "positions") return failHere("one member only: expected a space or the end");
        return failHere("expected '+', a space and the next clause, or the end");
    }

    Result<PolicyTree> parseExact() {
        ++m_at;
        skipSpace();
        if (peek().kind != TokenKind::End)
            return failHere("'exact' stands alone: it is every axis native with rows in f32");
        m_tree.exact = true;
        return std::move(m_tree);
    }

    Result<void> parseClause() {
        m_axis = {};
        const Token word = peek();
        if (word.kind != TokenKind::Word) {
            return failHere("a clause begins with share=, encode=, keep=, read= or positions=, and holds no space");
        }
        if (std::ranges::find(kAxes, word.text) == kAxes.end()) return unknownAxis(word);
        if (std::ranges::find(m_seen, word.text) != m_seen.end())
            return failHere(fmt::format("the axis {} is named twice", word.text));
        m_seen.push_back(word.text);
        ++m_at;
        m_axis = word.text;
        if (!accept('=')) return failHere(fmt::format("expected '=' right after '{}'", word.text));
        if (m_axis == "share") return parseChainInto(m_tree.share);
        if (m_axis == "encode") return parseEncode();
        if (m_axis == "keep") return parseKeep();
        if (m_axis == "read") return parseMemberInto(m_tree.read);
        return parsePositions();
    }

    [[nodiscard]] std::unexpected<Error> unknownAxis(const Token& word) const {
        constexpr std::string_view kAxisList = "the axes are share, encode, keep, read, positions";
        if (word.text == "exact") return failHere("'exact' stands alone, without clauses");
        const std::string_view axis = axisOfName(word.text);
        if (!axis.empty() && !peek(1).is('=')) {
            return failHere(fmt::format(
                "this is no axis; did you mean {}={}? a clause holds no space, '+' joins members", axis, word.text));
        }
        const bool alone = m_seen.empty() && !peek(1).is('=');
        if (alone && editDistance(word.text, "exact") == 1) return failHere("this is no axis; did you mean 'exact'?");
        const std::string hint = didYouMean(word.text, kAxes);
        return failHere(fmt::format("this is no axis{} {}", hint.empty() ? ";" : hint, kAxisList));
    }

    Result<void> parsePositions() {
        const Token word = peek();
        if (word.kind != TokenKind::Word || std::ranges::find(kPositions, word.text) == kPositions.end()) {
            return failHere(fmt::format("expected original or renumbered{}",
                                        word.kind == TokenKind::Word ? didYouMean(word.text, kPositions) : ""));
        }
        ++m_at;
        m_tree.positions = word.text == "original" ? Positions::Original : Positions::Renumbered;
        return {};
    }

    Result<void> parseEncode() {
        if (!(peek().kind == TokenKind::Word && peek(1).is(':'))) {
            m_tree.encode.emplace_back();
            if (const auto chain = parseChainInto(m_tree.encode.back().chain); !chain) return chain;
            if (peek().is(',')) {
                return failHere("either one chain for keys and values, or parts such as k:q8_0,v:q4_0; not both");
            }
            return {};
        }
        do {
            const Token word = peek();
            const auto role = word.kind == TokenKind::Word ? roleOf(word.text) : std::nullopt;
            if (!role || !peek(1).is(':')) return failHere("expected a part: k:, v:, latent: or index:");
            const auto same = [role](const EncodeNode& node) { return node.role == role; };
            if (std::ranges::any_of(m_tree.encode, same))
                return failHere(fmt::format("the part {}: is named twice", word.text));
            m_at += 2;
            m_tree.encode.push_back({role, {}});
            if (const auto chain = parseChainInto(m_tree.encode.back().chain); !chain) return chain;
        } while (accept(','));
        return {};
    }

    Result<void> parseKeep() {
        if (const auto chain = parseChainInto(m_tree.keep); !chain) return chain;
        const std::array<std::pair<char, std::optional<MemberNode>*>, 3> suffixes = {
            {{'@', &m_tree.budget}, {'/', &m_tree.schedule}, {'~', &m_tree.fate}}};
        for (const auto& [symbol, target] : suffixes) {
            if (!accept(symbol)) continue;
            if (const auto member = parseMemberInto(*target); !member) return member;
        }
        return {};
    }

    Result<void> parseChainInto(std::vector<MemberNode>& chain) {
        do {
            auto member = parseMember();
            if (!member) return forward(member);
            chain.push_back(std::move(*member));
        } while (accept('+'));
        return {};
    }

    Result<void> parseMemberInto(std::optional<MemberNode>& target) {
        auto member = parseMember();
        if (!member) return forward(member);
        target = std::move(*member);
        return {};
    }

    /// What to say where a member's name should stand: the names that the axis has.
    [[nodiscard]] std::string expectedMember() const {
        std::vector<std::string_view> names;
        for (const MemberInfo& member : members()) {
            if (axisWord(member.place) == m_axis) names.push_back(member.name);
        }
        return fmt::format("expected a member's name{}; available: {}",
                           peek().kind == TokenKind::Space ? ", a clause holds no space" : "",
                           listed(names, "none in this version"));
    }

    Result<MemberNode> parseMember() {
        if (peek().kind != TokenKind::Word) return failHere(expectedMember());
        MemberNode member{std::string(peek().text), peek().column, {}, {}};
        if (roleOf(member.name)) return failHere("k, v, latent and index are reserved for the parts of encode");
        ++m_at;
        if (!accept('(')) return member;
        if (accept(')')) return member;
        do {
            auto argument = parseArgument(member);
            if (!argument) return forward(argument);
            member.arguments.push_back(std::move(*argument));
        } while (accept(','));
        if (peek().is('(')) return failHere("members do not nest: an argument is a number or a name");
        if (!accept(')')) return failHere(fmt::format("expected ',' or ')' in the arguments of {}", member.name));
        return member;
    }

    Result<ArgumentNode> parseArgument(const MemberNode& member) {
        if (peek().kind == TokenKind::Space) return failHere("a clause holds no space, brackets included");
        ArgumentNode argument;
        if (peek().kind == TokenKind::Word && peek(1).is('=')) {
            argument.name = peek().text;
            argument.nameColumn = peek().column;
            m_at += 2;
        } else if (!member.arguments.empty() && !member.arguments.back().name.empty() &&
                   (peek().kind == TokenKind::Word || peek().kind == TokenKind::Number)) {
            return failHere("arguments by position come before named ones");
        }
        const Token value = peek();
        argument.text = value.text;
        argument.column = value.column;
        if (value.kind == TokenKind::Word) {
            argument.value = std::string(value.text);
        } else if (value.kind == TokenKind::Number) {
            double number = 0;
            std::from_chars(value.text.data(), value.text.data() + value.text.size(), number, std::chars_format::fixed);
            argument.value = number;
        } else {
            return failHere(fmt::format("expected an argument of {}: a number or a name", member.name));
        }
        ++m_at;
        return argument;
    }

    std::vector<Token> m_tokens;
    std::size_t m_at = 0;
    std::string_view m_axis;
    std::vector<std::string_view> m_seen;
    PolicyTree m_tree;
};

}  // namespace

std::string_view roleWord(Role role) {
    switch (role) {
        case Role::Key:
            return "k";
        case Role::Value:
            return "v";
        case Role::Latent:
            return "latent";
        case Role::Index:
            return "index";
    }
    return "";
}

Result<PolicyTree> parseSyntax(std::string_view text) {
    auto tokens = lexPolicy(text);
    if (!tokens) return forward(tokens);
    return SyntaxParser(std::move(*tokens)).parse();
}

}  // namespace kvscope::cache
