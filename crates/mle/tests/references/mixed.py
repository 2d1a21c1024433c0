"""The maximum of sleepstudy's likelihood in 40 digits, and of its restricted likelihood.

    python mixed.py

The profiled deviance of Bates, Maechler, Bolker and Walker (2015), "Fitting Linear Mixed-Effects Models Using lme4", equations
(34) and (41), with a root of its gradient in place of a search: programs stop where the deviance's sixteen digits no longer
change, which leaves four to six digits of theta.
"""

import csv
import pathlib

from mpmath import det, findroot, log, lu_solve, matrix, mp, mpf, nstr, pi, sqrt

mp.dps = 40
FILE = pathlib.Path(__file__).parent.parent / "data/mixed/sleepstudy.csv"
with open(FILE) as file:
    ROWS = list(csv.DictReader(file))
GROUPS = {}
for row in ROWS:
    GROUPS.setdefault(row["subject"], []).append((mpf(row["days"]), mpf(row["reaction"])))
N, P = len(ROWS), 2


def sums(theta):
    """What is left of the design and the response once the random effects are taken out, summed over groups."""
    factor = matrix([[theta[0], 0], [theta[1], theta[2]]])
    logs, xx, xy, yy = mpf(0), matrix(2, 2), matrix(2, 1), mpf(0)
    for rows in GROUPS.values():
        x, y = matrix([[1, day] for day, _ in rows]), matrix([r for _, r in rows])
        z = x * factor
        inner = z.T * z + matrix([[1, 0], [0, 1]])
        logs += log(det(inner))
        inverse, zx, zy = inner**-1, z.T * x, z.T * y
        xx += x.T * x - zx.T * inverse * zx
        xy += x.T * y - zx.T * inverse * zy
        yy += (y.T * y)[0] - (zy.T * inverse * zy)[0]
    beta = lu_solve(xx, xy)
    return logs, xx, beta, yy - (xy.T * beta)[0]


def deviance(theta, restricted):
    logs, xx, _, rest = sums(theta)
    count = N - P if restricted else N
    return logs + (log(det(xx)) if restricted else 0) + count * (1 + log(2 * pi * rest / count))


def gradient(theta, restricted):
    step = mpf(10) ** -15
    for k in range(3):
        there, back = list(theta), list(theta)
        there[k] += step
        back[k] -= step
        yield (deviance(there, restricted) - deviance(back, restricted)) / (2 * step)


for restricted in (False, True):
    near = (mpf("0.93"), mpf("0.018"), mpf("0.22"))
    theta = list(findroot(lambda *t: list(gradient(t, restricted)), near, tol=1e-24))
    _, xx, beta, rest = sums(theta)
    sigma = sqrt(rest / (N - P if restricted else N))
    covariance = sigma**2 * xx**-1
    print("REML" if restricted else "ML", nstr(deviance(theta, restricted), 18))
    print("  theta", [nstr(t, 15) for t in theta], "sigma", nstr(sigma, 15))
    print("  beta", [nstr(b, 15) for b in beta], [nstr(sqrt(covariance[i, i]), 15) for i in range(2)])
    print("  sds", nstr(sigma * theta[0], 15), nstr(sigma * sqrt(theta[1] ** 2 + theta[2] ** 2), 15))
