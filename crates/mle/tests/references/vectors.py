"""Laws of vectors, mixtures and laws with a free location: log densities, maxima and standard errors in 30 digits.

usage: vectors.py OUTPUT.json

The densities are written here as in textbooks, independently of the library; maxima are the root of the score by Newton's
method (`maximum.py`), standard errors the roots of the inverse observed information's diagonal. For a free location the start
is scipy's own fit where that ends inside. Needs mpmath, numpy and scipy.
"""

import json
import sys

import mpmath as mp
import numpy as np
from scipy import stats

from maximum import errors, maximum, shown

mp.mp.dps = 30
log, exp, lgamma, pi = mp.log, mp.exp, mp.loggamma, mp.pi
rng = np.random.default_rng(20251123)
rounded = lambda x: np.vectorize(lambda v: float(f"{v:.6g}"))(x).tolist()


def normal_density(x, mean, covariance):
    d = len(mean)
    away = mp.matrix([a - b for a, b in zip(x, mean)])
    return -(away.T * covariance**-1 * away)[0] / 2 - log(mp.det(covariance)) / 2 - d * log(2 * pi) / 2


def dirichlet_density(x, alpha):
    return lgamma(mp.fsum(alpha)) - mp.fsum(map(lgamma, alpha)) + mp.fsum((a - 1) * log(v) for a, v in zip(alpha, x))


def multinomial_density(x, p):
    return lgamma(sum(x) + 1) - mp.fsum(lgamma(v + 1) for v in x) + mp.fsum(v * log(q) for v, q in zip(x, p) if v)


def mixture_density(x, weights, means, sds):
    return log(mp.fsum(w * mp.npdf(x, m, s) for w, m, s in zip(weights, means, sds)))


def numbers(rows):
    return [[mp.mpf(v) for v in row] for row in rows]


def fits():
    cases = []
    # Multivariate normal of two and three numbers: mean, then the lower triangle of the covariance row after row.
    for d, n in [(2, 30), (3, 25)]:
        factor = np.tril(rng.normal(size=(d, d))) + 1.5 * np.eye(d)
        x = rounded(rng.normal(size=(n, d)) @ factor.T + np.arange(d) * 3)
        w = [float(1 + i % 3) for i in range(n)]
        for weights in [None, w]:
            ws = weights or [1.0] * n
            places = [(i, j) for i in range(d) for j in range(i + 1)]

            def likelihood(*p):
                covariance = mp.matrix(d, d)
                for (i, j), v in zip(places, p[d:]):
                    covariance[i, j] = covariance[j, i] = v
                inverse, constant = covariance**-1, log(mp.det(covariance)) / 2 + d * log(2 * pi) / 2
                total = mp.mpf(0)
                for row, v in zip(numbers(x), ws):
                    away = mp.matrix([a - b for a, b in zip(row, p)])
                    total -= v * ((away.T * inverse * away)[0] / 2 + constant)
                return total

            data = np.array(x)
            mean = np.average(data, axis=0, weights=ws)
            s = np.cov(data.T, aweights=ws, ddof=0)
            start = [*mean, *[s[i, j] for i, j in places]]
            p, inverse, value = maximum(likelihood, start)
            case = {"law": "multivariate_normal", "x": x, "estimates": shown(p), "std_errors": errors(inverse),
                    "log_likelihood": float(mp.nstr(value, 20))}
            cases.append(case | ({"weights": weights} if weights else {}))
            print(case["law"], d, case["estimates"], flush=True)
    # Dirichlet.
    for alpha, n in [([2.0, 3.5, 1.2], 40), ([0.4, 0.7], 30)]:
        raw = rng.dirichlet(alpha, n)
        x = [[float(f"{v:.9f}") for v in row] for row in raw]
        x = [[*row[:-1], float(f"{1 - sum(row[:-1]):.9f}")] for row in x]
        w = [float(1 + i % 3) for i in range(n)]
        for weights in [None, w]:
            ws = weights or [1.0] * n
            rows = numbers(x)
            # Sufficient statistics: the weighted sums of the logarithms.
            sums = [mp.fsum(v * log(row[j]) for row, v in zip(rows, ws)) for j in range(len(alpha))]
            likelihood = lambda *a: sum(ws) * (lgamma(mp.fsum(a)) - mp.fsum(map(lgamma, a))) + mp.fsum(
                (b - 1) * s for b, s in zip(a, sums))
            p, inverse, value = maximum(likelihood, alpha)
            case = {"law": "dirichlet", "x": x, "estimates": shown(p), "std_errors": errors(inverse),
                    "log_likelihood": float(mp.nstr(value, 20))}
            cases.append(case | ({"weights": weights} if weights else {}))
            print(case["law"], case["estimates"], flush=True)
    # Multinomial: all but the last probability are free; the last one's error is that of their sum.
    x = rng.multinomial(12, [0.2, 0.5, 0.3], 9).tolist()
    totals = np.sum(x, axis=0)

    def likelihood(a, b):
        return mp.fsum(multinomial_density(row, [a, b, 1 - a - b]) for row in x)

    p, inverse, value = maximum(likelihood, (totals / totals.sum())[:2])
    last = mp.sqrt(inverse[0, 0] + inverse[1, 1] + 2 * inverse[0, 1])
    cases.append({"law": "multinomial", "x": [[float(v) for v in row] for row in x], "estimates": shown([*p, 1 - sum(p)]),
                  "std_errors": [*errors(inverse), float(mp.nstr(last, 20))], "log_likelihood": float(mp.nstr(value, 20))})
    # Mixtures of normals: weights but the last one, means, standard deviations.
    x = rounded(np.concatenate([rng.normal(-1, 0.8, 40), rng.normal(2.5, 1.2, 60)]))
    values = list(map(mp.mpf, x))
    for common in [False, True]:

        def likelihood(w, m1, m2, s1, s2=None):
            return mp.fsum(mixture_density(v, [w, 1 - w], [m1, m2], [s1, s2 or s1]) for v in values)

        p, inverse, value = maximum(likelihood, [0.4, -1, 2.5, 1] if common else [0.4, -1, 2.5, 0.8, 1.2])
        cases.append({"law": "normal_mixture", "components": 2, "common": common, "x": x, "estimates": shown(p),
                      "std_errors": errors(inverse), "log_likelihood": float(mp.nstr(value, 20))})
        print("mixture", common, cases[-1]["estimates"], cases[-1]["std_errors"], flush=True)
    return cases


