"""Generalised linear models, their residuals and standard errors by statsmodels, residuals of distributions by SciPy, and
sets that are separated or not by linear programming: writes generalized.json and separation.json.

statsmodels 0.15.0, SciPy 1.17.1, NumPy 2.4.6. Every fit is polished by Newton's method to rounding.
"""

import json
import pathlib
import sys
import warnings

import numpy as np
import scipy.optimize
import scipy.stats as st
import statsmodels.api as sm
from statsmodels.genmod.families import links

# One step from the maximum is no convergence to statsmodels.
warnings.simplefilter("ignore")
rng = np.random.default_rng(6)
n = 60
a, b = np.round(rng.normal(size=n), 3), np.round(rng.uniform(0, 2, size=n), 3)
x = np.column_stack([np.ones(n), a, b])
weights = rng.integers(1, 5, size=n).astype(float)
trials = rng.integers(1, 9, size=n).astype(float)
eta = 0.3 + 0.5 * a - 0.4 * b
mean = np.exp(eta)
responses = {
    "binary": (rng.random(n) < 1 / (1 + np.exp(-1.5 * eta))).astype(float),
    "successes": rng.binomial(trials.astype(int), 1 / (1 + np.exp(-eta))).astype(float),
    "counts": rng.poisson(2 * mean).astype(float),
    "wide": rng.negative_binomial(2, 2 / (2 + 2 * mean)).astype(float),
    "positive": np.round(rng.gamma(3.0, mean / 3.0) + 0.02, 3),
    "waiting": np.round(rng.wald(mean + 0.5, 4.0) + 0.02, 3),
    "steep": np.round(rng.gamma(4.0, 0.25 / (2 + 0.4 * a + 0.3 * b)) + 0.02, 3),
    "slow": np.round(rng.wald((2 + 0.4 * a + 0.3 * b) ** -0.5, 6.0) + 0.02, 3),
    "real": np.round(3 + mean + 0.5 * rng.normal(size=n), 3),
}
f = sm.families
CASES = [
    ("binomial", "logit", "binary", False, f.Binomial(links.Logit())),
    ("binomial", "probit", "binary", False, f.Binomial(links.Probit())),
    ("binomial", "cloglog", "binary", False, f.Binomial(links.CLogLog())),
    ("binomial", "logit", "successes", False, f.Binomial(links.Logit())),
    ("binomial", "probit", "successes", False, f.Binomial(links.Probit())),
    ("poisson", "log", "counts", False, f.Poisson(links.Log())),
    ("poisson", "sqrt", "counts", False, f.Poisson(links.Sqrt())),
    ("negative_binomial", "log", "wide", False, f.NegativeBinomial(links.Log(), alpha=0.5)),
    ("negative_binomial", "sqrt", "wide", False, f.NegativeBinomial(links.Sqrt(), alpha=0.5)),
    ("gamma", "inverse", "steep", False, f.Gamma(links.InversePower())),
    ("gamma", "log", "positive", False, f.Gamma(links.Log())),
    ("gamma", "log", "positive", True, f.Gamma(links.Log())),
    ("inverse_gaussian", "inverse_squared", "slow", False, f.InverseGaussian(links.InverseSquared())),
    ("inverse_gaussian", "log", "waiting", True, f.InverseGaussian(links.Log())),
    ("gaussian", "identity", "real", False, f.Gaussian(links.Identity())),
    ("gaussian", "log", "real", True, f.Gaussian(links.Log())),
]


def quantiles(family, y, mu, w, phi):
    """Normal quantiles of the distribution function, or its values before and at each count."""
    if family == "gaussian":
        law = st.norm(mu, np.sqrt(phi / w))
    elif family == "gamma":
        law = st.gamma(w / phi, scale=mu * phi / w)
    elif family == "inverse_gaussian":
        law = st.invgauss(mu * phi / w, scale=w / phi)
    elif family == "binomial":
        k = np.round(y * w)
        return {"before": st.binom.cdf(k - 1, w, mu).tolist(), "at": st.binom.cdf(k, w, mu).tolist()}
    elif family == "poisson":
        return {"before": st.poisson.cdf(y - 1, mu).tolist(), "at": st.poisson.cdf(y, mu).tolist()}
    else:
        law = st.nbinom(2.0, 2.0 / (2.0 + mu))
        return {"before": law.cdf(y - 1).tolist(), "at": law.cdf(y).tolist()}
    lower, upper = law.cdf(y), law.sf(y)
    return {"quantile": np.where(lower < upper, st.norm.ppf(lower), st.norm.isf(upper)).tolist()}


