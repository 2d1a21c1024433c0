"""Writes table.tsv: the incomplete gamma and beta functions to 20 digits, computed with 60 by mpmath.

    pip install mpmath==1.4.1 && python table.py > table.tsv

A line is `gamma a x P Q` or `beta a b x I`; arguments are the shortest decimals of doubles, which mpmath takes exactly.
"""

import mpmath as mp

mp.mp.dps = 60
SMALLEST = mp.mpf(10) ** -290


def digits(value):
    return mp.nstr(value, 20, min_fixed=0, max_fixed=0)


def series(a, x):
    """P by its power series, DLMF 8.11.4: positive terms, so that only the result's complement needs more digits."""
    term = total = mp.mpf(1)
    n = a
    while term > total * mp.mpf(10) ** -120:
        n += 1
        term *= x / n
        total += term
    return total * mp.exp(a * mp.log(x) - x - mp.loggamma(a + 1))


def gamma(a, x):
    a, x = mp.mpf(a), mp.mpf(x)
    if a > 3000:
        with mp.workdps(130):
            below = series(a, x)
            return below, 1 - below
    return mp.gammainc(a, 0, x, regularized=True), mp.gammainc(a, x, mp.inf, regularized=True)


def gammas():
    for a in [1e-10, 1e-3, 0.1, 0.5, 1.0, 1.7, 3.0, 7.25, 9.99, 11.9, 12.0, 20.0, 57.5, 100.0, 333.3, 1e3, 2.5e3]:
        for ratio in [1e-6, 1e-2, 0.25, 0.31, 0.7, 0.98, 1.0, 1.001, 1.2, 2.3, 2.4, 5.0, 30.0]:
            yield a, a * ratio
    for a in [1e-10, 1e-3, 0.3, 0.9]:
        for x in [1e-9, 1e-3, 0.2, 0.49, 0.51, 1.0, 1.49, 1.51, 4.0, 30.0, 400.0]:
            yield a, x
    for a in [1e4, 1e6, 1e8]:
        for deviations in [-20.0, -6.0, -1.0, -0.01, 0.0, 0.5, 3.0, 12.0]:
            yield a, a + deviations * a**0.5


def betas():
    for a, b in [(0.5, 0.5), (1.0, 1.0), (1e-3, 2.0), (3.0, 1e-3), (0.3, 40.0), (2.0, 5.0), (9.5, 9.5), (9.9, 10.1),
                 (11.0, 400.0), (30.0, 0.2), (75.0, 3.5), (100.0, 100.0), (1e3, 2.0), (0.7, 2e3), (450.0, 1.5e3)]:
        for x in [1e-7, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.6, 0.85, 0.91, 0.99, 1 - 1e-4, 1 - 1e-9]:
            yield a, b, x
    for a, b in [(1e-4, 1e-4), (1e-6, 50.0), (50.0, 1e-6)]:
        for x in [1e-5, 0.2, 0.95, 1 - 1e-7]:
            yield a, b, x
    for a, b in [(1e4, 1e4), (5e4, 300.0), (20.0, 1e5)]:
        mean = a / (a + b)
        for deviations in [-8.0, -3.0, -0.5, 0.0, 1.0, 4.0, 10.0]:
            yield a, b, mean + deviations * (mean * (1 - mean) / (a + b)) ** 0.5


if __name__ == "__main__":
    for a, x in gammas():
        below, above = gamma(a, x)
        if min(below, above) > SMALLEST:
            print("gamma", repr(a), repr(x), digits(below), digits(above), sep="\t")
    for a, b, x in betas():
        if not 0 < x < 1:
            continue
        value = mp.betainc(mp.mpf(a), mp.mpf(b), 0, mp.mpf(x), regularized=True)
        if value > SMALLEST:
            print("beta", repr(a), repr(b), repr(x), digits(value), sep="\t")
