"""SciPy, scikit-learn and statsmodels on the work of crates/mle/benches/peers.rs: prints median seconds by work and library."""

import json
import statistics
import time

import numpy as np
import scipy.stats
import sklearn
import statsmodels
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression


def median(times, work):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


rng = np.random.default_rng(0)
names = {"scipy": f"SciPy {scipy.__version__}", "sm": f"statsmodels {statsmodels.__version__}"}
names["sklearn"] = f"scikit-learn {sklearn.__version__}"
found = {}

x = scipy.stats.weibull_min.rvs(1.7, scale=3.0, size=10_000, random_state=rng)


def refits():
    for _ in range(1000):
        scipy.stats.weibull_min.fit(rng.choice(x, len(x)), floc=0)


found["1,000 bootstrap refits of a Weibull, 10,000 rows"] = {names["scipy"]: median(1, refits)}

rows, columns = 1_000_000, 20
x = rng.standard_normal((rows, columns))
slopes = np.linspace(-0.5, 0.5, columns)
y = (rng.random(rows) < 1 / (1 + np.exp(-(0.3 + x @ slopes)))).astype(float)
designed = sm.add_constant(x)


def newton_cholesky():
    # No penalty: its inverse strength is infinite.
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8).fit(x, y)
    assert abs(model.coef_[0] - slopes).max() < 0.03


def newton():
    result = sm.Logit(y, designed).fit(method="newton", disp=0)
    assert np.isfinite(result.bse).all()


found["logistic regression, 1,000,000 x 20"] = {
    names["sklearn"]: median(3, newton_cholesky),
    names["sm"]: median(1, newton),
}

x = rng.normal(5.0, 2.0, 10_000_000)
found["normal distribution, 10,000,000 rows"] = {names["scipy"]: median(7, lambda: scipy.stats.norm.fit(x))}

print(json.dumps({"seconds": found}))
