#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the texts of this folder again, byte for byte: books that the bundled model has not seen, and documents that
ask for something told 1,000 tokens before. Needs Debian's bible-kjv, python3-numpy and python3-regex.

  python3 make_texts.py [FOLDER]
"""
import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "training"))

import bpe  # noqa: E402
import data  # noqa: E402

BOOKS = {"Ruth": "ruth.txt", "Jonah": "jonah.txt", "Ezra": "ezra.txt", "Jas": "james.txt", "Mark": "mark.txt"}
SEED, DISTANCE, QUESTIONS = 11, 1000, 20


def corpus_of(books):
    """The corpus with the tokenizer of the bundled model, trained again as its recipe does."""
    text = "".join(part for book, part in books.items() if book not in data.HELD_OUT)
    return data.Corpus(books, bpe.train(text, 2048))


def recall_documents(corpus):
    """Questions whose fact was told DISTANCE tokens before the end of the answer."""
    rng = random.Random(SEED)
    for _ in range(QUESTIONS):
        ids, answer = data.probe(corpus, rng, DISTANCE)
        prompt = corpus.tok.decode(ids)[:-len(answer)]
        yield {"prompt": prompt, "answer": answer, "distance": DISTANCE}


def copy_document(corpus):
    """A passage of 64 tokens, other text, and the passage's first 16 tokens again, DISTANCE tokens after the first."""
    ids = data.copy_probe(corpus, random.Random(SEED), DISTANCE)
    return {"prompt": corpus.tok.decode(ids[:-48]), "answer": corpus.tok.decode(ids[-48:]), "distance": DISTANCE}


def main():
    """Entry point."""
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE)
    books = data.read_bible()
    for book, name in BOOKS.items():
        (folder / name).write_text(books[book])
    (folder / "ruth-1.txt").write_text(books["Ruth"].split("\nRuth 2\n")[0])
    corpus = corpus_of(books)
    recall, copy = list(recall_documents(corpus)), copy_document(corpus)
    (folder / "recall-1000.jsonl").write_text("".join(json.dumps(row) + "\n" for row in recall))
    (folder / "recall-1000.txt").write_text(recall[0]["prompt"])
    (folder / "copy-1000.jsonl").write_text(json.dumps(copy) + "\n")
    (folder / "copy-1000.txt").write_text(copy["prompt"])


if __name__ == "__main__":
    main()
