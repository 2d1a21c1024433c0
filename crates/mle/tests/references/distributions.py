"""Maximum-likelihood estimates and standard errors of distributions, computed in 40 digits with mpmath.

usage: distributions.py OUTPUT.json

The densities are written here as in textbooks, independently of the library. The score's root is found by Newton's method
(`maximum.py`) with derivatives by mpmath's differences at 40 digits; standard errors are the roots of the inverse observed information's
diagonal. Densities and tail probabilities at some points are written too. Needs mpmath and numpy.
"""

import json
import sys

import mpmath as mp
import numpy as np

from maximum import errors, maximum, shown

mp.mp.dps = 40
log, exp, gamma, lgamma, pi = mp.log, mp.exp, mp.gamma, mp.loggamma, mp.pi
erfc = mp.erfc


def normal(x, m, s):
    return -((x - m) / s) ** 2 / 2 - log(s) - log(2 * pi) / 2


def upper_normal(z):
    return erfc(z / mp.sqrt(2)) / 2


def binomial(x, n, p):
    return log(mp.binomial(n, x)) + x * log(p) + (n - x) * log(1 - p)


DENSITIES = {
    "normal": normal,
    "student_t": lambda x, v, m, s: lgamma((v + 1) / 2) - lgamma(v / 2) - log(v * pi) / 2 - log(s)
    - (v + 1) / 2 * log(1 + ((x - m) / s) ** 2 / v),
    "cauchy": lambda x, m, s: -log(pi * s * (1 + ((x - m) / s) ** 2)),
    "logistic": lambda x, m, s: -(x - m) / s - log(s) - 2 * log(1 + exp(-(x - m) / s)),
    "gumbel": lambda x, m, s: -(x - m) / s - exp(-(x - m) / s) - log(s),
    "von_mises": lambda x, m, k: k * mp.cos(x - m) - log(2 * pi * mp.besseli(0, k)),
    "lognormal": lambda x, m, s: normal(log(x), m, s) - log(x),
    "exponential": lambda x, r: log(r) - r * x,
    "gamma": lambda x, a, r: a * log(r) - lgamma(a) + (a - 1) * log(x) - r * x,
    "inverse_gamma": lambda x, a, b: a * log(b) - lgamma(a) - (a + 1) * log(x) - b / x,
    "weibull": lambda x, k, s: log(k / s) + (k - 1) * log(x / s) - (x / s) ** k,
    "rayleigh": lambda x, s: log(x / s**2) - x**2 / (2 * s**2),
    "inverse_gaussian": lambda x, m, l: log(l / (2 * pi * x**3)) / 2 - l * (x - m) ** 2 / (2 * m**2 * x),
    "chi_squared": lambda x, k: (k / 2 - 1) * log(x) - x / 2 - k / 2 * log(2) - lgamma(k / 2),
    "f": lambda x, a, b: a / 2 * log(a / b) + (a / 2 - 1) * log(x) - (a + b) / 2 * log(1 + a * x / b)
    - log(mp.beta(a / 2, b / 2)),
    "half_normal": lambda x, s: log(2) + normal(x, 0, s),
    "half_cauchy": lambda x, s: log(2 / (pi * s * (1 + (x / s) ** 2))),
    "log_logistic": lambda x, k, s: log(k / s) + (k - 1) * log(x / s) - 2 * log(1 + (x / s) ** k),
    "burr12": lambda x, c, k, s: log(c * k / s) + (c - 1) * log(x / s) - (k + 1) * log(1 + (x / s) ** c),
    "beta": lambda x, a, b: (a - 1) * log(x) + (b - 1) * log(1 - x) - log(mp.beta(a, b)),
    "bernoulli": lambda x, p: binomial(x, 1, p),
    "poisson": lambda x, l: x * log(l) - l - lgamma(x + 1),
    "geometric": lambda x, p: x * log(1 - p) + log(p),
    "negative_binomial": lambda x, n, m: lgamma(x + n) - lgamma(n) - lgamma(x + 1) + n * log(n / (n + m))
    + x * log(m / (n + m)),
    "zero_inflated_poisson": lambda x, l, q: log(q + (1 - q) * exp(-l)) if x == 0
    else log(1 - q) + x * log(l) - l - lgamma(x + 1),
    "laplace": lambda x, m, s: -abs(x - m) / s - log(2 * s),
    "pareto": lambda x, a, s: log(a) + a * log(s) - (a + 1) * log(x),
    "triangular": lambda x, a, m, b: log(2 * (x - a) / ((b - a) * (m - a))) if x < m
    else log(2 * (b - x) / ((b - a) * (b - m))),
    "uniform": lambda x, a, b: -log(b - a),
}

