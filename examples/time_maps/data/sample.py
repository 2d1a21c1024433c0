"""Writes sample.json: what numpy, scipy and pandas measure of sample.csv, on Berlin's clocks and in two periods."""

import json

import numpy as np
import pandas as pd
from scipy import ndimage, special, stats

ZONE = "Europe/Berlin"
PERIODS = [("2026-01-10", "2026-02-01"), ("2026-02-01", "2026-02-20")]
# Of the density: cells per axis, both ends of the axes in logarithms of seconds, and the smoothing in cells.
CELLS, LOW, HIGH, SD = 24, -1.0, 5.5, 1.6


def pauses(times):
    return np.diff(times.astype("int64")) / 1e6


def hours(local):
    return np.bincount(local.dt.hour, minlength=24)


def compared(local, times):
    parts = [(local >= pd.Timestamp(a, tz=ZONE)) & (local < pd.Timestamp(b, tz=ZONE)) for a, b in PERIODS]
    first, second = [pauses(times[part]) for part in parts]
    distance = stats.ks_2samp(first, second).statistic
    n = len(first) * len(second) / (len(first) + len(second))
    table = np.array([hours(local[part]) for part in parts])
    chi = stats.chi2_contingency(table[:, table.sum(0) > 0], correction=False)
    return {
        "events": [int(part.sum()) for part in parts],
        "median_pause": [np.median(first), np.median(second)],
        "pauses_distance": distance,
        # Kolmogorov's law at Stephens's (1970) corrected statistic.
        "pauses_p": special.kolmogorov((np.sqrt(n) + 0.12 + 0.11 / np.sqrt(n)) * distance),
        "hours_chi_squared": chi.statistic,
        "hours_degrees": chi.dof,
        "hours_p": chi.pvalue,
    }


def density(gaps):
    log = np.log10(gaps)
    place = np.clip(np.floor((log - LOW) * (CELLS / (HIGH - LOW))), 0, CELLS - 1).astype(int)
    counts = np.zeros((CELLS, CELLS))
    np.add.at(counts, (place[1:], place[:-1]), 1)
    smooth = ndimage.gaussian_filter(counts, SD, mode="constant", radius=int(np.ceil(3 * SD)))
    return (smooth / smooth.sum()).ravel()


sample = pd.read_csv("sample.csv")
measured = {}
for name, events in sample.groupby("series"):
    moments = pd.to_datetime(events["time"], utc=True)
    times = moments.dt.as_unit("us").dt.tz_localize(None).to_numpy()
    local = moments.dt.tz_convert(ZONE).reset_index(drop=True)
    gaps = pauses(times)
    log = np.log10(gaps)
    days = local.dt.tz_localize(None).dt.normalize()
    measured[name] = {
        "events": len(events),
        "pauses": np.quantile(gaps, [0, 0.25, 0.5, 0.75, 1]).tolist(),
        "burstiness": (gaps.std() - gaps.mean()) / (gaps.std() + gaps.mean()),
        "memory": np.corrcoef(log[:-1], log[1:])[0, 1],
        "per_day": np.bincount((days - days.min()).dt.days).tolist(),
        "per_hour": hours(local).tolist(),
        "per_weekday_and_hour": np.bincount(local.dt.day_of_week * 24 + local.dt.hour, minlength=168).tolist(),
        "difference": compared(local, times),
        "density": [float(f"{v:.9g}") for v in density(gaps)],
    }
with open("sample.json", "w") as file:
    json.dump(measured, file)
    file.write("\n")
