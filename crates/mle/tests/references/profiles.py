"""Profile intervals in 20 digits: writes profiles.json. The data are those of generalized.json and nist/nonlinear.json.

mpmath 1.3.0. A coefficient is held, the likelihood maximised over everything else by Newton's method, and the held value
moved until the loss is the quantile. By hand: about five minutes.
"""

import json
import pathlib

import mpmath as mp

from maximum import maximum, shown

mp.mp.dps = 20
here = pathlib.Path(__file__).resolve().parent.parent / "data"
columns = json.loads((here / "generalized.json").read_text())
sets = json.loads((here / "nist" / "nonlinear.json").read_text())
a, b, weights, trials = ([mp.mpf(str(v)) for v in columns[k]] for k in ("a", "b", "weights", "trials"))
CHI2 = 2 * mp.erfinv(mp.mpf("0.95")) ** 2


def student(degrees):
    """The 97.5 % quantile of Student's t."""
    tail = lambda t: mp.betainc(mp.mpf(degrees) / 2, 0.5, 0, degrees / (degrees + t * t), regularized=True) / 2
    return mp.findroot(lambda t: tail(t) - mp.mpf("0.025"), 2.0)


def ends(likelihood, start, names, quantile, scale=lambda loss: loss):
    """Both ends of every named parameter's interval; parameters beyond the names are nuisances."""
    best, inverse, top = maximum(likelihood, start)
    found = []
    for j in range(len(names)):
        both = []
        for sign in (-1, 1):
            others = [v for i, v in enumerate(best) if i != j]
            state = {"others": others}

            def loss(u, state=state, j=j):
                held = lambda *rest: likelihood(*rest[:j], u, *rest[j:])
                if not state["others"]:
                    return scale(2 * (top - held())) - quantile
                state["others"], _, value = maximum(held, state["others"])
                return scale(2 * (top - value)) - quantile

            # The crossing next to the estimate: some profiles fall below the quantile again further away.
            step = sign * mp.sqrt(inverse[j, j] * quantile / scale(mp.mpf(1))) / 4
            inside, k = best[j], 1
            while loss(best[j] + k * step) < 0:
                inside, k = best[j] + k * step, k + 1
            both.append(mp.findroot(loss, (inside, best[j] + k * step), solver="anderson", tol=1e-14))
        found.append(shown(both))
    return {"names": names, "estimates": shown(best[: len(names)]), "intervals": found}


def column(name):
    return [mp.mpf(str(v)) for v in columns[name]]


def predictor(p):
    return [p[0] + p[1] * x + p[2] * z for x, z in zip(a, b)]


def poisson(*p):
    return mp.fsum(y * e - mp.exp(e) for y, e in zip(column("counts"), predictor(p)))


def probit(*p):
    return mp.fsum(
        y * mp.log(mp.ncdf(e)) + (n - y) * mp.log(mp.ncdf(-e))
        for y, n, e in zip(column("successes"), trials, predictor(p))
    )


def gamma(*p):
    """Minus half the deviance, with prior weights."""
    return -mp.fsum(w * (y / mp.exp(e) + e) for y, w, e in zip(column("positive"), weights, predictor(p)))


def negative_binomial(b0, b1, b2, log_theta):
    t = mp.exp(log_theta)
    total = mp.mpf(0)
    for y, e in zip(column("wide"), predictor((b0, b1, b2))):
        mu = mp.exp(e)
        total += mp.loggamma(y + t) - mp.loggamma(t) + t * mp.log(t / (t + mu)) + y * mp.log(mu / (t + mu))
    return total


NAMES = ["(Intercept)", "a", "b"]
out = {
    "poisson": ends(poisson, [0.9, 0.5, -0.4], NAMES, CHI2),
    "probit": ends(probit, [0.2, 0.3, -0.2], NAMES, CHI2),
    "negative_binomial": ends(negative_binomial, [0.9, 0.5, -0.4, 0.7], NAMES, CHI2),
}

# The gamma's dispersion by Pearson's statistic.
best, _, _ = maximum(gamma, [0.3, 0.5, -0.4])
pearson = mp.fsum(w * (y / mp.exp(e) - 1) ** 2 for y, w, e in zip(column("positive"), weights, predictor(best)))
dispersion = pearson / (len(a) - 3)
out["gamma"] = ends(gamma, [0.3, 0.5, -0.4], NAMES, student(len(a) - 3) ** 2, lambda loss: loss / dispersion)


def least_squares(name, model):
    data = sets[name]
    x, y = ([mp.mpf(str(v)) for v in data["columns"][k]] for k in ("x", "y"))
    names = [p["name"] for p in data["parameters"]]
    start = [mp.mpf(str(p["certified"])) for p in data["parameters"]]
    half = lambda *p: -mp.fsum((v - model(u, *p)) ** 2 for u, v in zip(x, y)) / 2
    best, _, top = maximum(half, start)
    freedom = len(x) - len(names)
    variance = -2 * top / freedom
    return ends(half, best, names, student(freedom) ** 2, lambda loss: loss / variance)


out["Misra1a"] = least_squares("Misra1a", lambda x, b1, b2: b1 * (1 - mp.exp(-b2 * x)))
out["Chwirut2"] = least_squares("Chwirut2", lambda x, b1, b2, b3: mp.exp(-b1 * x) / (b2 + b3 * x))
out["MGH09"] = least_squares("MGH09", lambda x, b1, b2, b3, b4: b1 * (x**2 + x * b2) / (x**2 + x * b3 + b4))
(here / "profiles.json").write_text(json.dumps(out, indent=1) + "\n")
