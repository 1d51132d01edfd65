# SPDX-License-Identifier: Apache-2.0
"""Writes token ids of stories260K by llama.cpp: data/story_tokens.i32 (story.txt) and data/stories_greedy.i32 (the 64
tokens that follow "Once upon a time", largest logit first), both i32 little-endian.

    python make_stories_golden.py stories260K-f32.gguf story.txt
"""
import pathlib
import sys

import numpy as np

import llama_cpp


def main():
    model, story = sys.argv[1:]
    folder = pathlib.Path(__file__).parent / "data"
    llama = llama_cpp.Model(model, context=1100)
    np.array(llama.tokenize(pathlib.Path(story).read_text()), "<i4").tofile(folder / "story_tokens.i32")
    tokens = llama.tokenize("Once upon a time")
    prompt = len(tokens)
    while len(tokens) < prompt + 64:
        tokens.append(int(llama_cpp.Model(model, context=256).logits(tokens)[-1].argmax()))
    np.array(tokens[prompt:], "<i4").tofile(folder / "stories_greedy.i32")
    text = ("Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a "
            "big, red ball. She wanted to play with it, but it was too high.\nLily's mom said")
    print("the text of models/README.md" if llama.tokenize(text) == tokens else f"another text: {tokens}")


if __name__ == "__main__":
    main()
