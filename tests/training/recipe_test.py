#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of resources/training: its parts against plain computations, a short training, and the bundled model's card."""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import numpy as np
    import regex  # noqa: F401 (used by bpe)
    import torch
except ImportError as missing:
    print(f"skipped: the training recipe needs {missing.name}; see resources/training/README.md")
    sys.exit(77)

sys.dont_write_bytecode = True
RESOURCES = Path(__file__).resolve().parents[2] / "resources"
sys.path.insert(0, str(RESOURCES / "training"))

import bpe  # noqa: E402
import data  # noqa: E402
import gguf_read  # noqa: E402
import gguf_write  # noqa: E402
import model  # noqa: E402
import train  # noqa: E402

BUNDLED = RESOURCES / "models" / "kjv-gqa-q8_0.gguf"


def plain_attention(q, k, v, window, sinks):
    """Attention of one head in float64 by the definition: q, k, v (T, D); window 0 means all."""
    out = np.zeros_like(v)
    for t in range(len(q)):
        seen = [j for j in range(t + 1) if not window or j < sinks or t - j < window]
        scores = np.exp(k[seen] @ q[t] - (k[seen] @ q[t]).max())
        out[t] = scores @ v[seen] / scores.sum()
    return out


class Tokenizer(unittest.TestCase):
    """bpe.py."""

    def test_merges_the_most_frequent_pair_first(self):
        """Counted by hand: of "aaab aaab ab", (a, a) occurs four times, (a, b) three times."""
        tok = bpe.train("aaab aaab ab", 258 + 1)
        self.assertEqual(tok.merges, [("a", "a")])
        self.assertEqual([tok.tokens[i] for i in tok.encode("aaab")], ["aa", "a", "b"])

    def test_round_trip_of_any_text(self):
        """Byte fallback: no text is lost."""
        tok = gguf_read.load(BUNDLED)[1]
        for text in ("In the beginning", "  two spaces\n\n", "na\u00efve \u65e5\u672c \U0001f600", "\x00\x7f"):
            self.assertEqual(tok.decode(tok.encode(text)), text)


class Writer(unittest.TestCase):
    """gguf_write.py."""

    def test_q8_0_is_within_half_a_step(self):
        """|x - d q| <= d / 2 and the rounding of d to f16, for each value of a block with the scale max / 127."""
        x = np.random.default_rng(3).standard_normal((4, 64)).astype(np.float32)
        blocks = np.frombuffer(gguf_write.quantize(x, gguf_write.Q8_0), np.uint8).reshape(-1, 34)
        d = blocks[:, :2].copy().view(np.float16).astype(np.float32)
        step = np.abs(x.reshape(-1, 32)).max(1, keepdims=True) / 127
        np.testing.assert_allclose(d, step, rtol=2.0 ** -11)
        error = np.abs(d * blocks[:, 2:].view(np.int8) - x.reshape(-1, 32))
        self.assertTrue((error <= step * (0.5 + 127 * 2.0 ** -11)).all())

    def test_q4_0_keeps_the_extreme_value(self):
        """The value of largest magnitude has the code 0 and the scale -1/8 of it: it returns to f16's precision."""
        x = np.linspace(-1, 3, 32, dtype=np.float32)
        block = np.frombuffer(gguf_write.quantize(x, gguf_write.Q4_0), np.uint8)
        d = block[:2].copy().view(np.float16).astype(np.float32)[0]
        low, high = block[2:] & 15, block[2:] >> 4
        back = d * (np.concatenate((low, high)).astype(np.float32) - 8)
        self.assertAlmostEqual(back[31], 3.0, delta=3 * 2.0 ** -11)
        self.assertTrue((np.abs(back - x) <= abs(d) * 1.01).all())