def points():
    found = []
    covariance = [[2.0, 0.6, -0.3], [0.6, 1.5, 0.4], [-0.3, 0.4, 0.8]]
    mean = [1.0, -2.0, 0.5]
    for x in [[1.0, -2.0, 0.5], [3.0, 0.0, 0.0], [-20.0, 15.0, 9.0]]:
        value = normal_density([mp.mpf(v) for v in x], [mp.mpf(v) for v in mean], mp.matrix(covariance))
        found.append({"law": "multivariate_normal", "mean": mean, "covariance": covariance, "x": x,
                      "log_prob": float(mp.nstr(value, 20))})
    # Two numbers: the distribution function as the integral over the first of the second's conditional one.
    for r, points in [(0.3, [(0.5, -0.2), (-2.0, 1.0)]), (-0.95, [(0.1, 0.2), (1.5, -1.0)]), (0.9999, [(0.3, 0.3), (0.3, 0.31)]),
                      (0.0, [(1.0, -1.0)])]:
        for h, k in points:
            rho, h, k = map(mp.mpf, (r, h, k))
            width = mp.sqrt(1 - rho**2)
            turn = k / rho if rho else mp.mpf(0)
            cuts = sorted({c for c in [mp.mpf(-40), mp.mpf(-8), mp.mpf(-3), mp.mpf(0), *[turn + i * width for i in range(-8, 9, 2)]]
                           if c < h} | {h})
            below = mp.quad(lambda t: mp.npdf(t) * mp.ncdf((k - rho * t) / width), cuts)
            found.append({"law": "multivariate_normal", "mean": [0.0, 0.0], "covariance": [[1.0, r], [r, 1.0]],
                          "x": [float(h), float(k)], "cdf": float(mp.nstr(below, 20)),
                          "log_prob": float(mp.nstr(normal_density([h, k], [0, 0], mp.matrix([[1, rho], [rho, 1]])), 20))})
    for alpha, x in [([2.0, 3.5, 1.2], [0.2, 0.5, 0.3]), ([0.4, 0.7], [0.001, 0.999]), ([50.0, 30.0, 0.1, 2.0], [0.6, 0.35, 0.001, 0.049])]:
        value = dirichlet_density([mp.mpf(v) for v in x], [mp.mpf(a) for a in alpha])
        found.append({"law": "dirichlet", "alpha": alpha, "x": x, "log_prob": float(mp.nstr(value, 20))})
    for p, x in [([0.2, 0.5, 0.3], [3.0, 6.0, 3.0]), ([0.2, 0.5, 0.3], [0.0, 12.0, 0.0])]:
        value = multinomial_density([mp.mpf(v) for v in x], [mp.mpf(q) for q in p])
        found.append({"law": "multinomial", "trials": 12, "p": p, "x": x, "log_prob": float(mp.nstr(value, 20))})
    weights, means, sds = [0.3, 0.7], [-1.0, 2.0], [0.5, 1.5]
    for x in [-1.2, 0.5, 9.0]:
        w, m, s, v = [[mp.mpf(a) for a in part] for part in (weights, means, sds)] + [mp.mpf(x)]
        below = mp.fsum(a * mp.ncdf((v - b) / c) for a, b, c in zip(w, m, s))
        found.append({"law": "mixture", "weights": weights, "means": means, "sds": sds, "x": x,
                      "log_prob": float(mp.nstr(mixture_density(v, w, m, s), 20)), "cdf": float(mp.nstr(below, 20))})
    return found


