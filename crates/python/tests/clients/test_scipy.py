"""SciPy with `SCIPY_ARRAY_API=1`."""

import os

import numpy as np
import pytest

import array_protocol.ndarray as xp

from held import hold, ours

scipy = pytest.importorskip("scipy", "1.15")
if os.environ.get("SCIPY_ARRAY_API") != "1":
    pytest.skip("SCIPY_ARRAY_API is not 1", allow_module_level=True)

from scipy import cluster, differentiate, fft, integrate, signal, special, stats  # noqa: E402
from scipy.optimize import elementwise  # noqa: E402
from scipy.spatial.transform import Rotation  # noqa: E402

VERSION = tuple(int(part) for part in scipy.__version__.split(".")[:2])

GENERATOR = np.random.default_rng(1)
A = GENERATOR.normal(size=(6, 20))
B = GENERATOR.normal(size=(6, 20))
TIMES = np.linspace(0.0, 2.0, 21)

CALLS = {
    # scipy.special: what is a formula stays on our arrays; what is a loop of C goes through NumPy inside SciPy.
    "logsumexp": lambda a, b, t: special.logsumexp(a, axis=1),
    "logsumexp with weights": lambda a, b, t: special.logsumexp(a, axis=0, b=b * b),
    "softmax": lambda a, b, t: special.softmax(a, axis=1),
    "log_softmax": lambda a, b, t: special.log_softmax(a, axis=-1),
    "expit": lambda a, b, t: special.expit(a),
    "logit": lambda a, b, t: special.logit(special.expit(a)),
    "xlogy": lambda a, b, t: special.xlogy(a * a, b * b),
    "entr": lambda a, b, t: special.entr(a * a),
    "rel_entr": lambda a, b, t: special.rel_entr(a * a, b * b),
    "gammaln": lambda a, b, t: special.gammaln(a * a + 1),
    "ndtr": lambda a, b, t: special.ndtr(a),
    "betainc": lambda a, b, t: special.betainc(a * a + 1, b * b + 1, special.expit(a)),
    # scipy.fft
    "fft": lambda a, b, t: fft.fft(a, axis=0),
    "ifftn": lambda a, b, t: fft.ifftn(a + 1j * b),
    "rfft2": lambda a, b, t: fft.rfft2(a),
    "irfft": lambda a, b, t: fft.irfft(fft.rfft(a), n=20),
    "hfft": lambda a, b, t: fft.hfft(a),
    "fftshift": lambda a, b, t: fft.fftshift(a),
    "dct": lambda a, b, t: fft.dct(a),
    "fht": lambda a, b, t: fft.fht(a, dln=0.1, mu=0.5),
    # scipy.integrate
    "trapezoid": lambda a, b, t: integrate.trapezoid(a, dx=0.1),
    "cumulative_trapezoid": lambda a, b, t: integrate.cumulative_trapezoid(a, dx=0.2, initial=0),
    "cumulative_simpson": lambda a, b, t: integrate.cumulative_simpson(a, dx=0.2),
    # scipy.stats
    "zscore": lambda a, b, t: stats.zscore(a, axis=1),
    "skew": lambda a, b, t: stats.skew(a, axis=1),
    "kurtosis": lambda a, b, t: stats.kurtosis(a, axis=0, bias=False),
    "moment": lambda a, b, t: stats.moment(a, order=3, axis=1),
    "describe": lambda a, b, t: tuple(stats.describe(a, axis=1))[2:],
    "gmean": lambda a, b, t: stats.gmean(abs(a) + 1, axis=1),
    "hmean": lambda a, b, t: stats.hmean(abs(a) + 1, axis=1),
    "pmean": lambda a, b, t: stats.pmean(abs(a) + 1, 2, axis=1),
    "entropy": lambda a, b, t: stats.entropy(abs(a), abs(b), axis=1),
    "variation": lambda a, b, t: stats.variation(a, axis=1),
    "sem": lambda a, b, t: stats.sem(a, axis=1),
    "ttest_1samp": lambda a, b, t: tuple(stats.ttest_1samp(a, 0.1, axis=1)),
    "ttest_ind": lambda a, b, t: tuple(stats.ttest_ind(a, b, axis=1)),
    "ttest_rel": lambda a, b, t: tuple(stats.ttest_rel(a, b, axis=1)),
    "pearsonr": lambda a, b, t: tuple(stats.pearsonr(a, b, axis=1)),
    "skewtest": lambda a, b, t: tuple(stats.skewtest(a, axis=1)),
    "jarque_bera": lambda a, b, t: tuple(stats.jarque_bera(a, axis=1)),
    "normaltest": lambda a, b, t: tuple(stats.normaltest(a, axis=1)),
    "chisquare": lambda a, b, t: tuple(stats.chisquare(a * a, axis=1)),
    "bartlett": lambda a, b, t: tuple(stats.bartlett(a[0, :], b[1, :])),
    "tmean": lambda a, b, t: stats.tmean(a, (-2.0, 2.0), axis=1),
    "tvar": lambda a, b, t: stats.tvar(a, (-2.0, 2.0), axis=1),
    "circmean": lambda a, b, t: stats.circmean(a, axis=1),
    "circvar": lambda a, b, t: stats.circvar(a, axis=1),
    "combine_pvalues": lambda a, b, t: tuple(stats.combine_pvalues(special.expit(a), axis=1)),
    "false_discovery_control": lambda a, b, t: stats.false_discovery_control(special.expit(a), axis=1),
    "rankdata": lambda a, b, t: stats.rankdata(a, axis=1),
    "quantile": lambda a, b, t: stats.quantile(a, 0.3, axis=1),
    "linregress": lambda a, b, t: tuple(stats.linregress(a[0, :], b[0, :])),
    "wilcoxon": lambda a, b, t: tuple(stats.wilcoxon(a[0, :], b[0, :], method="asymptotic")),
    "mannwhitneyu": lambda a, b, t: tuple(stats.mannwhitneyu(a, b, axis=1, method="asymptotic")),
    "kruskal": lambda a, b, t: tuple(stats.kruskal(a, b, axis=1)),
    # scipy.signal
    "detrend": lambda a, b, t: signal.detrend(a, axis=1),
    "fftconvolve": lambda a, b, t: signal.fftconvolve(a, b, mode="same"),
    "convolve": lambda a, b, t: signal.convolve(a, b, mode="full", method="fft"),
    "oaconvolve": lambda a, b, t: signal.oaconvolve(a, b[:, :5], axes=1),
    "hilbert": lambda a, b, t: signal.hilbert(a),
    "resample": lambda a, b, t: signal.resample(a, 10, axis=1),
    "lfilter": lambda a, b, t: signal.lfilter(t[1:4], t[1:3], a, axis=1),
    # scipy.cluster
    "whiten": lambda a, b, t: cluster.vq.whiten(a),
    "vq": lambda a, b, t: cluster.vq.vq(a, a[:3, :]),
    # scipy.spatial
    "rotations": lambda a, b, t: Rotation.from_quat(a[:, :4]).as_matrix(),
    "rotated": lambda a, b, t: Rotation.from_rotvec(a[:, :3]).apply(b[:, :3]),
}