class Network(unittest.TestCase):
    """model.py."""

    def test_attention_equals_its_definition(self):
        """With and without window, over more rows than one chunk."""
        torch.manual_seed(0)
        t, d = model.CHUNK + 40, 8
        q, k, v = (torch.randn(1, *more, t, d) for more in ((2,), (), ()))
        for window, sinks in ((0, 0), (50, 4)):
            got = model.Attention.apply(q, k, v, window, sinks)
            for head in range(2):
                want = plain_attention(*(x.double().numpy() for x in (q[0, head], k[0], v[0])), window, sinks)
                np.testing.assert_allclose(got[0, head].numpy(), want, rtol=2e-4, atol=2e-5)

    def test_gradients_equal_finite_differences(self):
        """Attention and norm have backward passes of their own."""
        torch.manual_seed(0)
        c = model.Config(n_vocab=16, n_embd=16, n_layer=1, n_head=2, n_head_kv=1, n_ff=32, n_ctx=12)
        net = model.Llama(c)
        for p in net.blk.parameters():
            p.data.normal_(std=0.3)
        ids = torch.arange(12)[None] % 16

        def loss():
            return torch.nn.functional.cross_entropy(net(ids)[0, :-1], ids[0, 1:])
        loss().backward()
        for name in ("attn_q", "attn_k", "attn_v", "ffn_gate"):
            p = getattr(net.blk[0], name)
            with torch.no_grad():
                at, h = divmod(int(p.grad.abs().argmax()), p.shape[1]), 3e-3  # the steepest weight
                p[at] += h
                up = loss().item()
                p[at] -= 2 * h
                down = loss().item()
                p[at] += h
            exact = p.grad[at].item()
            self.assertAlmostEqual((up - down) / (2 * h), exact, delta=0.05 * abs(exact) + 1e-4)

    def test_rope_turns_adjacent_pairs(self):
        """Pair i at position t is turned by t * base^(-2i / D)."""
        c = model.Config(n_embd=8, n_head=1, n_head_kv=1, n_ctx=16, n_vocab=4, n_layer=1, n_ff=8)
        x = torch.arange(16 * 8, dtype=torch.float32).view(1, 16, 1, 8) / 100
        got = model.rotate(x, model.Llama(c).cis)[0, 5, 0].numpy()
        for i in range(4):
            a = 5 * 1e6 ** (-2 * i / 8)
            u, w = x[0, 5, 0, 2 * i].item(), x[0, 5, 0, 2 * i + 1].item()
            np.testing.assert_allclose(got[2 * i:2 * i + 2],
                                       [u * np.cos(a) - w * np.sin(a), u * np.sin(a) + w * np.cos(a)], rtol=1e-4)

    def test_the_planted_circuit_copies_before_any_training(self):
        """The card: the right next token comes first, the current one left aside, for most of 100 repeated tokens."""
        torch.manual_seed(1)
        net = model.Llama(model.Config(n_layer=2))
        net.start_induction()
        ids = torch.randint(258, 2048, (100,)).repeat(2)
        with torch.no_grad():
            logits = net(ids[None])[0]
        logits[torch.arange(200), ids] = -float("inf")
        right = (logits[104:-1].argmax(-1) == ids[105:]).float().mean().item()
        self.assertGreater(right, 0.5)


class Documents(unittest.TestCase):
    """data.py, with a small text in place of the Bible."""

    def setUp(self):
        verse = "And Abram went unto Hebron, and Sarai dwelt by Bethel, with Isaac and Jacob.\n"
        self.tok = gguf_read.load(BUNDLED)[1]
        self.corpus = data.Corpus({"Ge": verse * 400, "Ruth": verse.replace("And", "Then") * 400}, self.tok)

    def test_the_fact_stands_at_the_distance(self):
        """The first token of the answer follows the fact by `distance`, and the question ends in the answer."""
        for seed in range(5):
            ids, answer = data.probe(self.corpus, random.Random(seed), 500)
            value = self.tok.encode(answer)
            at = len(ids) - len(value)
            self.assertEqual(ids[at:], value)
            self.assertEqual(ids[at - 500:at - 500 + len(value)], value)

    def test_the_passage_comes_again_at_the_distance(self):
        """64 tokens and, 300 tokens later, the same 64."""
        ids = data.copy_probe(self.corpus, random.Random(2), 300)
        self.assertEqual(ids[-64:], ids[-64 - 300:-300])

    def test_a_step_has_the_same_documents_again(self):
        """The seed fixes them."""
        first, again = (self.corpus.batch(random.Random(7), 3, 256, (1, 1, 1)) for _ in range(2))
        for x, y in zip(first, again):
            np.testing.assert_array_equal(x, y)


