"""Regressions fitted by scikit-learn and statsmodels, with the data they were fitted to: writes regressions.json.

scikit-learn 1.9.1, statsmodels 0.15.0, NumPy 2.4.6. The tolerances are as tight as the libraries go.
"""

import json
import pathlib
import sys

import numpy as np
import statsmodels.api as sm
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from statsmodels.discrete.count_model import ZeroInflatedPoisson
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.othermod.betareg import BetaModel

rng = np.random.default_rng(20)
n = 120
a, b = np.round(rng.normal(size=n), 3), np.round(rng.uniform(-1, 2, size=n), 3)
x = np.column_stack([np.ones(n), a, b])
mu = np.exp(0.8 + 0.4 * a - 0.3 * b)


def polished(model, start):
    """The result, after as many Newton steps as rounding allows."""
    at = start
    for _ in range(40):
        # The observed information is what statsmodels' own standard errors rest on.
        at = at - np.linalg.solve(hessian(model, at), model.score(at))
    return at, np.sqrt(np.diag(np.linalg.inv(-hessian(model, at)))), model.loglike(at)


def hessian(model, at):
    """Central differences of the exact score, of fourth order."""
    steps = 1e-3 * np.maximum(np.abs(at), 0.1)
    rows = []
    for i, h in enumerate(steps):
        e = np.zeros(len(at))
        e[i] = h
        slope = lambda k: model.score(at + k * e)
        rows.append((8 * (slope(1) - slope(-1)) - (slope(2) - slope(-2))) / (12 * h))
    return np.array(rows)


def written(model, start):
    estimates, errors, log_likelihood = polished(model, start)
    assert np.abs(model.score(estimates)).max() < 1e-6, model.score(estimates)
    return {"estimates": estimates.tolist(), "std_errors": errors.tolist(), "log_likelihood": float(log_likelihood)}


found = {"a": a.tolist(), "b": b.tolist()}

y = rng.negative_binomial(2.0, 2.0 / (2.0 + mu))
found["counts"] = y.tolist()
for kind in ["nb1", "nb2"]:
    model = NegativeBinomial(y, x, loglike_method=kind)
    found[kind] = written(model, model.fit(method="bfgs", disp=0, maxiter=2000, gtol=1e-10).params)

y = np.where(rng.random(n) < 0.3, 0, rng.poisson(2 * mu))
found["inflated"] = y.tolist()
model = ZeroInflatedPoisson(y, x, inflation="logit")
found["zip"] = written(model, model.fit(method="bfgs", disp=0, maxiter=2000, gtol=1e-10).params)
model = ZeroInflatedPoisson(y, x, exog_infl=x[:, :2], inflation="logit")
found["zip_terms"] = written(model, model.fit(method="bfgs", disp=0, maxiter=2000, gtol=1e-10).params)

m = 1 / (1 + np.exp(-(0.3 + 0.7 * a - 0.5 * b)))
y = np.round(rng.beta(12 * m, 12 * (1 - m)), 4)
found["shares"] = y.tolist()
model = BetaModel(y, x)
found["beta"] = written(model, model.fit(disp=0, maxiter=2000, gtol=1e-10).params)
model = BetaModel(y, x, exog_precision=x[:, :2])
found["beta_terms"] = written(model, model.fit(disp=0, maxiter=2000, gtol=1e-10).params)

utilities = np.column_stack([np.zeros(n), 0.2 + 0.8 * a, -0.4 + 0.5 * b])
y = np.argmax(utilities + rng.gumbel(size=(n, 3)), axis=1)
found["categories"] = y.tolist()
result = sm.MNLogit(y, x).fit(method="newton", disp=0, tol=1e-14, maxiter=200)
found["multinomial"] = {
    "estimates": np.asarray(result.params).T.ravel().tolist(),
    "std_errors": np.asarray(result.bse).T.ravel().tolist(),
    "log_likelihood": float(result.llf),
}

p = 6
design = np.round(rng.normal(size=(40, p)) * [1, 2, 3, 1, 5, 1], 3)
design[:, 3] = np.round(design[:, 0] + 0.1 * design[:, 3], 3)
y = np.round(design @ [1.0, 0.0, -0.5, 0.0, 0.3, 0.0] + 4 + rng.normal(size=40), 3)
found["design"], found["response"] = design.tolist(), y.tolist()
scaled = (design - design.mean(0)) / design.std(0)
for name, columns in [("as_given", design), ("standardized", scaled)]:
    deviation = design.std(0) if name == "standardized" else np.ones(p)
    for kind, strength, model in [
        ("lasso", 0.1, Lasso(alpha=0.1, tol=1e-15, max_iter=1_000_000)),
        ("elastic_net", 0.2, ElasticNet(alpha=0.2, l1_ratio=0.4, tol=1e-15, max_iter=1_000_000)),
        # scikit-learn's ridge penalises the sum of squares, not its mean.
        ("ridge", 0.3, Ridge(alpha=0.3 * len(y), tol=1e-15, solver="svd")),
    ]:
        coefficients = model.fit(columns, y).coef_ / deviation
        intercept = y.mean() - design.mean(0) @ coefficients
        found[f"{kind}_{name}"] = {"strength": strength, "estimates": [intercept, *coefficients]}

target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "crates/mle/tests/data/regressions.json")
target.write_text(json.dumps(found) + "\n")
