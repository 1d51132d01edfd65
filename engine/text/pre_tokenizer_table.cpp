// SPDX-License-Identifier: Apache-2.0
#include "engine/text/pre_tokenizer_table.h"

#include <array>

#include "engine/text/join_texts.h"

namespace kvscope::text {
namespace {

// The rules of architectures.md 17.4 and those published with the models (tokenizer.json), in parts that they share.
// Inside brackets \s is Unicode White_Space (see PreTokenizer::compile). `kOr...` begin with the bar.

/// English contractions, in lower case and in either case.
constexpr std::string_view kLowerContraction = R"('(?:[stmd]|re|ve|ll))";
constexpr std::string_view kContraction = R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))";
constexpr std::string_view kMaybeContraction = R"((?:'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))?)";

/// Letters with any one character before them that is no letter, number or line end.
constexpr std::string_view kWord = R"([^\r\n\p{L}\p{N}]?\p{L}+)";
constexpr std::string_view kOrWord = R"(|[^\r\n\p{L}\p{N}]?\p{L}+)";

constexpr std::string_view kOrOneNumber = R"(|\p{N})";
constexpr std::string_view kOrThreeNumbers = R"(|\p{N}{1,3})";
constexpr std::string_view kOrNumbers = R"(|\p{N}+)";

/// Symbols with a space before them; with the line ends (and slashes) behind them.
constexpr std::string_view kOrSymbols = R"(| ?[^\s\p{L}\p{N}]+)";
constexpr std::string_view kOrSymbolsAndLineEnds = R"(| ?[^\s\p{L}\p{N}]+[\r\n]*)";
constexpr std::string_view kOrSymbolsAndSlashes = R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*)";

/// White space: up to its last line end; all but the last one before a word; the rest.
constexpr std::string_view kOrTail = R"(|[\s]+(?![^\s]))";
constexpr std::string_view kOrSpace = R"(|[\s]*[\r\n]+|[\s]+(?![^\s])|[\s]+)";
constexpr std::string_view kOrSpaceOneLineEnd = R"(|[\s]*[\r\n]|[\s]+(?![^\s])|[\s]+)";

/// Rule B: contractions, then words, numbers and symbols with a space before them, then white space.
constexpr std::string_view kSpacedWords = R"(| ?\p{L}+| ?\p{N}+)";
constexpr auto kRuleB = kJoined<kLowerContraction, kSpacedWords, kOrSymbols, kOrTail>;

/// Rule A, and with each number character on its own.
constexpr auto kRuleA = kJoined<kContraction, kOrWord, kOrThreeNumbers, kOrSymbolsAndLineEnds, kOrSpace>;
constexpr auto kRuleASingle = kJoined<kContraction, kOrWord, kOrOneNumber, kOrSymbolsAndLineEnds, kOrSpace>;

/// Words in which capitals come first: "Camel" "Case", "HTTP". The second form is all capitals, or capitals and more.
constexpr std::string_view kCased = R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)";
constexpr std::string_view kOrCapitals =
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)";
constexpr auto kGpt4oWords = kJoined<kCased, kMaybeContraction, kOrCapitals, kMaybeContraction>;

/// DeepSeek: letters behind punctuation, words with their marks, symbols.
constexpr std::string_view kMarkedWords = R"([!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)";
constexpr std::string_view kOrPunctuation = R"(| ?[\p{P}\p{S}]+)";
constexpr std::string_view kOrPunctuationAndLineEnds = R"(| ?[\p{P}\p{S}]+[\r\n]*)";
constexpr std::string_view kThreeNumbers = R"(\p{N}{1,3})";
constexpr std::string_view kOneNumber = R"(\p{N})";
constexpr std::string_view kNumbers = R"(\p{N}+)";
constexpr std::string_view kHanAndKana = R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)";
constexpr std::string_view kEastAsian = R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)";
constexpr std::string_view kLineEnd = R"([\r\n])";

/// Letters that have a case, without those of the blocks that DeepSeek LLM leaves out.
constexpr std::string_view kSpacedCasedLetters =
    R"([\s]?[)"
    R"(\x{41}-\x{5A}\x{61}-\x{7A}\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293})"
    R"(\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C})"
    R"(\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556}\x{10A0}-\x{10C5})"
    R"(\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77})"
    R"(\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57})"
    R"(\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4})"
    R"(\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC})"
    R"(\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D})"
    R"(\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}\x{2C00}-\x{2C7B})"
    R"(\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F})"
    R"(\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A})"
    R"(\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2})"
    R"(\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943})"
    R"(]+)";

// Stages. Groups of three digits from the right: the one or two that are over, then threes.
constexpr std::string_view kDigitsOver = R"((?<!\p{Nd})\p{Nd}{1,2}(?=(?:\p{Nd}{3})+(?!\p{Nd})))";
constexpr std::string_view kThreeDigits = "[0-9]{3}";

