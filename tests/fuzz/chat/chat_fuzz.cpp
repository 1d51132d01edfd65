// SPDX-License-Identifier: Apache-2.0
// Any bytes as a chat template: no crash, an end within small limits, and a sentence when it is refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/text/chat/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kvscope::text;
    static const ChatJson kMessages = ChatJson::parse(
        R"([{"role": "system", "content": "Sé brief."}, {"role": "user", "content": "Why?", "n": [1, 2.5, null, {"a": true}]}])");
    ChatOptions options;
    options.bosToken = "<s>";
    options.now = std::tm{};
    options.limits.work = 1U << 20;
    options.limits.outputBytes = 1U << 16;
    const auto text = renderChat({reinterpret_cast<const char*>(data), size}, kMessages, options);
    if (text && text->size() > options.limits.outputBytes) std::abort();
    if (!text && text.error().message.size() < 8) std::abort();
    return 0;
}