# What came later than the oldest version that the tests run with.
SINCE = {"quantile": (1, 16), "rankdata": (1, 17), "rotations": (1, 17), "rotated": (1, 17), "linregress": (1, 17),
         "wilcoxon": (1, 17), "mannwhitneyu": (1, 17), "kruskal": (1, 17), "lfilter": (1, 16),
         "oaconvolve": (1, 16), "fftconvolve": (1, 16), "convolve": (1, 16), "hilbert": (1, 16),
         "resample": (1, 16), "detrend": (1, 16)}


@pytest.mark.parametrize("name", CALLS)
def test_functions(name):
    if VERSION < SINCE.get(name, (0, 0)):
        pytest.skip(f"SciPy {scipy.__version__} does not dispatch {name}")
    given = (A, B, TIMES)
    hold(CALLS[name](*ours(given)), CALLS[name](*given), rtol=1e-9)


def test_roots_are_ours():
    def f(x, c):
        return x * x - c

    c = np.asarray([1.0, 2.0, 3.0])
    got = elementwise.find_root(f, (ours(c) * 0, ours(c) + 1), args=(ours(c),))
    hold(got.x, elementwise.find_root(f, (c * 0, c + 1), args=(c,)).x)


def test_derivatives_are_ours():
    x = np.asarray([0.5, 1.0, 2.0])
    got = differentiate.derivative(xp.exp, ours(x))
    hold(got.df, differentiate.derivative(np.exp, x).df)