# Parameters that data are drawn around, near which the estimate is searched; and how they are drawn.
rng = np.random.default_rng(20251122)
N = 40
DRAWS = {
    "normal": ([3, 2], rng.normal(3, 2, N)),
    "student_t": ([4, 1, 2], 1 + 2 * rng.standard_t(3, 120)),
    "cauchy": ([-1, 0.5], -1 + 0.5 * rng.standard_cauchy(N)),
    "logistic": ([0, 1.5], rng.logistic(0, 1.5, N)),
    "gumbel": ([5, 2], rng.gumbel(5, 2, N)),
    "von_mises": ([0.7, 2], rng.vonmises(0.7, 2, N)),
    "lognormal": ([0.5, 0.8], rng.lognormal(0.5, 0.8, N)),
    "exponential": ([0.4], rng.exponential(2.5, N)),
    "gamma": ([2.5, 0.7], rng.gamma(2.5, 1 / 0.7, N)),
    "inverse_gamma": ([3, 4], 1 / rng.gamma(3, 1 / 4, N)),
    "weibull": ([1.7, 3], 3 * rng.weibull(1.7, N)),
    "rayleigh": ([2], rng.rayleigh(2, N)),
    "inverse_gaussian": ([1.5, 3], rng.wald(1.5, 3, N)),
    "chi_squared": ([4], rng.chisquare(4, N)),
    "f": ([5, 9], rng.f(5, 9, 200)),
    "half_normal": ([1.3], np.abs(rng.normal(0, 1.3, N))),
    "half_cauchy": ([0.8], np.abs(0.8 * rng.standard_cauchy(N))),
    "log_logistic": ([2.2, 1.4], 1.4 * np.exp(rng.logistic(0, 1, N) / 2.2)),
    "burr12": ([2, 1.5, 3], 3 * ((1 - rng.random(300)) ** (-1 / 1.5) - 1) ** (1 / 2)),
    "beta": ([2, 3.5], rng.beta(2, 3.5, N)),
    "bernoulli": ([0.3], rng.binomial(1, 0.3, N)),
    "poisson": ([3.2], rng.poisson(3.2, N)),
    "geometric": ([0.25], rng.geometric(0.25, N) - 1),
    "negative_binomial": ([2, 5], rng.negative_binomial(2, 2 / 7, 100)),
    "zero_inflated_poisson": ([2.5, 0.3], rng.poisson(2.5, 80) * (rng.random(80) > 0.3)),
}


def case(family, start, rows, contributions, **options):
    estimates, inverse, value = maximum(lambda *p: mp.fsum(contributions(p)), start)
    print(family, options.get("name", ""), shown(estimates), errors(inverse))
    return {"family": family, **rows, **options, "estimates": shown(estimates), "std_errors": errors(inverse),
            "log_likelihood": float(mp.nstr(value, 20))}