constexpr std::array kGpt2{kRuleB};
constexpr std::array kLlama3{kRuleA};
constexpr std::array kQwen2{kRuleASingle};
constexpr std::array kSmolLm{kOneNumber, kRuleB};
constexpr std::array<std::string_view, 4> kDefault{R"([\p{P}$+<=>^~|]+)", kRuleB, kNumbers, kThreeDigits};
constexpr std::array<std::string_view, 3> kFalcon{R"([\p{P}$+<=>^~|`]+)", kRuleB, kThreeDigits};

constexpr std::string_view kOrSymbolsWithoutMarks = R"(| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)";
constexpr std::string_view kOrMarkedWord = R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+)";
constexpr std::array kQwen35{kJoined<kContraction, kOrMarkedWord, kOrOneNumber, kOrSymbolsWithoutMarks, kOrSpace>};

constexpr std::array<std::string_view, 6> kDeepSeekLlm{
    kLineEnd,
    kSpacedCasedLetters,
    R"([\s]?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)",
    R"((?<![\s])[\s]+\z)",  // what stands before it changes nothing but spares a search from each space of a run
    kEastAsian,
    kNumbers};
constexpr std::array<std::string_view, 5> kDeepSeekCoder{kLineEnd, R"([\s]?\p{L}+)", R"([\s]?\p{P}+)", kEastAsian,
                                                         kOneNumber};
constexpr std::array kDeepSeekV3{kThreeNumbers, kHanAndKana,
                                 kJoined<kMarkedWords, kOrPunctuationAndLineEnds, kOrSpace>};
constexpr std::string_view kOrLineEnd = R"(|[\r\n]|[\s]+(?![^\s])|[\s]+)";
constexpr std::array kSpark{kThreeNumbers, kHanAndKana, kJoined<kMarkedWords, kOrPunctuation, kOrLineEnd>, kOneNumber};

constexpr std::array kTekken{kJoined<kCased, kOrCapitals, kOrOneNumber, kOrSymbolsAndSlashes, kOrSpace>};
constexpr std::array kGpt4o{kJoined<kGpt4oWords, kOrThreeNumbers, kOrSymbolsAndSlashes, kOrSpace>};
constexpr std::array kYoutu{
    std::string_view(R"([\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+)"
                     R"(|[\x{FF01}\x{2026}\x{201C}\x{201D}\x{2018}\x{2019}\x{2014}\x{FF1A}\x{FF1B}\x{FF0C})"
                     R"(\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+|[\x{3105}-\x{312F}]+)"
                     R"(|[\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)"),
    kJoined<kGpt4oWords, kOrOneNumber, kOrSymbolsAndSlashes, kOrSpace>};
/// Runs of digits that end at no letter, cut into threes from the right (\G goes on where the last three ended).
constexpr std::array<std::string_view, 4> kTinyAya{R"((?<!\p{Nd})\p{Nd}++(?!\w))",
                                                   R"(\A\p{Nd}{1,2}(?=(?:\p{Nd}{3})+\z))",
                                                   R"((?:\A(?=\p{Nd}++\z)|\G(?!\A))\p{Nd}{3})", kGpt4o[0]};

constexpr std::string_view kNotPoroMark = R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{964}\x{6D4}\x{60C})]+)";
constexpr std::array kPoro{kNotPoroMark};
constexpr std::array kViking{kNotPoroMark, kOneNumber};

constexpr std::string_view kOrSpaceInPowers =
    R"(|[\s]*[\r\n]+|[\s]{512}(?![^\s])|[\s]{256}(?![^\s])|[\s]{128}(?![^\s])|[\s]{64}(?![^\s])|[\s]{32}(?![^\s]))"
    R"(|[\s]{16}(?![^\s])|[\s]{8}(?![^\s])|[\s]{4}(?![^\s])|[\s]{1,2}(?![^\s])|[\s])";
constexpr std::array kJais2{kJoined<kContraction, kOrWord, kOrThreeNumbers, kOrSymbolsAndLineEnds, kOrSpaceInPowers>};
constexpr std::array kBailing{kJoined<kContraction, kOrWord, kOrOneNumber, kOrSymbolsAndLineEnds, kOrSpaceOneLineEnd>};
constexpr std::string_view kOrSymbolsInLine = R"(| ?[^\s\p{L}\p{N}\r\n]+)";
constexpr std::array kSeedCoder{kJoined<kContraction, kOrWord, kOrOneNumber, kOrSymbolsInLine, kOrSpace>};
constexpr std::string_view kOrSpacedLetters = R"(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*+(?: \p{L}\p{M}*+)*+)++)";
constexpr std::string_view kOrSymbolsAndOneSlash = R"(| ?[^\s\p{L}\p{N}]+[\r\n/]?)";
constexpr std::array kExaoneMoe{
    kJoined<kContraction, kOrSpacedLetters, kOrOneNumber, kOrSymbolsAndOneSlash, kOrSpaceOneLineEnd>};
constexpr std::array kUfakzeka{kJoined<kWord, kOrOneNumber, kOrSymbolsAndLineEnds, kOrSpace>};
constexpr std::array kMiniCpm5{kThreeNumbers,
                               kJoined<kContraction, kOrWord, kOrNumbers, kOrSymbolsAndLineEnds, kOrSpace>};