class Training(unittest.TestCase):
    """train.py and export_gguf.py, end to end, with a small network and text."""

    def test_learns_and_exports(self):
        """A few steps lower the loss; the exported f32 file holds the weights bit by bit."""
        with tempfile.TemporaryDirectory() as folder:
            run, out = os.path.join(folder, "run"), os.path.join(folder, "small.gguf")
            script = ("import data; verse = 'And Abram went %d days unto Hebron, and Sarai dwelt by Bethel.\\n'\n"
                      "text = ''.join(verse % n for n in range(500))\n"
                      "data.read_bible = lambda: {'Ge': text, 'Ruth': text}\n"
                      "import train; train.main()")
            where = {"cwd": RESOURCES / "training", "env": {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                     "check": True, "capture_output": True}
            small = ["--stages", "64x2x12x100:0:0", "--n-vocab", "300", "--n-layer", "2", "--n-ctx", "64"]
            subprocess.run([sys.executable, "-c", script, "--out", run, "--threads", "1", *small], **where)
            with open(os.path.join(run, "log.jsonl"), encoding="utf-8") as log:
                losses = [json.loads(line)["loss"] for line in log]
            self.assertEqual(len(losses), 12)
            self.assertLess(losses[-1], losses[0] - 0.5)
            subprocess.run([sys.executable, "export_gguf.py", "--run", run, "--out", out, "--type", "f32"], **where)
            net, tok = gguf_read.load(out)
            saved = torch.load(os.path.join(run, "model.pt"))["net"]
            self.assertEqual(len(tok), 300)
            for name, value in net.state_dict().items():
                self.assertTrue(torch.equal(value, saved[name]), name)

    def test_rate_rises_stays_and_falls(self):
        """Warm-up over 10 steps, constant to half of 100 steps, then linear to zero."""
        rates = [train.rate(step, 100, 10, 0.5) for step in (0, 9, 50, 75, 99)]
        np.testing.assert_allclose(rates, [0.1, 1.0, 1.0, 0.5, 0.02], rtol=1e-9)


class Card(unittest.TestCase):
    """What resources/models/README.md says of the bundled file."""

    def test_sizes(self):
        """4.06 M parameters, and the keys."""
        reader = gguf_read.Reader(BUNDLED)
        self.assertEqual(sum(int(np.prod(shape)) for name, (shape, _, _) in reader.entries.items()
                             if not name.endswith(("attn_norm.weight", "ffn_norm.weight"))), 4063488)
        rows = reader.meta["llama.block_count"] * reader.meta["llama.attention.head_count_kv"]
        self.assertEqual(rows * 2 * 32 * 2, 3072)

    def test_recalls_facts_that_a_window_forgets(self):
        """In the first five documents: four or more whole answers with full attention, none with 4 + 256."""
        torch.set_num_threads(2)
        net, tok = gguf_read.load(BUNDLED)
        whole = {(0, 0): 0, (256, 4): 0}
        with open(RESOURCES / "texts" / "recall-1000.jsonl", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines][:5]
        for row in rows:
            ids = torch.tensor([tok.BOS] + tok.encode(row["prompt"] + row["answer"]))
            n = len(tok.encode(row["answer"]))
            for window, sinks in whole:
                with torch.no_grad():
                    right = net(ids[None, :-1], window=window, sinks=sinks)[0].argmax(-1) == ids[1:]
                whole[window, sinks] += bool(right[-n:].all())
        self.assertGreaterEqual(whole[0, 0], 4)
        self.assertEqual(whole[256, 4], 0)


if __name__ == "__main__":
    unittest.main()