def located():
    """Laws on the positive numbers with a free location, whose maximum lies inside."""
    laws = {
        "weibull": (lambda x, k, s: log(k / s) + (k - 1) * log(x / s) - (x / s) ** k, 5 + 2 * rng.weibull(3.5, 80), [3.5, 2, 5]),
        "gamma": (lambda x, a, r: a * log(r) - lgamma(a) + (a - 1) * log(x) - r * x, 10 + rng.gamma(6, 1 / 1.5, 120), [6, 1.5, 10]),
        "lognormal": (lambda x, m, s: -((log(x) - m) / s) ** 2 / 2 - log(s * x) - log(2 * pi) / 2,
                      -3 + rng.lognormal(1, 0.5, 100), [1, 0.5, -3]),
        "inverse_gaussian": (lambda x, m, l: log(l / (2 * pi * x**3)) / 2 - l * (x - m) ** 2 / (2 * m**2 * x),
                             4 + rng.wald(2, 6, 100), [2, 6, 4]),
        "inverse_gamma": (lambda x, a, b: a * log(b) - lgamma(a) - (a + 1) * log(x) - b / x, 1 + 1 / rng.gamma(4, 1 / 6, 100),
                          [4, 6, 1]),
        "log_logistic": (lambda x, k, s: log(k / s) + (k - 1) * log(x / s) - 2 * log(1 + (x / s) ** k),
                         2 + 3 * np.exp(rng.logistic(0, 1, 100) / 4), [4, 3, 2]),
        "rayleigh": (lambda x, s: log(x / s**2) - x**2 / (2 * s**2), 7 + rng.rayleigh(2, 60), [2, 6.9]),
    }
    cases = []
    for family, (density, draws, start) in laws.items():
        x = rounded(draws)
        start = [*start[:-1], min(start[-1], min(x) - 0.05)]
        values = list(map(mp.mpf, x))

        def likelihood(*p):
            if p[-1] >= min(values):
                raise ValueError("beyond the data")
            return mp.fsum(density(v - p[-1], *p[:-1]) for v in values)

        p, inverse, value = maximum(likelihood, start)
        case = {"family": family, "x": x, "estimates": shown(p), "std_errors": errors(inverse),
                "log_likelihood": float(mp.nstr(value, 20))}
        # The information of the others where the location is held: theirs where the location's own is not regular.
        h = inverse**-1
        k = len(p) - 1
        held = mp.matrix(k, k)
        for i in range(k):
            for j in range(k):
                held[i, j] = h[i, j]
        case["std_errors_held"] = errors(held**-1)
        cases.append(case)
        print(family, case["estimates"], case["std_errors"], flush=True)
    # scipy's own fit with a free location, where that searches well.
    scipy_fits = {"weibull": lambda x: stats.weibull_min.fit(x, 3.5, loc=5, scale=2)}
    for case in cases:
        if case["family"] in scipy_fits:
            shape, location, scale = map(float, scipy_fits[case["family"]](case["x"]))
            case["scipy"] = [shape, scale, location]
            print("scipy", case["family"], case["scipy"])
    return cases


def main():
    with open(sys.argv[1], "w") as out:
        line = lambda items: ",\n".join("  " + json.dumps(item) for item in items)
        parts = {"points": points(), "located": located(), "fits": fits()}
        out.write("{" + ",\n".join(f'"{key}": [\n{line(items)}\n]' for key, items in parts.items()) + "}\n")


main()
