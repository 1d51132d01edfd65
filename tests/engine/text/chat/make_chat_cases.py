#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes data/chats.json and data/expressions.json: what jinja2, set up as transformers sets it up, renders. null as the
expected text: jinja2 refuses the template or its conversation. Needs the package jinja2.

  python3 tests/engine/text/chat/make_chat_cases.py [SmolLM2's GGUF file, for data/smollm2.json]
"""

import datetime
import json
import sys
from pathlib import Path

import jinja2
import jinja2.ext
import jinja2.nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from expression_cases import EXPRESSIONS, VARIABLES
from family_templates import FAMILIES

DATA = Path(__file__).parent / "data"
NOW = datetime.datetime(2024, 7, 6, 9, 5, 3)


class Generation(jinja2.ext.Extension):
    """The tag `generation`, which marks what a model wrote."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_pass"), [], [], body).set_lineno(line)

    def _pass(self, caller):
        return caller()


def environment():
    """As apply_chat_template of transformers makes it."""
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                         extensions=[Generation, jinja2.ext.loopcontrols])
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = NOW.strftime
    return made


def render(template, variables):
    """The text, or None when jinja2 fails."""
    try:
        return environment().from_string(template).render(**variables)
    except (jinja2.exceptions.TemplateError, TypeError, ValueError, KeyError, ZeroDivisionError, OverflowError,
            AttributeError, SyntaxError):
        return None


TOOL = {"type": "function", "function": {
    "name": "weather", "description": "Tells the \"weather\" <now> & then",
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "enum": ["Köln", "Oslo"]},
                                                    "days": {"type": "integer", "default": 2}}, "required": ["city"]}}}
CALL = {"id": "abcdefghi", "type": "function", "function": {"name": "weather", "arguments": {
    "city": "Köln", "days": 3, "wet": False, "parts": ["a", 1.5]}}}
CONVERSATIONS = {
    "one": [{"role": "user", "content": "Hello?"}],
    "system": [{"role": "system", "content": " Be brief.\n"}, {"role": "user", "content": "  Why is the sky blue? \n"}],
    "turns": [{"role": "user", "content": "Hi 👋"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nHello."},
              {"role": "user", "content": "日本語\n\nとだけ言って"}, {"role": "assistant", "content": "日本語"},
              {"role": "user", "content": "Danke"}],
    "answered": [{"role": "user", "content": "1+1?"},
                 {"role": "assistant", "content": "2", "reasoning_content": "easy"}],
    "wrong": [{"role": "assistant", "content": "I come first"}, {"role": "assistant", "content": "and second"}],
    "tools": [{"role": "user", "content": "Weather?"}, {"role": "assistant", "content": "", "tool_calls": [CALL]},
              {"role": "tool", "content": "{\"sun\": 1}"}, {"role": "assistant", "content": "Sunny."},
              {"role": "user", "content": "Thanks"}],
    "parts": [{"role": "user", "content": [{"type": "text", "text": " see "}, {"type": "image"}]}],
}


def chats(templates):
    """A case for each template, conversation and setting."""
    cases = []
    for family, template in templates.items():
        for name, messages in CONVERSATIONS.items():
            for prompt, tools, extra in ((True, None, {}), (False, None, {}), (True, [TOOL], {"enable_thinking": False}),
                                         (True, None, {"enable_thinking": True, "date_string": "1 Jan 2025"})):
                if (tools or extra) and name not in ("system", "tools"):
                    continue
                variables = {"messages": messages, "tools": tools, "documents": None, "add_generation_prompt": prompt,
                             "bos_token": "<s>", "eos_token": "</s>", **extra}
                cases.append({"family": family, "conversation": name, "prompt": prompt, "tools": tools, "extra": extra,
                              "expected": render(template, variables)})
    return {"templates": templates, "conversations": CONVERSATIONS, "cases": cases}


def write(name, value):
    """As JSON without lines longer than a case."""
    DATA.mkdir(exist_ok=True)
    text = json.dumps(value, ensure_ascii=False, indent=1)
    (DATA / name).write_text(text + "\n", encoding="utf-8")


def template_of(path):
    """The chat template of a GGUF file."""
    from gguf import GGUFReader
    return GGUFReader(path).get_field("tokenizer.chat_template").contents()


def main():
    """Entry point."""
    write("chats.json", chats(FAMILIES))
    cases = [{"template": template, "expected": render(template, VARIABLES)} for template in EXPRESSIONS]
    write("expressions.json", {"variables": VARIABLES, "cases": cases})
    if len(sys.argv) > 1:
        smollm2 = chats({"smollm2": template_of(sys.argv[1])})
        del smollm2["templates"]  # the test takes it from the file
        write("smollm2.json", smollm2)
    print(len(chats(FAMILIES)["cases"]), "chats,", len(cases), "expressions,",
          sum(case["expected"] is None for case in cases), "of them refused")


if __name__ == "__main__":
    main()
