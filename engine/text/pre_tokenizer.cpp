// SPDX-License-Identifier: Apache-2.0
#include "engine/text/pre_tokenizer.h"

#include <array>
#include <cstdint>

#include "engine/text/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace kvscope::text {
namespace {

struct CodeDeleter {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct MatchDeleter {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
using MatchData = std::unique_ptr<pcre2_match_data, MatchDeleter>;

/// Unicode White_Space. PCRE2's own \s also has U+180E, which left that property in Unicode 6.3.
constexpr std::string_view kWhiteSpace =
    R"(\x{9}-\x{D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

std::string withWhiteSpace(std::string_view pattern) {
    std::string expanded;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '\\' || i + 1 == pattern.size()) {
            expanded += pattern[i];
        } else if (pattern[++i] == 's') {
            expanded += kWhiteSpace;
        } else {
            expanded += '\\';
            expanded += pattern[i];
        }
    }
    return expanded;
}

std::string messageOf(int code) {
    std::array<PCRE2_UCHAR, 256> buffer{};
    pcre2_get_error_message(code, buffer.data(), buffer.size());
    return reinterpret_cast<const char*>(buffer.data());
}

/// Bytes of the longest beginning of `text` that is UTF-8 throughout, or that has no UTF-8 in it at all.
std::size_t uniformRun(std::string_view text, bool& whole) {
    std::size_t end = 0;
    while (end < text.size()) {
        const auto prefix = utf8Prefix(text.substr(end));
        const bool isWhole = prefix.state == Utf8State::Whole;
        if (end == 0) whole = isWhole;
        if (isWhole != whole) break;
        end += prefix.bytes;
    }
    return end;
}

}  // namespace

struct PreTokenizer::Stage {
    std::unique_ptr<pcre2_code, CodeDeleter> code;
};

struct PreTokenizer::Scan {
    pcre2_match_data* match;
    std::vector<std::string_view>& pieces;
};

PreTokenizer::PreTokenizer(std::string name, std::vector<Stage> stages)
    : m_name(std::move(name)), m_stages(std::move(stages)) {}
PreTokenizer::PreTokenizer(PreTokenizer&&) noexcept = default;
PreTokenizer& PreTokenizer::operator=(PreTokenizer&&) noexcept = default;
PreTokenizer::~PreTokenizer() = default;

Result<PreTokenizer> PreTokenizer::compile(std::string name, std::span<const std::string_view> stages) {
    std::vector<Stage> compiled;
    for (const auto pattern : stages) {
        const std::string text = withWhiteSpace(pattern);
        int code = 0;
        PCRE2_SIZE offset = 0;
        Stage stage{std::unique_ptr<pcre2_code, CodeDeleter>(pcre2_compile(
            reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), PCRE2_UTF | PCRE2_UCP, &code, &offset, nullptr))};
        if (!stage.code) {
            return fail(ErrorKind::Internal, fmt::format("pre-tokenizer {}", name),
                        "the expression \"{}\" does not compile at {}: {}", pattern, offset, messageOf(code));
        }
        // Without a just-in-time compiler (an error here) matching is slower but the same.
        pcre2_jit_compile(stage.code.get(), PCRE2_JIT_COMPLETE);
        compiled.push_back(std::move(stage));
    }
    return PreTokenizer(std::move(name), std::move(compiled));
}

Result<void> PreTokenizer::split(std::string_view text, std::vector<std::string_view>& pieces) const {
    const MatchData match(pcre2_match_data_create(1, nullptr));
    if (!match) return fail(ErrorKind::OutOfMemory, "", "no memory for splitting a text into words");
    const Scan scan{match.get(), pieces};
    while (!text.empty()) {
        bool whole = false;
        const auto run = text.substr(0, uniformRun(text, whole));
        text.remove_prefix(run.size());
        if (auto done = splitFrom(whole ? 0 : m_stages.size(), run, scan); !done) return done;
    }
    return {};
}

Result<void> PreTokenizer::splitFrom(std::size_t stage, std::string_view text, const Scan& scan) const {
    if (text.empty()) return {};
    if (stage == m_stages.size()) {
        scan.pieces.push_back(text);
        return {};
    }
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    const pcre2_code* code = m_stages[stage].code.get();
    std::size_t at = 0;
    while (at < text.size()) {
        int found = pcre2_match(code, subject, text.size(), at, PCRE2_NO_UTF_CHECK, scan.match, nullptr);
        if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
            found = pcre2_match(code, subject, text.size(), at, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, scan.match, nullptr);
        }
        if (found == PCRE2_ERROR_NOMATCH) break;
        if (found < 0) {
            return fail(ErrorKind::Unsupported, fmt::format("pre-tokenizer {}", m_name),
                        "splitting {} bytes of text into words stopped at byte {}: {}", text.size(), at,
                        messageOf(found));
        }
        const auto* bounds = pcre2_get_ovector_pointer(scan.match);
        const std::size_t begin = bounds[0];
        const std::size_t end = bounds[1];
        if (end <= begin) break;  // an empty match splits nothing
        if (auto done = splitFrom(stage + 1, text.substr(at, begin - at), scan); !done) return done;
        if (auto done = splitFrom(stage + 1, text.substr(begin, end - begin), scan); !done) return done;
        at = end;
    }
    return splitFrom(stage + 1, text.substr(at), scan);
}

}  // namespace kvscope::text
