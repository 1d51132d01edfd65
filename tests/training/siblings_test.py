#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the siblings in resources/training: each network against its definition, its file against itself, and the
bundled files against their cards."""

import dataclasses
import json
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

import archs  # noqa: E402
import export_gguf  # noqa: E402
import gguf_read  # noqa: E402
import gguf_write as g  # noqa: E402
import layout  # noqa: E402
import model_deepseek2  # noqa: E402
import model_deepseek4  # noqa: E402
import model_gemma4  # noqa: E402
import plain_deepseek4  # noqa: E402

SMALL = {
    "gemma4": {"n_vocab": 40, "n_embd": 32, "n_head": 4, "n_head_kv": 1, "n_head_kv_swa": 2, "head_dim": 32,
               "head_dim_swa": 32, "n_ff": 32, "n_ctx": 64, "window": 8, "n_pairs": 4},
    "deepseek2": {"n_vocab": 40, "n_embd": 32, "n_layer": 2, "n_head": 2, "q_rank": 32, "kv_rank": 32, "nope": 32,
                  "rope": 32, "n_value": 32, "n_ff": 32, "n_ctx": 64},
    "deepseek4": {"n_vocab": 40, "n_embd": 32, "n_layer": 3, "n_head": 2, "head_dim": 32, "n_rot": 4, "q_rank": 32,
                  "out_rank": 32, "window": 6, "ratios": "4 128 0", "n_index": 2, "index_dim": 32, "top_k": 3,
                  "n_expert": 4, "n_used": 2, "n_ff": 32, "n_ctx": 160, "clamp": 0.5},
}


def small(arch):
    """A network with random weights everywhere, gains and offsets included."""
    torch.manual_seed(0)
    net = archs.build(arch, archs.config_of(arch)(**SMALL[arch]))
    with torch.no_grad():
        for name, p in net.named_parameters():
            if p.ndim == 1 or name.endswith("ape"):
                p.add_(torch.randn(p.shape) * 0.3)
            elif name.endswith((".gate", "fn")):
                p.normal_(std=0.2)
            elif not p.any():
                p.normal_(std=p.shape[-1] ** -0.5)
    return net.eval()


class Files(unittest.TestCase):
    """layout.py and export_gguf.py."""

    def test_what_is_written_is_read_again(self):
        """Sizes, and each weight bit by bit in an f32 file; the tables are integers."""
        tok = gguf_read.load(RESOURCES / "models" / "kjv-gqa-q8_0.gguf")[1]
        for arch in SMALL:
            net = small(arch)
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "small.gguf")
                meta = layout.common(net.c, arch, g.F32, "small")
                meta.update({f"{arch}.{key}": value for key, value in layout.OF[arch].keys(net.c).items()})
                meta.update(export_gguf.tokenizer_meta(tok))
                g.write(path, meta, [(name, x.shape, export_gguf.kind_of(name, x, g.F32), lambda x=x: x)
                                     for name, x in layout.tensors(net)])
                again, _ = gguf_read.load(path)
            for field in dataclasses.fields(net.c):
                want, got = (getattr(n.c, field.name) for n in (net, again))
                if isinstance(want, float):
                    want, got = np.float32(want), np.float32(got)
                self.assertEqual(want, got, f"{arch} {field.name}")
            for name, value in net.state_dict().items():
                self.assertTrue(torch.equal(value, again.state_dict()[name]), f"{arch} {name}")


class Latent(unittest.TestCase):
    """model_deepseek2.py."""

    def test_the_absorbed_form_is_the_expanded_one(self):
        """Scores of 2 heads from the latent and the shared key alone, with attn_k_b on the query, attn_v_b on the sum."""
        net, c = small("deepseek2"), model_deepseek2.Config(**SMALL["deepseek2"])
        block, y = net.blk[0], torch.randn(1, 9, c.n_embd)
        y = y / y.square().mean(-1, keepdim=True).add(c.eps).sqrt()
        with torch.no_grad():
            want = model_deepseek2.model.attend(*block.heads(y, net.cis, torch.float32))[:, 0]
            low, turned = block.latent(y, net.cis, torch.float32)
            q = block.queries(y, net.cis, torch.float32)
        low, turned, q = low[0].double().numpy(), turned[0, :, 0].double().numpy(), q[0].double().numpy()
        k_b, v_b = (p.detach().double().numpy() for p in (block.attn_k_b, block.attn_v_b))
        for h in range(c.n_head):
            for t in range(9):
                asked = k_b[h] @ q[t, h, :c.nope]
                p = plain_deepseek4.softmax(low[:t + 1] @ asked + turned[:t + 1] @ q[t, h, c.nope:])
                np.testing.assert_allclose(want[h, t].numpy(), v_b[h] @ (p @ low[:t + 1]), rtol=1e-3, atol=1e-4)


class Borrowing(unittest.TestCase):
    """model_gemma4.py."""

    def test_who_reads_whose(self):
        """Window, full, window, full own their K and V; the last two read those of the last own layer of their kind."""
        c = model_gemma4.Config()
        self.assertEqual([c.windowed(i) for i in range(6)], [True, False] * 3)
        self.assertEqual([c.source(i) for i in range(6)], [0, 1, 2, 3, 2, 3])
        blocks = small("gemma4").blk
        self.assertEqual([hasattr(b, "attn_k") for b in blocks], [True] * 4 + [False] * 2)

    def test_a_window_ends_where_it_should(self):
        """A windowed layer's output at position t depends on position t - window + 1 and not on the one before."""
        net = small("gemma4")
        x, t, n = torch.randn(1, 40, 32), 30, net.c.window
        with torch.no_grad():
            def at(y):
                return net.blk[0](y, net.cis[0], {}, torch.float32, 0, 0)[0, t]
            first, near, far = x, x.clone(), x.clone()
            near[0, t - n + 1] += 1
            far[0, t - n] += 1
            self.assertGreater((at(near) - at(first)).abs().max().item(), 1e-4)
            self.assertEqual((at(far) - at(first)).abs().max().item(), 0)

    def test_still_pairs_do_not_turn(self):
        """Only the first n_pairs pairs of a full head are rotated, pair i with i + D / 2."""
        net = small("gemma4")
        x = torch.randn(1, 30, 1, 32)
        y = model_gemma4.rotate(x, net.cis[1])[0, 29, 0]
        for i in range(16):
            a = 29 * 1e6 ** (-2 * i / 32) * (i < 4)
            u, w = x[0, 29, 0, i].item(), x[0, 29, 0, 16 + i].item()
            self.assertAlmostEqual(y[i].item(), u * np.cos(a) - w * np.sin(a), places=4)
            self.assertAlmostEqual(y[16 + i].item(), u * np.sin(a) + w * np.cos(a), places=4)


