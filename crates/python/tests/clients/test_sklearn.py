"""scikit-learn with `array_api_dispatch=True`."""

import numpy as np
import pytest

import array_protocol.ndarray as xp

from held import hold, ours

sklearn = pytest.importorskip("sklearn", "1.7")

from sklearn import metrics, preprocessing  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import make_classification  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # noqa: E402
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier  # noqa: E402
from sklearn.mixture import GaussianMixture  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sklearn.naive_bayes import GaussianNB  # noqa: E402
from sklearn.utils.estimator_checks import check_array_api_input  # noqa: E402

X, Y = make_classification(n_samples=40, n_features=8, random_state=0)
GENERATOR = np.random.default_rng(0)
TRUTH, GUESS = GENERATOR.integers(0, 2, 30), GENERATOR.integers(0, 2, 30)
TARGET, VALUE = GENERATOR.normal(size=30), GENERATOR.normal(size=30)

ESTIMATORS = [
    PCA(n_components=3, svd_solver="full"),
    PCA(n_components=3, svd_solver="covariance_eigh", whiten=True),
    PCA(n_components=0.9, svd_solver="full"),
    PCA(n_components=2, svd_solver="randomized", power_iteration_normalizer="QR", random_state=0),
    Ridge(solver="svd"),
    RidgeClassifier(solver="svd"),
    LinearDiscriminantAnalysis(),
    GaussianNB(),
    # Its covariance type "full" writes into a slice and expects the array to see it: the standard leaves that open.
    GaussianMixture(n_components=2, random_state=0, covariance_type="tied", init_params="random"),
    GaussianMixture(n_components=2, random_state=0, covariance_type="diag", init_params="random"),
    LogisticRegression(solver="lbfgs"),
    preprocessing.StandardScaler(),
    preprocessing.MinMaxScaler(),
    preprocessing.MaxAbsScaler(),
    preprocessing.Normalizer(norm="l1"),
    preprocessing.Binarizer(threshold=0.5),
    preprocessing.KernelCenterer(),
    preprocessing.PolynomialFeatures(degree=2),
]


# What is compared by shape and type only.
UNLIKE = (PCA, LinearDiscriminantAnalysis, GaussianMixture)


def attempt(estimator):
    """What this version of scikit-learn says it can dispatch."""
    if not sklearn.utils.get_tags(estimator).array_api_support:
        pytest.skip(f"scikit-learn {sklearn.__version__} does not dispatch {type(estimator).__name__}")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_its_own_check_passes(estimator, dtype):
    attempt(estimator)
    check_array_api_input(
        type(estimator).__name__,
        clone(estimator),
        "array_protocol.ndarray",
        device_name="cpu",
        dtype_name=dtype,
        # Singular vectors have a sign of their own, and the check's tolerance is that of one order of summation.
        check_values=dtype == "float64" and not isinstance(estimator, UNLIKE),
        check_sample_weight=True,
    )


def test_fitted_attributes_are_ours():
    with sklearn.config_context(array_api_dispatch=True):
        pca = PCA(n_components=2, svd_solver="full").fit(ours(X))
        scaled = preprocessing.StandardScaler().fit_transform(ours(X))
    want = PCA(n_components=2, svd_solver="full").fit(X)
    for name in ("components_", "explained_variance_", "mean_", "singular_values_"):
        got = getattr(pca, name)
        assert type(got) is xp.Array
        np.testing.assert_allclose(np.abs(np.asarray(got)), np.abs(getattr(want, name)), rtol=1e-8, atol=1e-12)
    hold(scaled, preprocessing.StandardScaler().fit_transform(X))


def test_splits_are_ours():
    with sklearn.config_context(array_api_dispatch=True):
        got = train_test_split(ours(X), ours(Y), random_state=0, stratify=ours(Y))
    hold(got, train_test_split(X, Y, random_state=0, stratify=Y))


METRICS = {
    "accuracy": lambda t, g, *_: metrics.accuracy_score(t, g),
    "accuracy with weights": lambda t, g, a, b: metrics.accuracy_score(t, g, sample_weight=abs(a)),
    "zero-one loss": lambda t, g, *_: metrics.zero_one_loss(t, g),
    "balanced accuracy": lambda t, g, *_: metrics.balanced_accuracy_score(t, g),
    "confusion matrix": lambda t, g, *_: metrics.confusion_matrix(t, g),
    "Cohen's kappa": lambda t, g, *_: metrics.cohen_kappa_score(t, g),
    "F1": lambda t, g, *_: metrics.f1_score(t, g),
    "precision": lambda t, g, *_: metrics.precision_score(t, g, average="macro"),
    "recall": lambda t, g, *_: metrics.recall_score(t, g),
    "Jaccard": lambda t, g, *_: metrics.jaccard_score(t, g),
    "Hamming": lambda t, g, *_: metrics.hamming_loss(t, g),
    "mean squared error": lambda t, g, a, b: metrics.mean_squared_error(a, b),
    "root mean squared error": lambda t, g, a, b: metrics.root_mean_squared_error(a, b),
    "mean absolute error": lambda t, g, a, b: metrics.mean_absolute_error(a, b),
    "median absolute error": lambda t, g, a, b: metrics.median_absolute_error(a, b),
    "maximal error": lambda t, g, a, b: metrics.max_error(a, b),
    "R2": lambda t, g, a, b: metrics.r2_score(a, b),
    "D2 pinball": lambda t, g, a, b: metrics.d2_pinball_score(a, b),
    "D2 Tweedie": lambda t, g, a, b: metrics.d2_tweedie_score(a, b),
    "pinball": lambda t, g, a, b: metrics.mean_pinball_loss(a, b),
    "Poisson deviance": lambda t, g, a, b: metrics.mean_poisson_deviance(abs(a), abs(b) + 1),
    "Gamma deviance": lambda t, g, a, b: metrics.mean_gamma_deviance(abs(a) + 1, abs(b) + 1),
    "Brier": lambda t, g, a, b: metrics.brier_score_loss(t, 1 / (1 + a * a)),
    "log loss": lambda t, g, a, b: metrics.log_loss(t, 1 / (1 + a * a)),
    "ROC": lambda t, g, a, b: metrics.roc_curve(t, a),
    "precision-recall curve": lambda t, g, a, b: metrics.precision_recall_curve(t, a),
    "average precision": lambda t, g, a, b: metrics.average_precision_score(t, a),
    "linear kernel": lambda t, g, a, b: metrics.pairwise.linear_kernel(a[:, None], b[:, None]),
    "RBF kernel": lambda t, g, a, b: metrics.pairwise.rbf_kernel(a[:, None], b[:, None]),
    "polynomial kernel": lambda t, g, a, b: metrics.pairwise.polynomial_kernel(a[:, None], b[:, None]),
    "cosine similarity": lambda t, g, a, b: metrics.pairwise.cosine_similarity(a[:, None], b[:, None]),
    "Euclidean distances": lambda t, g, a, b: metrics.pairwise.euclidean_distances(a[:, None], b[:, None]),
    "Manhattan distances": lambda t, g, a, b: metrics.pairwise.manhattan_distances(a[:, None], b[:, None]),
}


@pytest.mark.parametrize("name", METRICS)
def test_metrics(name):
    given = (TRUTH, GUESS, TARGET, VALUE)
    want = METRICS[name](*given)
    with sklearn.config_context(array_api_dispatch=True):
        got = METRICS[name](*ours(given))
    hold(got, want)
