# SPDX-License-Identifier: Apache-2.0
"""Reads a .kvtrace with sqlite3, its JSON Lines with json and its CSV with csv, and compares every value.

usage: compare_exports.py FILE.kvtrace FILE.jsonl CSV_FOLDER
"""
import csv
import json
import math
import sqlite3
import sys

TYPES = {"run": "run", "step": "steps", "token": "tokens", "occupancy": "occupancy", "traffic": "traffic",
         "kernel": "kernels", "decision": "decisions", "lane": "lanes", "policy_switch": "policy_switches"}


def unescape(text):
    """The bytes of a CSV text cell."""
    out = bytearray()
    raw = text.encode()
    at = 0
    while at < len(raw):
        if raw[at:at + 1] != b"\\":
            out.append(raw[at])
            at += 1
        elif raw[at + 1:at + 2] == b"\\":
            out += b"\\"
            at += 2
        else:
            out.append(int(raw[at + 2:at + 4], 16))
            at += 4
    return bytes(out)


def canonical(value):
    """One form for what the three formats say: None, float, int modulo 2^64, or bytes."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value % 2**64
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, str):
        return value.encode()
    return value


def from_sql(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    tables = {}
    for table in TYPES.values():
        cursor = db.execute(f"SELECT * FROM {table}")
        names = [c[0] for c in cursor.description]
        keep = [i for i, n in enumerate(names) if n not in ("ordinal", "checksum")]
        tables[table] = [{names[i]: canonical(row[i]) for i in keep} for row in cursor]
    kinds = {t: {r[1]: r[2] for r in db.execute(f"PRAGMA table_info({t})")} for t in TYPES.values()}
    return tables, kinds


def from_json(path):
    tables = {t: [] for t in TYPES.values()}
    heads = []
    with open(path, "rb") as file:
        for line in file:
            row = json.loads(line.decode("utf-8"), parse_constant=lambda c: sys.exit(f"{c} is no JSON"))
            kind = row.pop("type")
            assert row.pop("schema_version") == 2
            if kind == "head_metric":
                for layer, values in enumerate(row["values"]):
                    for head, value in enumerate(values):
                        heads.append((row["step"], row["metric"], row["unit"], row["sequence"], layer, head, value))
                continue
            for key in [k for k in row if k.endswith("_hex")]:
                row[key[:-4]] = bytes.fromhex(row.pop(key))
            tables[TYPES[kind]].append({k: canonical(v) for k, v in row.items()})
    return tables, heads


def from_csv(folder, table, kinds):
    with open(f"{folder}/{table}.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))
    names = rows[0]
    read = {"INTEGER": lambda c: int(c) % 2**64, "REAL": lambda c: None if c == "" else float(c) + 0.0, "TEXT": unescape}
    return [{n: read[kinds[n]](c) for n, c in zip(names, row, strict=True)} for row in rows[1:]]


def same(a, b, lossy_infinity):
    if lossy_infinity and isinstance(a, float) and math.isinf(a):
        return b is None
    if isinstance(a, float) and isinstance(b, (int, float)):
        # log_probability_nats is a 32-bit number: its exports are the shortest text that reads back as the same one.
        return a == b or abs(a - b) <= abs(a) * 2**-24 + 2**-150
    return a == b


def compare(table, left, right, lossy_infinity):
    assert len(left) == len(right), f"{table}: {len(left)} and {len(right)} rows"
    for number, (a, b) in enumerate(zip(left, right)):
        assert a.keys() == b.keys(), f"{table}: {a.keys()} {b.keys()}"
        for key in a:
            assert same(a[key], b[key], lossy_infinity), f"{table} row {number}, {key}: {a[key]!r} and {b[key]!r}"


def main():
    trace, lines, folder = sys.argv[1:]
    sql, kinds = from_sql(trace)
    js, heads = from_json(lines)
    for table in TYPES.values():
        compare(table, sql[table], js[table], True)
        compare(table, sql[table], from_csv(folder, table, kinds[table]), False)
    with open(f"{folder}/head_metrics.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))[1:]
    assert len(rows) == len(heads), "head metrics: row counts differ"
    for row, head in zip(rows, heads):
        assert row[:6] == [str(x) for x in head[:6]], f"{row} {head}"
        value = None if row[6] in ("", "inf", "-inf") else float(row[6])
        assert value == head[6], f"{row} {head}"


main()