def case(family, link, response, weighted, made):
    y = responses[response]
    grouped = response == "successes"
    w = trials if grouped else weights if weighted else np.ones(n)
    endog = np.column_stack([y, trials - y]) if grouped else y
    model = sm.GLM(endog, x, family=made, var_weights=w if weighted else None)
    start = None if family != "gaussian" or link == "identity" else [1.5, 0.0, 0.0]
    at = model.fit(tol=1e-14, maxiter=200, start_params=start).params
    for _ in range(20):
        at = at - np.linalg.solve(model.hessian(at, scale=1.0, observed=True), model.score(at, scale=1.0))
    result = model.fit(start_params=at, maxiter=1, cov_type="nonrobust")
    phi = result.scale
    error = lambda hessian: np.sqrt(np.diag(np.linalg.inv(-hessian)))
    bread = np.linalg.inv(-model.hessian(at, scale=1.0, observed=True))
    scores = model.score_obs(at, scale=1.0)
    hc0 = bread @ (scores.T @ scores) @ bread
    # What statsmodels calls HC0 is the same.
    named = model.fit(method="newton", start_params=at, maxiter=1, disp=0, cov_type="HC0")
    assert np.allclose(named.bse, np.sqrt(np.diag(hc0)), rtol=1e-8), (family, link, named.bse, np.sqrt(np.diag(hc0)))
    share = model.endog
    mu = result.mu
    # statsmodels multiplies these two by the trials, R does not.
    apart = share - mu
    if not grouped:
        assert np.allclose(result.resid_response, apart) and np.allclose(result.resid_working, apart * made.link.deriv(mu))
    influence = result.get_influence(observed=False)
    hat = influence.hat_matrix_diag
    assert np.allclose(influence.resid_studentized, result.resid_pearson / np.sqrt(phi * (1 - hat)), rtol=1e-9)
    return {
        "family": family, "link": link, "response": response, "weighted": weighted, "dispersion": phi,
        "estimates": at.tolist(),
        "expected": error(model.hessian(at, scale=phi, observed=False)).tolist(),
        "observed": error(model.hessian(at, scale=phi, observed=True)).tolist(),
        "hc0": np.sqrt(np.diag(hc0)).tolist(),
        "hc1": np.sqrt(np.diag(hc0) * n / (n - 3)).tolist(),
        "deviance": float(result.deviance),
        "response_residuals": apart.tolist(),
        "pearson": result.resid_pearson.tolist(),
        "deviance_residuals": result.resid_deviance.tolist(),
        "working": (apart * made.link.deriv(mu)).tolist(),
        "leverage": hat.tolist(),
        "standardized_pearson": influence.resid_studentized.tolist(),
        "standardized_deviance": (result.resid_deviance / np.sqrt(phi * (1 - hat))).tolist(),
        **quantiles(family, share, mu, w, phi),
    }


def linear(weighted):
    y = responses["real"]
    model = sm.WLS(y, x, weights=weights) if weighted else sm.OLS(y, x)
    result = model.fit()
    if weighted:
        # statsmodels' influence knows no weights: of the rows multiplied by their roots it is the same.
        root = np.sqrt(weights)
        influence = sm.OLS(y * root, x * root[:, None]).fit().get_influence()
    else:
        influence = result.get_influence()
    return {
        "response": result.resid.tolist(),
        "pearson": result.resid_pearson.tolist(),
        "leverage": influence.hat_matrix_diag.tolist(),
        "standardized": influence.resid_studentized_internal.tolist(),
        "studentized": influence.resid_studentized_external.tolist(),
        "cooks_distance": influence.cooks_distance[0].tolist(),
    }