constexpr std::string_view kLines = R"([^\n]+|[\n]+)";
constexpr std::array kLaguna{kLines, kRuleASingle};
constexpr std::array kGemma4{kLines};
constexpr std::array<std::string_view, 3> kSuperBpe{kNumbers, kDigitsOver, R"(\p{Nd}{3})"};
constexpr std::array<std::string_view, 6> kChameleon{"<sentinel:[0-9]+>", "IMGIMG[A-I]{1,4}Z",       "[\\t\\n]|    |  ",
                                                     kOneNumber,          R"([\p{P}!-/:-@\[-`{-~])", kRuleB};

constexpr std::array kRules{
    PreTokenizerRule{.names = "default", .stages = kDefault, .cleansSpaces = true},
    PreTokenizerRule{.names = "gpt-2 phi-2 olmo exaone4 modern-bert mpt jais gigachat mellum a.x-4.0 jina-es jina-de "
                              "jina-v2-es jina-v2-de jina-v1-en jina-v2-code roberta-bpe",
                     .stages = kGpt2,
                     .cleansSpaces = true},
    PreTokenizerRule{.names = "trillion granite-docling", .stages = kGpt2},
    PreTokenizerRule{.names = "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
                     .stages = kLlama3,
                     .addsBos = true,
                     .wholeWords = true,
                     .cleansSpaces = true},
    PreTokenizerRule{.names = "dbrx smaug-bpe chatglm-bpe glm4", .stages = kLlama3, .cleansSpaces = true},
    PreTokenizerRule{
        .names = "starcoder refact codeshell exaone minerva-7b mellum2", .stages = kSmolLm, .cleansSpaces = true},
    PreTokenizerRule{.names = "smollm command-r", .stages = kSmolLm},
    PreTokenizerRule{.names = "qwen2 deepseek-r1-qwen kormo f2llmv2 hunyuan solar-open grok-2", .stages = kQwen2},
    PreTokenizerRule{.names = "stablelm2 megrez", .stages = kQwen2, .cleansSpaces = true},
    PreTokenizerRule{.names = "qwen35", .stages = kQwen35},
    PreTokenizerRule{.names = "falcon", .stages = kFalcon, .cleansSpaces = true},
    PreTokenizerRule{.names = "deepseek-llm", .stages = kDeepSeekLlm},
    PreTokenizerRule{.names = "deepseek-coder", .stages = kDeepSeekCoder},
    PreTokenizerRule{.names = "deepseek-v3 joyai-llm hunyuan-dense hy_v4", .stages = kDeepSeekV3},
    PreTokenizerRule{.names = "spark2_5", .stages = kSpark},
    PreTokenizerRule{.names = "tekken", .stages = kTekken, .addsBos = true, .wholeWords = true},
    PreTokenizerRule{.names = "gpt-4o llama4 kanana2 talkie minimax-m2", .stages = kGpt4o},
    PreTokenizerRule{.names = "youtu", .stages = kYoutu, .wholeWords = true},
    PreTokenizerRule{.names = "tiny_aya cohere2moe", .stages = kTinyAya},
    PreTokenizerRule{.names = "poro-chat", .stages = kPoro},
    PreTokenizerRule{.names = "bloom gpt3-finnish", .stages = kPoro, .cleansSpaces = true},
    PreTokenizerRule{.names = "viking", .stages = kViking},
    PreTokenizerRule{.names = "jais-2", .stages = kJais2, .cleansSpaces = true},
    PreTokenizerRule{.names = "bailingmoe bailingmoe2 llada-moe", .stages = kBailing},
    PreTokenizerRule{.names = "seed-coder", .stages = kSeedCoder},
    PreTokenizerRule{.names = "exaone-moe", .stages = kExaoneMoe, .cleansSpaces = true},
    PreTokenizerRule{.names = "ufakzeka", .stages = kUfakzeka},
    PreTokenizerRule{.names = "minicpm5", .stages = kMiniCpm5, .wholeWords = true, .cleansSpaces = true},
    PreTokenizerRule{.names = "laguna", .stages = kLaguna},
    PreTokenizerRule{.names = "superbpe", .stages = kSuperBpe},
    PreTokenizerRule{.names = "chameleon", .stages = kChameleon, .addsBos = true},
    PreTokenizerRule{.names = "gemma4", .stages = kGemma4, .addsBos = true, .cleansSpaces = true},
};

bool hasName(std::string_view names, std::string_view name) {
    while (!names.empty()) {
        const std::size_t space = names.find(' ');
        if (names.substr(0, space) == name) return true;
        if (space == std::string_view::npos) break;
        names.remove_prefix(space + 1);
    }
    return false;
}

}  // namespace

std::span<const PreTokenizerRule> preTokenizerRules() {
    return kRules;
}

const PreTokenizerRule* findPreTokenizerRule(std::string_view name) {
    for (const auto& rule : kRules) {
        if (hasName(rule.names, name)) return &rule;
    }
    return nullptr;
}

}  // namespace kvscope::text
