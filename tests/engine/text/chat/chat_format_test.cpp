// SPDX-License-Identifier: Apache-2.0
#include "engine/text/chat/chat_format.h"

#include <gtest/gtest.h>

#include "engine/gguf/writer.h"
#include "engine/text/byte_alphabet.h"

namespace kvscope::text {
namespace {

/// A gpt2 tokenizer of bytes with two control tokens, 256 "<s>" and 257 "<|end|>".
gguf::Writer byteFile(bool addBos) {
    gguf::Writer writer;
    writer.addString("tokenizer.ggml.model", "gpt2");
    writer.addString("tokenizer.ggml.pre", "gpt-2");
    std::vector<std::string> tokens;
    for (unsigned byte = 0; byte < 256; ++byte) tokens.emplace_back(byteCharacter(static_cast<unsigned char>(byte)));
    tokens.emplace_back("<s>");
    tokens.emplace_back("<|end|>");
    tokens.emplace_back("ab");
    std::vector<std::int32_t> types(256, 1);
    types.resize(258, 3);
    types.push_back(1);
    writer.addStringArray("tokenizer.ggml.tokens", tokens);
    writer.addInt32Array("tokenizer.ggml.token_type", types);
    writer.addStringArray("tokenizer.ggml.merges", std::vector<std::string>{"a b"});
    writer.addUint32("tokenizer.ggml.bos_token_id", 256);
    writer.addUint32("tokenizer.ggml.eos_token_id", 257);
    writer.addBool("tokenizer.ggml.add_bos_token", addBos);
    return writer;
}

gguf::File opened(const gguf::Writer& writer) {
    auto file = gguf::File::fromBytes(writer.bytes(), "test.gguf");
    EXPECT_TRUE(file) << file.error().text();
    return std::move(*file);
}

const std::string kTemplate =
    "{{ bos_token }}{% for m in messages %}{{ m.role ~ '=' ~ m.content ~ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}assistant={% endif %}";

TEST(ChatFormat, TemplatesOfAFile) {
    gguf::Writer writer = byteFile(true);
    writer.addString("tokenizer.chat_template", kTemplate);
    writer.addString("tokenizer.chat_template.tool_use", "tools!");
    writer.addString("tokenizer.chat_template.rag", "{{ nothing.here }}");
    const gguf::File file = opened(writer);
    const auto format = chatFormatOf(file);
    ASSERT_TRUE(format) << format.error().text();
    EXPECT_EQ(format->bosToken, "<s>");
    EXPECT_EQ(format->eosToken, "<|end|>");
    EXPECT_EQ(format->names, (std::vector<std::string>{"tool_use", "rag"}));
    const auto chat = renderChat(*format, chatMessages("be", "hi"), {});
    ASSERT_TRUE(chat) << chat.error().text();
    EXPECT_EQ(chat->text, "<s>system=be<|end|>user=hi<|end|>assistant=");
    EXPECT_EQ(chat->note, "");
    const auto named = chatFormatOf(file, "tool_use");
    ASSERT_TRUE(named) << named.error().text();
    EXPECT_EQ(renderChat(*named, chatMessages("", "hi"), {})->text, "tools!");
    const auto missing = chatFormatOf(file, "nope");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::BadUsage);
    EXPECT_EQ(missing.error().text(), "test.gguf: it has no chat template named 'nope'; named ones: tool_use, rag");
    const auto failing = renderChat(*chatFormatOf(file, "rag"), chatMessages("", "hi"), {});
    ASSERT_TRUE(failing);
    EXPECT_EQ(failing->text, "User: hi\n\nAssistant:");
    EXPECT_EQ(failing->note,
              "chat template: line 1: 'nothing' is undefined; the conversation is written plainly, as \"User: … "
              "Assistant:\"");
}

TEST(ChatFormat, WithoutATemplateThePlainForm) {
    const gguf::File file = opened(byteFile(true));
    const auto format = chatFormatOf(file);
    ASSERT_TRUE(format) << format.error().text();
    const ChatJson messages = ChatJson::parse(
        R"([{"role": "system", "content": "S"}, {"role": "user", "content": [{"type": "text", "text": "U"}, {"type": "image"}]},
            {"role": "assistant", "content": "A"}, {"role": "user"}])");
    const auto chat = renderChat(*format, messages, {});
    ASSERT_TRUE(chat);
    EXPECT_EQ(chat->text, "System: S\n\nUser: U\n\nAssistant: A\n\nUser: \n\nAssistant:");
    EXPECT_EQ(chat->note.substr(0, 31), "the model has no chat template;");
}

TEST(ChatFormat, MessagesAreChecked) {
    for (const char* text : {"{}", "[1]", "[{}]", R"([{"role": 1}])", "null"}) {
        const auto chat = renderChat(ChatFormat{}, ChatJson::parse(text), {});
        ASSERT_FALSE(chat) << text;
        EXPECT_EQ(chat.error().kind, ErrorKind::BadUsage);
    }
}

TEST(ChatFormat, OneBeginTokenWhoeverWritesIt) {
    for (const bool addBos : {false, true}) {
        const gguf::File file = opened(byteFile(addBos));
        const auto tokenizer = makeTokenizer(file);
        ASSERT_TRUE(tokenizer) << tokenizer.error().text();
        const std::vector<TokenId> withBos{256, 'h', 'i', 257}, without{'h', 'i', 257};
        EXPECT_EQ(*encodeChat(**tokenizer, "<s>hi<|end|>"), withBos);
        EXPECT_EQ(*encodeChat(**tokenizer, "hi<|end|>"), addBos ? withBos : without);
        EXPECT_EQ(encodeChat(**tokenizer, "")->size(), addBos ? 1U : 0U);
    }
}

}  // namespace
}  // namespace kvscope::text
