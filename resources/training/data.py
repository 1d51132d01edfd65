# SPDX-License-Identifier: Apache-2.0
"""Training and evaluation documents: the King James Bible in order, repeated passages, recall of facts."""
import collections
import re
import subprocess

import numpy as np

HELD_OUT = ("Josh", "Ruth", "Ezra", "Jonah", "Mark", "Jas")
TITLES = {
    "Ge": "Genesis", "Exo": "Exodus", "Lev": "Leviticus", "Num": "Numbers", "Deu": "Deuteronomy", "Josh": "Joshua",
    "Jdgs": "Judges", "1Sm": "1 Samuel", "2Sm": "2 Samuel", "1Ki": "1 Kings", "2Ki": "2 Kings",
    "1Chr": "1 Chronicles", "2Chr": "2 Chronicles", "Neh": "Nehemiah", "Est": "Esther", "Psa": "Psalm",
    "Prv": "Proverbs", "Eccl": "Ecclesiastes", "SSol": "Song of Solomon", "Isa": "Isaiah", "Jer": "Jeremiah",
    "Lam": "Lamentations", "Eze": "Ezekiel", "Dan": "Daniel", "Hos": "Hosea", "Obad": "Obadiah", "Mic": "Micah",
    "Hab": "Habakkuk", "Zep": "Zephaniah", "Hag": "Haggai", "Zec": "Zechariah", "Mal": "Malachi", "Mat": "Matthew",
    "Rom": "Romans", "1Cor": "1 Corinthians", "2Cor": "2 Corinthians", "Gal": "Galatians", "Eph": "Ephesians",
    "Phi": "Philippians", "Col": "Colossians", "1Th": "1 Thessalonians", "2Th": "2 Thessalonians",
    "1Tim": "1 Timothy", "2Tim": "2 Timothy", "Phmn": "Philemon", "Heb": "Hebrews", "Jas": "James",
    "1Pet": "1 Peter", "2Pet": "2 Peter", "1Jn": "1 John", "2Jn": "2 John", "3Jn": "3 John", "Rev": "Revelation"}


def read_bible():
    """{book: text} from the Debian package bible-kjv: a chapter heading, then a verse a line."""
    raw = subprocess.run(["bible", "-f", "gen1:1-rev22:21"], capture_output=True, text=True, check=True).stdout
    books, last = collections.defaultdict(list), None
    for line in raw.splitlines():
        place, verse = line.split(" ", 1)
        book, chapter = re.fullmatch(r"(\d?[A-Za-z]+?)(\d+):\d+", place).groups()
        if (book, chapter) != last:
            books[book].append(f"\n{TITLES.get(book, book)} {chapter}\n\n")
            last = book, chapter
        books[book].append(verse.strip() + "\n")
    return {book: "".join(parts).lstrip("\n") for book, parts in books.items()}


ONES = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen".split()
TENS = "twenty thirty forty fifty threescore seventy fourscore ninety".split()
THINGS = """lions lambs doves ravens serpents eagles oxen asses camels goats rams calves horses foxes bears wolves
swords shields spears bows staves rods crowns rings lamps altars pillars gates towers wells mountains caves fields
vineyards gardens trees olives figs vines cedars barley wheat bread wine oil honey milk salt gold silver brass iron
linen scarlet purple trumpets harps books tents ships nets cups baskets stones doors keys thrones fire water wood
dust snow hail clay wool myrrh lead""".split()
NUMBERED = ("number of the men", "measure of the wall", "weight of the gold", "price of the field",
            "number of the oxen")
NAMED = ("sign", "token", "portion", "gift", "burden", "desire")
START = "b ben bar ab ah ad el jo je z zer sha she ha he ma me na ne ra re ka ke ta te ga ge da pe pa".split()
MIDDLE = "bi ra la sha ri mo na the chi lo za da ze mi ha phe ti no hu ga bu ni di sa".split()
END = "el iah am an ah on ai oth im as esh eth or ur ak ab ad ar is us eb ath om".split()


class Facts:
    """Facts such as "The sign of Hebron was lions." and the questions that ask for them again."""

    def __init__(self, text):
        """text: where names are taken from, words that are never written small."""
        words = collections.Counter(re.findall(r"(?<=[a-z,;] )[A-Z][a-z]{3,10}", text))
        self.names = sorted(w for w in words if w.lower() not in text)

    def name(self, rng):
        """A name of the text, or an invented one."""
        if rng.random() < 0.6:
            return rng.choice(self.names)
        return (rng.choice(START) + rng.choice(MIDDLE) * (rng.random() < 0.6) + rng.choice(END)).capitalize()

    def number(self, rng):
        """A number in words."""
        kind = rng.randrange(4)
        tail = f"{rng.choice(TENS)} and {rng.choice(ONES[:9])}" if rng.random() < 0.5 else rng.choice(ONES)
        return (f"{rng.choice(ONES)} thousand and {tail}", f"{rng.choice(ONES[1:9])} hundred {tail}", tail,
                f"{rng.choice(ONES)} thousand {rng.choice(ONES[1:9])} hundred and {rng.choice(TENS)}")[kind]

    def fact(self, rng, used):
        """(subject, value), the subject not in used."""
        while True:
            numbered = rng.random() < 0.4
            what = rng.choice(NUMBERED if numbered else NAMED)
            name = self.name(rng)
            if name not in used:
                used.add(name)
                value = self.number(rng) if numbered else rng.choice(THINGS)
                return f"{what} of {name}", value

    @staticmethod
    def statement(fact):
        """The sentence that tells a fact."""
        return f"The {fact[0]} was {fact[1]}.\n"

    @staticmethod
    def question(fact, rng):
        """The text up to the answer, and the answer."""
        head = "What was the {0}? The {0} was" if rng.random() < 0.5 else "And again, the {0} was"
        return head.format(fact[0]), f" {fact[1]}"