def distribution(name, parameters, law, values):
    values = np.asarray(values, float)
    if hasattr(law.dist, "pmf"):
        scores = {"before": law.cdf(values - 1).tolist(), "at": law.cdf(values).tolist()}
    else:
        lower, upper = law.cdf(values), law.sf(values)
        scores = {
            "probability": lower.tolist(),
            "quantile": np.where(lower < upper, st.norm.ppf(lower), st.norm.isf(upper)).tolist(),
        }
    count = len(values)
    a = 0.375 if count <= 10 else 0.5
    positions = (np.arange(1, count + 1) - a) / (count + 1 - 2 * a)
    return {"name": name, "parameters": parameters, "values": values.tolist(), "expected": law.ppf(positions).tolist(), **scores}


found = {
    "a": a.tolist(), "b": b.tolist(), "weights": weights.tolist(), "trials": trials.tolist(),
    **{name: y.tolist() for name, y in responses.items()},
    "cases": [case(*c) for c in CASES],
    "linear": linear(False), "weighted_linear": linear(True),
    "distributions": [
        distribution("gamma", [2.5, 0.5], st.gamma(2.5, scale=2.0), [0.01, 0.4, 1.0, 3.3, 5.0, 9.1, 60.0]),
        distribution("weibull", [1.7, 3.0], st.weibull_min(1.7, scale=3.0), np.linspace(0.1, 12.0, 15)),
        distribution("student_t", [4.0, 1.0, 2.0], st.t(4.0, 1.0, 2.0), [-50.0, -1.0, 1.0, 4.0, 80.0]),
        distribution("poisson", [2.3], st.poisson(2.3), [0, 1, 2, 3, 5, 12]),
        distribution("negative_binomial", [1.5, 4.0], st.nbinom(1.5, 1.5 / 5.5), [0, 1, 3, 4, 20]),
    ],
}


def separated(x, y, family):
    """Whether a direction exists in which the likelihood grows for ever: the largest sum of the rows' moves towards their
    ends, where none moves away and the others stay (Konis, "Linear programming algorithms for detecting separated data in
    binary logistic regression models", 2007)."""
    sign = np.where(y == 0, -1.0, 1.0) if family == "binomial" else np.where(y == 0, -1.0, 0.0)
    moves = x * sign[:, None]
    stay = x[sign == 0]
    ends = moves[sign != 0]
    if len(ends) == 0:
        return False
    result = scipy.optimize.linprog(
        -ends.sum(0), A_ub=-ends, b_ub=np.zeros(len(ends)),
        A_eq=stay if len(stay) else None, b_eq=np.zeros(len(stay)) if len(stay) else None,
        bounds=[(-1, 1)] * x.shape[1], method="highs",
    )
    assert result.status == 0
    return bool(-result.fun > 1e-7)


sets = []
while len(sets) < 240:
    family = ["binomial", "poisson"][len(sets) % 2]
    rows, columns = int(rng.integers(8, 25)), int(rng.integers(1, 4))
    # Few values, so that all kinds of ties and quasi-complete separation occur.
    design = rng.integers(-2, 3, size=(rows, columns)).astype(float)
    if len(sets) % 3 == 0:
        design[:, 0] = np.round(rng.normal(size=rows) * 100, 1)
    full = np.column_stack([np.ones(rows), design])
    if np.linalg.matrix_rank(full) <= columns:
        continue
    slope = rng.normal(size=columns) * rng.choice([0.3, 2.0, 5.0]) / np.maximum(np.abs(design).max(0), 1)
    line = design @ slope
    if family == "binomial":
        y = (rng.random(rows) < 1 / (1 + np.exp(-2 * line))).astype(float)
    else:
        y = rng.poisson(np.exp(np.clip(line - 1, -20, 4))).astype(float)
    sets.append({"family": family, "x": design.tolist(), "y": y.tolist(), "separated": separated(full, y, family)})

print(sum(s["separated"] for s in sets), "of", len(sets), "sets are separated")
folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "crates/mle/tests/data")
(folder / "generalized.json").write_text(json.dumps(found) + "\n")
(folder / "separation.json").write_text(json.dumps(sets) + "\n")