def main():
    cases = []
    exact = {}
    for family, (start, draws) in DRAWS.items():
        x = [float(f"{v:.6g}") for v in draws]
        exact[family] = x
        density = DENSITIES[family]
        values = [mp.mpf(v) for v in x]
        cases.append(case(family, start, {"x": x}, lambda p: (density(v, *p) for v in values)))

    x = exact["weibull"]
    censored = [v > 3.0 for v in x]
    cut = [min(v, 3.0) for v in x]
    values = list(zip(map(mp.mpf, cut), censored))
    cases.append(case("weibull", [1.7, 3], {"x": cut, "right": censored}, lambda p: (
        -((v / p[1]) ** p[0]) if c else DENSITIES["weibull"](v, *p) for v, c in values)))

    x = exact["gamma"]
    censored = [v > 4.0 for v in x]
    cut = [min(v, 4.0) for v in x]
    values = list(zip(map(mp.mpf, cut), censored))
    cases.append(case("gamma", [2.5, 0.7], {"x": cut, "right": censored}, lambda p: (
        log(mp.gammainc(p[0], v * p[1], mp.inf, regularized=True)) if c else DENSITIES["gamma"](v, *p) for v, c in values)))

    x = exact["normal"]
    censored = [v < 2.0 for v in x]
    cut = [max(v, 2.0) for v in x]
    values = list(zip(map(mp.mpf, cut), censored))
    cases.append(case("normal", [3, 2], {"x": cut, "left": censored}, lambda p: (
        log(upper_normal(-(v - p[0]) / p[1])) if c else normal(v, *p) for v, c in values)))

    lower = [float(np.floor(v)) for v in exact["lognormal"] if v > 1]
    upper = [v + 1 for v in lower]
    pairs = list(zip(map(mp.mpf, lower), map(mp.mpf, upper)))
    tail = lambda v, p: upper_normal((log(v) - p[0]) / p[1])
    cases.append(case("lognormal", [0.8, 0.6], {"x": lower, "upper": upper}, lambda p: (
        log(tail(a, p) - tail(b, p)) for a, b in pairs)))

    x = [v for v in exact["normal"] if 1.0 <= v <= 6.0]
    values = list(map(mp.mpf, x))
    cases.append(case("normal", [3, 2], {"x": x, "truncation": [1.0, 6.0]}, lambda p: (
        normal(v, *p) - log(upper_normal((1 - p[0]) / p[1]) - upper_normal((6 - p[0]) / p[1])) for v in values)))

    x = exact["gamma"]
    weights = [float(1 + i % 3) for i in range(len(x))]
    values = list(zip(map(mp.mpf, x), weights))
    cases.append(case("gamma", [2.5, 0.7], {"x": x, "weights": weights}, lambda p: (
        w * DENSITIES["gamma"](v, *p) for v, w in values)))

    # Quadrature converges to what a double can hold well before 40 digits.
    mp.mp.dps = 25
    points = []
    at = {"laplace": [0.5, 2], "pareto": [2.5, 1], "triangular": [0, 1, 4], "uniform": [-1, 5]}
    at.update({f: s for f, (s, _) in DRAWS.items()})
    where = {"pareto": [1.2, 3, 50], "triangular": [0.2, 1.5, 3.9], "uniform": [-0.9, 2, 4.9], "von_mises": [-2, 0.7, 3],
             "beta": [0.01, 0.4, 0.97], "bernoulli": [0, 1]}
    counts = {"poisson", "geometric", "negative_binomial", "zero_inflated_poisson", "bernoulli"}
    for family, parameters in at.items():
        support = {"pareto": 1, "triangular": 0, "uniform": -1, "von_mises": -pi, "gumbel": -15}
        real_line = {"normal", "student_t", "cauchy", "logistic", "laplace"}
        default = [0, 2, 9] if family in counts else [-3, 0.3, 6] if family in real_line | {"gumbel"} else [0.05, 1.1, 7]
        density = DENSITIES[family]
        p = [mp.mpf(v) for v in parameters]
        for x in where.get(family, default):
            v = mp.mpf(x)
            if family in counts:
                cdf = mp.fsum(exp(density(i, *p)) for i in range(int(x) + 1))
            else:
                low = -mp.inf if family in real_line else support.get(family, 0)
                ends = [low, *[k for k in [mp.mpf("1e-3"), p[-2] if family == "triangular" else mp.mpf("0.02"), mp.mpf("0.5")]
                               if low < k < v], v]
                cdf = mp.quad(lambda t: exp(density(t, *p)), sorted(ends))
            print(family, x, mp.nstr(cdf, 20), flush=True)
            points.append({"family": family, "parameters": [float(v) for v in parameters], "x": float(x),
                           "log_prob": float(mp.nstr(density(v, *p), 20)), "cdf": float(mp.nstr(cdf, 20))})
    with open(sys.argv[1], "w") as out:
        line = lambda items: ",\n".join("  " + json.dumps(item) for item in items)
        out.write('{"fits": [\n' + line(cases) + '\n], "points": [\n' + line(points) + "\n]}\n")


main()