class Corpus:
    """Tokens of the training books and of the held-out books, and the documents made of them."""

    def __init__(self, books, tokenizer):
        train = "".join(t for b, t in books.items() if b not in HELD_OUT)
        held = "".join(t for b, t in books.items() if b in HELD_OUT)
        self.tok = tokenizer
        self.train = np.array(tokenizer.encode(train), np.int64)
        self.held = np.array(tokenizer.encode(held), np.int64)
        self.facts = Facts(train)
        newline = tokenizer.ids["Ċ"]
        self.verses = {id(a): np.flatnonzero(a == newline) + 1 for a in (self.train, self.held)}

    def passage(self, rng, n, source=None):
        """n tokens of text that start with a verse."""
        source = self.train if source is None else source
        starts = self.verses[id(source)]
        at = starts[rng.randrange(len(starts))]
        at = min(int(at), len(source) - n)
        return source[at:at + n]

    def text(self, rng, n):
        """n tokens in order, and their weights."""
        at = rng.randrange(len(self.train) - n)
        return self.train[at:at + n], np.ones(n, np.float32)

    def copies(self, rng, n):
        """Passages, about half of which occurred before in the document; a third are shuffled tokens."""
        out, pieces, newline = [], [], self.tok.encode("\n")
        while sum(map(len, out)) < n:
            if pieces and rng.random() < 0.5:
                piece = rng.choice(pieces)
            else:
                size = rng.randint(12, max(24, min(160, n // 6)))
                piece = self.passage(rng, size)
                if rng.random() < 0.33:
                    piece = self.train[[rng.randrange(len(self.train)) for _ in range(size)]]
                pieces.append(piece)
            out += [piece, newline]
        return np.concatenate(out)[:n], np.ones(n, np.float32)

    def recall(self, rng, n, answer_weight=4.0):
        """Facts, questions about facts further up, and text between them."""
        ids, weight, facts, used = [], [], [], set()
        gap = rng.choice((0.0, 0.1, 0.3)) if n > 300 else 0.05
        asking = rng.choice((0.35, 0.5))
        while len(ids) < n:
            if rng.random() < gap:
                add, heavy = self.passage(rng, rng.randint(16, max(32, n // 8))).tolist() + self.tok.encode("\n"), 0
            elif facts and rng.random() < asking:
                fact = facts.pop(rng.randrange(len(facts))) if rng.random() < 0.7 else rng.choice(facts)
                head, answer = self.facts.question(fact, rng)
                answer = self.tok.encode(answer)
                add, heavy = self.tok.encode(head) + answer + self.tok.encode(".\n"), len(answer) + 2
            else:
                facts.append(self.facts.fact(rng, used))
                add, heavy = self.tok.encode(self.facts.statement(facts[-1])), 0
            ids += add
            weight += [1.0] * (len(add) - heavy) + [answer_weight] * max(0, heavy - 2) + [1.0] * min(2, heavy)
        return np.array(ids[:n]), np.array(weight[:n], np.float32)

    def batch(self, rng, size, n, mix):
        """Inputs, targets (size x n) and target weights; every sequence starts with <s>."""
        rows = []
        for _ in range(size):
            make = rng.choices((self.text, self.copies, self.recall), mix)[0]
            ids, weight = make(rng, n)
            rows.append((np.concatenate(([self.tok.BOS], ids)), weight))
        ids = np.stack([r[0] for r in rows])
        return ids[:, :-1], ids[:, 1:], np.stack([r[1] for r in rows])


def probe(corpus, rng, distance):
    """One question whose fact was told `distance` tokens before the answer: (ids up to and with the answer, answer).

    Between them lie other facts and held-out text, about half and half; 64 tokens of text come first.
    """
    tok, used = corpus.tok, set()
    fact = corpus.facts.fact(rng, used)
    head, answer = corpus.facts.question(fact, rng)
    told, asked, value = tok.encode(corpus.facts.statement(fact)), tok.encode(head), tok.encode(answer)
    room = distance - len(value) - 2 - len(asked)
    middle = []
    while len(middle) < room:
        if rng.random() < 0.2:
            middle += corpus.passage(rng, rng.randint(30, 90), corpus.held).tolist() + tok.encode("\n")
        else:
            middle += tok.encode(corpus.facts.statement(corpus.facts.fact(rng, used)))
    middle = middle[:max(0, room - 1)] + tok.encode("\n") * (room > 0)
    lead = corpus.passage(rng, 63, corpus.held).tolist() + tok.encode("\n")
    return [tok.BOS] + lead + told + middle + asked + value, answer


def copy_probe(corpus, rng, distance, size=64, shuffled=False):
    """<s>, a held-out passage, other text, the passage again: its second start is `distance` after its first."""
    passage = corpus.passage(rng, size - 1, corpus.held)
    if shuffled:
        passage = corpus.held[[rng.randrange(len(corpus.held)) for _ in range(size - 1)]]
    piece = passage.tolist() + corpus.tok.encode("\n")
    gap = distance - size
    between = corpus.passage(rng, gap - 1, corpus.held).tolist() + corpus.tok.encode("\n") if gap > 0 else []
    lead = corpus.passage(rng, 63, corpus.held).tolist() + corpus.tok.encode("\n")
    return [corpus.tok.BOS] + lead + piece + between + piece
