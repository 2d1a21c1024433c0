"""Writes column.json: tests of the columns of countries.csv against Benford's law, by numpy, scipy and astropy."""

import csv
import json

import numpy as np
from astropy.stats import kuiper_false_positive_probability
from scipy import special, stats

LAW = np.log10(1 + 1 / np.arange(1, 10))
rows = list(csv.DictReader(open("countries.csv")))
tested = {}
for column in list(rows[0])[1:]:
    first = [int(row[column].lstrip("0")[0]) for row in rows if row[column].strip("0")]
    counts = np.bincount(first, minlength=10)[1:]
    n = int(counts.sum())
    shares = counts / n
    chi = stats.chisquare(counts, n * LAW)
    above = np.cumsum(shares) - np.cumsum(LAW)
    v = max(above.max(), 0) - min(above.min(), 0)
    tested[column] = {
        "counts": counts.tolist(),
        "n": n,
        "chi_squared": chi.statistic,
        "chi_squared_p": chi.pvalue,
        "deviation": np.abs(shares - LAW).mean(),
        "divergence": special.rel_entr(shares, LAW).sum(),
        "v": v,
        # By another approximation for finite samples than the program's: Paltani's (2004).
        "kuiper_p": kuiper_false_positive_probability(v, n),
    }
with open("column.json", "w") as file:
    json.dump(tested, file, indent=1)
    file.write("\n")