class Compressed(unittest.TestCase):
    """model_deepseek4.py against plain_deepseek4.py."""

    def test_every_kind_of_layer_equals_its_definition(self):
        """CSA with a hash table, HCA, window only: all streams at all of 140 positions, and the chosen entries matter."""
        net = small("deepseek4")
        c, ids = net.c, torch.randint(0, 40, (1, 140))
        streams = torch.randn(1, 140, 4, c.n_embd)
        for i, block in enumerate(net.blk):
            w = {layout.tensor_name(f"blk.{i}." + name)[len("blk.0."):].replace(".weight", ""): value.double().numpy()
                 for name, value in block.state_dict().items()}
            w["ffn_gate_tid2eid"] = w.get("ffn_gate_tid2eid", np.zeros(1)).astype(int)
            want, read = plain_deepseek4.layer(streams[0].double().numpy(), ids[0].tolist(), w, i, c)
            with torch.no_grad():
                got = block(streams, net.cis[i], ids)[0].numpy()
            np.testing.assert_allclose(got, want, rtol=2e-3, atol=2e-3)
            seen = {4: (0, 0, 0, 1, 3), 128: (0, 0, 0, 0, 0), 0: (0,) * 5}[c.ratio(i)]
            self.assertEqual(tuple(len(read[t]) for t in (0, 1, 2, 3, 100)), seen)
            self.assertEqual(len(read[127]), {4: 3, 128: 1, 0: 0}[c.ratio(i)])

    def test_gradients_equal_finite_differences(self):
        """Its attention has a backward pass of its own."""
        net = small("deepseek4")
        ids = torch.arange(24)[None] % 40
        for block in net.blk:
            block.attn.sparse = False

        def loss():
            return torch.nn.functional.cross_entropy(net(ids)[0, :-1], ids[0, 1:])
        loss().backward()
        for name in ("attn.attn_q_b", "attn.attn_kv", "attn.compressor.kv", "attn.attn_sinks"):
            p = net.blk[0].get_parameter(name)
            with torch.no_grad():
                at, h = np.unravel_index(int(p.grad.abs().argmax()), tuple(p.shape)), 3e-3
                at = tuple(int(i) for i in at)
                p[at] += h
                up = loss().item()
                p[at] -= 2 * h
                down = loss().item()
                p[at] += h
            exact = p.grad[at].item()
            self.assertAlmostEqual((up - down) / (2 * h), exact, delta=0.08 * abs(exact) + 2e-4, msg=name)


class Cards(unittest.TestCase):
    """What resources/models/README.md says of the bundled siblings."""

    def test_recall(self):
        """In the first five documents of recall-1000 each sibling that is there gives four or more whole answers."""
        with open(RESOURCES / "texts" / "recall-1000.jsonl", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines][:5]
        for kind in ("gemma4", "mla", "csa"):
            path = RESOURCES / "models" / f"kjv-{kind}-q8_0.gguf"
            if not path.exists():
                continue
            net, tok = gguf_read.load(path)
            right = 0
            for row in rows:
                ids = torch.tensor([tok.BOS] + tok.encode(row["prompt"] + row["answer"]))
                n = len(tok.encode(row["answer"]))
                with torch.no_grad():
                    best = net(ids[None, :-1])[0].argmax(-1)
                right += bool((best == ids[1:])[-n:].all())
            self.assertGreaterEqual(right, 4, kind)
            self.assertLessEqual(path.stat().st_size, 8 << 20)


if __name__ == "__main__":
    unittest.main()
