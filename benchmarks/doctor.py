"""What ``aprendiz data check`` costs: time, memory and time a row at several sizes of file.

    python benchmarks/doctor.py --rows 10000 100000 1000000 --out benchmarks/results

Writes a JSON Lines file of each size with sentences made from templates and faults planted
at known rates, checks it in a process of its own through the real command, and prints and
writes a Markdown table headed by the command and the machine. How many planted rows were
found stands in the table too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

SEED = 20261121
# fmt: off
OPENINGS = ("I would like to", "can you help me", "please", "I need to", "how do I", "is it possible to",
            "could someone", "my boss wants me to", "we have to", "since yesterday I cannot")
PLACES = ("in the app", "on the website", "at the branch in {city}", "by phone", "from {country}",
          "before {day}", "after {day} evening", "with my {colour} card", "for my {relative}", "at {hour} o'clock")
LABELS = {
    "transfer_money": ("send {amount} euros to {name}", "move {amount} to the account of {name}", "wire {amount} dollars to {name} {surname}"),
    "card_lost": ("block the {colour} card I lost near {city}", "replace a card stolen in {city}", "report that {name} lost my card"),
    "track_parcel": ("find parcel {number} sent to {city}", "see where order {number} is", "know when order {number} for {name} arrives"),
    "book_table": ("book a table for {hour} people in {city}", "reserve dinner on {day} for {name}", "get a table near the {shop} in {city}"),
    "refund": ("get back the {amount} I paid at {shop}", "return the {colour} shoes from {shop}", "cancel order {number} and be refunded"),
    "opening_hours": ("know when the {shop} in {city} opens on {day}", "ask if {shop} is open on {day}", "check the hours of the {city} office"),
    "change_address": ("change my address to {number} {surname} street in {city}", "move my contract from {city} to {country}", "tell you that {name} {surname} moved to {city}"),
    "play_music": ("play the {colour} album by {name} {surname}", "hear songs from {country} for {hour} minutes", "put on what {name} played on {day}"),
}
_WORDS = {
    "city": ("Madrid Paris Lyon Porto Berlin Vienna Naples Oslo Turin Ghent Seville Leeds Cork Bilbao Basel Malmö Graz "
             "Utrecht Bergen Kraków"),
    "country": "Spain France Portugal Germany Austria Italy Norway Belgium England Ireland Poland Sweden Chile Peru Japan",
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday Easter Christmas tomorrow",
    "colour": "red blue green black white silver golden purple orange yellow grey brown",
    "relative": "mother father sister brother aunt uncle cousin neighbour grandmother colleague",
    "shop": "bakery bookshop pharmacy market florist butcher library optician garage museum theatre kiosk",
    "name": ("Anna Bruno Carla David Elena Felix Greta Hugo Irene Jonas Karin Luis Marta Nora Oscar Paula Quentin Rosa "
             "Simon Teresa Ugo Vera Walter Xenia Yann Zoe"),
    "surname": ("Abbott Becker Castro Duval Estrada Fischer Garcia Hansen Ivanov Jensen Keller Lopez Moreau Novak Ortega "
                "Petrov Quiroga Rossi Santos Torres Ulrich Vidal Weber Young Zimmer"),
}
# fmt: on
SLOTS = {slot: words.split() for slot, words in _WORDS.items()}

# kind: one row in so many has it
PLANTED = {
    "duplicate": 200,
    "near_duplicate": 200,
    "label_conflict": 1_000,
    "near_labels": 1_000,
    "mojibake": 1_000,
    "html": 1_000,
    "email": 1_000,
    "card_number": 2_000,
    "control_character": 2_000,
    "wrong_language": 2_000,
    "placeholder": 2_000,
    "too_long": 5_000,
    "empty_text": 50_000,
}


def main() -> None:
    """Measure every size and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--out", type=Path, help="folder for doctor.md")
    parser.add_argument("--keep", type=Path, help="write the files here and keep them")
    wanted = parser.parse_args()
    lines = [
        f"`python benchmarks/doctor.py --rows {' '.join(map(str, wanted.rows))}`",
        "",
        machine(),
        "",
        "| rows | megabytes | seconds | microseconds a row | peak memory, MB | planted rows found |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        for rows in wanted.rows:
            path = (wanted.keep or Path(scratch)) / f"made-{rows}.jsonl"
            planted = write(path, rows)
            lines.append(measure(path, rows, planted))
            print(lines[-1], file=sys.stderr)
    table = "\n".join(lines) + "\n"
    print(table)
    if wanted.out:
        (wanted.out / "doctor.md").write_text(table, encoding="utf-8")


def machine() -> str:
    """The CPU and the versions, in one line."""
    info = Path("/proc/cpuinfo")
    models = [
        line.split(":")[1].strip()
        for line in (info.read_text().splitlines() if info.is_file() else ())
        if line.startswith("model name")
    ]
    cpu = models[0] if models else platform.processor() or platform.machine()
    return f"{cpu}; Python {platform.python_version()}, numpy {version('numpy')}"


def write(path: Path, rows: int) -> dict[str, set[int]]:
    """Write a file and say on which lines each fault was planted."""
    planted: dict[str, set[int]] = {kind: set() for kind in PLANTED}
    with path.open("w", encoding="utf-8") as file:
        for line, (kind, text, label) in enumerate(sentences(rows), start=1):
            if kind:
                planted[kind].add(line)
            file.write(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n")
    return planted


def sentences(rows: int) -> Iterator[tuple[str, str, str]]:
    """Fault (or nothing), text and label of each row."""
    chance = random.Random(SEED)
    earlier = [sentence(chance) for _ in range(20)]
    for text, label in earlier:
        yield "", text, label
    for _ in range(rows - len(earlier)):
        text, label = sentence(chance)
        kind = next((kind for kind, every in PLANTED.items() if not chance.randrange(every)), "")
        yield kind, *spoilt(kind, text, label, chance.choice(earlier), chance)
        if not kind:
            earlier[chance.randrange(len(earlier))] = text, label


def sentence(chance: random.Random) -> tuple[str, str]:
    """A text and its label."""
    label = chance.choice(tuple(LABELS))
    said = f"{chance.choice(OPENINGS)} {chance.choice(LABELS[label])} {chance.choice(PLACES)}"
    slots = {slot: chance.choice(words) for slot, words in SLOTS.items()}
    slots |= {"number": str(chance.randrange(1_000, 99_999)), "hour": str(chance.randrange(2, 12))}
    return said.format(amount=chance.randrange(5, 9_999), **slots), label


def spoilt(
    kind: str, text: str, label: str, other: tuple[str, str], chance: random.Random
) -> tuple[str, str]:
    """The row with the fault in it; ``other`` is an earlier row."""
    if kind == "duplicate":
        return other
    if kind == "near_duplicate":
        return f"{other[0]} !".upper(), other[1]
    if kind == "label_conflict":
        return other[0], next(each for each in LABELS if each != other[1])
    if kind == "near_labels":
        return text, label.replace("_", " ").title()
    if kind == "card_number":
        return f"{text}, card {card(chance)}", label
    spoilt_texts = {
        "mojibake": f"{text} à la carte, señor".encode().decode("cp1252", "ignore"),
        "html": f"<p>{text}</p>",
        "email": f"{text}, write to someone.{chance.randrange(10**6)}@contoso.com",
        "control_character": text.replace(" ", "\x07", 1),
        "wrong_language": f"quiero saber por qué no me han dado la factura {chance.randrange(10**6)}",
        "placeholder": "N/A",
        "too_long": " ".join([text] * 20),
        "empty_text": " ",
    }
    return spoilt_texts.get(kind, text), label


def card(chance: random.Random) -> str:
    """A made-up card number whose last digit fits (Luhn)."""
    digits = [4, *(chance.randrange(10) for _ in range(14))]
    doubled = [each * 2 if at % 2 == 0 else each for at, each in enumerate(digits)]
    total = sum(each - 9 if each > 9 else each for each in doubled)
    return "".join(map(str, [*digits, -total % 10]))


def measure(path: Path, rows: int, planted: dict[str, set[int]]) -> str:
    """Run the command on the file in a child process; one line of the table."""
    answer = path.with_suffix(".found.json")
    begin = time.perf_counter()
    child = os.fork()
    if child == 0:
        with answer.open("wb") as out:
            os.dup2(out.fileno(), 1)
            os.execv(
                sys.executable,
                [sys.executable, "-m", "aprendiz", "data", "check", str(path), "--json"],
            )
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - begin
    if os.waitstatus_to_exitcode(status) not in (0, 2):
        raise SystemExit(f"the check of {path} failed")
    findings = json.loads(answer.read_text(encoding="utf-8"))["findings"]
    peak = used.ru_maxrss * 1024 / 1e6 if sys.platform != "darwin" else used.ru_maxrss / 1e6
    megabytes = path.stat().st_size / 1e6
    return (
        f"| {rows:,} | {megabytes:.1f} | {seconds:.1f} | {seconds / rows * 1e6:.0f} "
        f"| {peak:.0f} | {found_of(planted, findings)} |"
    )


def found_of(planted: dict[str, set[int]], findings: list[dict[str, object]]) -> str:
    """How many planted rows have a finding of their kind on their line.

    Where a kind has more findings than are listed, the rest cannot be told by line; the table
    says for how many planted rows that is so.
    """
    lines: dict[str, set[int]] = {}
    last: dict[str, int] = {}  # where listing ends, for a kind that is only counted from there
    for found in findings:
        kind, line = str(found["kind"]), int(str(found["line"]))
        lines.setdefault(kind, set()).add(line)
        if "only counted" in str(found["message"]):
            last[kind] = line
    missed, unlisted, seen = [], 0, 0
    for kind, where in planted.items():
        names = _SAME.get(kind, (kind,))
        told = set().union(*(lines.get(name, set()) for name in names))
        end = min((last[name] for name in names if name in last), default=sys.maxsize)
        listed = {line for line in where if line < end}
        unlisted += len(where) - len(listed)
        if kind == "near_labels":  # one finding a label stands for all its rows
            seen += len(where) if told else 0
            continue
        seen += len(listed & told)
        if listed - told:
            missed.append(f"{kind} {len(listed - told):,}")
    said = f"{seen:,}, none missed" if not missed else f"{seen:,}, missed: {'; '.join(missed)}"
    return said + (f" ({unlisted:,} more only counted)" if unlisted else "")


# A planted row may rightly be told under another name: the copy of a copy, a near copy twice.
_SAME = {
    "duplicate": ("duplicate", "label_conflict"),
    "near_duplicate": ("near_duplicate", "near_conflict", "duplicate", "label_conflict"),
    "label_conflict": ("label_conflict", "duplicate"),
    "placeholder": ("placeholder_text",),
}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
