"""The ensemble from Python."""

import math

import numpy as np
import pytest

import array_protocol as ap
import array_protocol.ndarray as xp
from array_protocol import ensemble

X = np.linspace(-1, 1, 24).reshape(-1, 1)
Y = np.sin(3 * X[:, 0])
SMALL = dict(members=4, widths=[8], epochs=30, seed=3)


@pytest.fixture(scope="module")
def model():
    return ensemble.fit(X, Y, **SMALL)


def test_predictions_have_their_parts(model):
    p = model.predict(X)
    assert p.members.shape == (4, 24, 1) and p.mean.shape == p.sd.shape == (24, 1)
    members = np.asarray(p.members)
    np.testing.assert_allclose(np.asarray(p.mean), members.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.asarray(p.epistemic), members.std(0), rtol=1e-4, atol=1e-6)
    assert not np.any(np.asarray(p.aleatoric))
    np.testing.assert_allclose(np.asarray(p.sd), np.asarray(p.epistemic))
    q = p.quantiles([0.0, 0.5, 1.0])
    assert q.shape == (3, 24, 1)
    np.testing.assert_allclose(np.asarray(q[0]), members.min(0))
    np.testing.assert_allclose(np.asarray(p.quantile(1.0)), members.max(0))
    assert p.covariance().shape == (24, 24)
    with pytest.raises(ValueError, match="1.5"):
        p.quantile(1.5)


def test_a_closed_form_is_the_exact_posterior_of_a_linear_model():
    options = dict(members=400, widths=[], biases=None, prior={"kind": "linear", "sd": 1.0}, prior_scale=1.0,
                   noise={"kind": "gaussian", "sd": 0.5}, penalty={"kind": "l2", "strength": 0.25}, reduction="sum",
                   solver="closed-form", dtype=xp.float64, seed=1)
    y = 0.7 * X
    model = ensemble.fit(X, y, **options)
    # Bayes: precision 1 + x'x / s2, mean x'y / s2 / precision.
    precision = 1 + float((X**2).sum()) / 0.25
    mean, sd = float((X * y).sum()) / 0.25 / precision, 1 / math.sqrt(precision)
    p = model.predict([[1.0]])
    assert abs(float(p.mean[0, 0]) - mean) < 4 * sd / math.sqrt(400)
    assert abs(float(p.epistemic[0, 0]) / sd - 1) < 4 / math.sqrt(2 * 400)


def test_known_and_estimated_noise_is_aleatoric():
    known = ensemble.fit(X, Y, head={"kind": "mean", "noise_sd": 0.3}, **SMALL).predict(X)
    np.testing.assert_allclose(np.asarray(known.aleatoric), 0.3, rtol=1e-5)
    total = np.asarray(known.epistemic) ** 2 + np.asarray(known.aleatoric) ** 2
    np.testing.assert_allclose(np.asarray(known.sd), np.sqrt(total), rtol=1e-5)
    np.testing.assert_allclose(np.asarray(known.variance), total, rtol=1e-5)
    assert np.all(np.asarray(ensemble.fit(X, Y, head="variance", **SMALL).predict(X).aleatoric) > 0)


def test_the_same_seed_is_the_same_model_and_files_hold_all_of_it(model, tmp_path):
    again = ensemble.fit(xp.asarray(X), xp.asarray(Y), **SMALL)
    want = model.predict(X).members
    assert again.predict(X).members.tobytes() == want.tobytes()
    model.save(tmp_path / "model.safetensors")
    loaded = ensemble.load(tmp_path / "model.safetensors")
    assert loaded.predict(X).members.tobytes() == want.tobytes()
    assert loaded.options == model.options and loaded.options["members"] == 4
    with pytest.raises((ValueError, RuntimeError, OSError)):
        ensemble.load(tmp_path / "no such file")


def test_reports_and_parameters(model):
    assert len(model.reports) == 4 and {"mse", "status", "failed", "reason"} <= model.reports[0].keys()
    assert len(model.histories) == 4 and len(model.histories[0]) == 30
    assert all(leaf.shape[0] == 4 for leaf in model.params.values())
    trained, prior = model.parts(X)
    np.testing.assert_allclose(np.asarray(trained + prior), np.asarray(model.predict(X, members=range(4)).members), rtol=1e-5, atol=1e-6)
    assert (model.inputs, model.targets) == (1, 1) and "4 members" in repr(model)


@pytest.mark.parametrize(
    "options, error, words",
    [
        (dict(memebrs=3), TypeError, ["memebrs", "members", "widths"]),
        (dict(members=0), ValueError, ["member"]),
        (dict(members="many"), TypeError, ["members", "usize"]),
        (dict(members=-1), ValueError, ["members", "-1"]),
        (dict(activation="sleu"), ValueError, ["activation", "sleu", "selu", "tanh"]),
        (dict(optimizer="adma"), ValueError, ["optimizer", "adma", "adamw", "sgd"]),
        (dict(optimizer={"kind": "sgd", "momemtum": 0.9}), ValueError, ["optimizer", "momemtum", "momentum"]),
        (dict(prior="sine"), ValueError, ["prior", "frequency"]),
        (dict(prior={"kind": "sine", "frequency": 3, "phase": 1}), ValueError, ["prior", "phase", "frequency"]),
        (dict(prior="gauss"), ValueError, ["prior", "gauss", "network", "fourier"]),
        (dict(noise={"kind": "gaussian", "sd": -1}), ValueError, ["noise", "-1"]),
        (dict(learning_rate=math.inf), ValueError, ["learning_rate", "finite"]),
        (dict(learning_rate="fast"), TypeError, ["learning_rate"]),
        (dict(dtype="int64"), ValueError, ["int64", "float32"]),
        (dict(dtype="float8"), ValueError, ["dtype", "float8", "float64"]),
        (dict(widths=[8, 0]), ValueError, ["layer 1"]),
        (dict(early_stopping={"every": 5}), ValueError, ["early_stopping", "patience"]),
        (dict(solver="closed-form"), ValueError, ["closed form"]),
    ],
    ids=str,
)
def test_wrong_options_are_named_with_what_is_accepted(options, error, words):
    with pytest.raises(error) as caught:
        ensemble.fit(X, Y, **options)
    for word in words:
        assert word in str(caught.value)


def test_wrong_data_is_refused():
    for x, y in [(X, Y[:3]), (X[:, 0], Y), (X * math.nan, Y), (X[:0], Y[:0])]:
        with pytest.raises(ValueError):
            ensemble.fit(x, y, **SMALL)
    with pytest.raises(TypeError):
        ensemble.fit("text", Y, **SMALL)


def test_settings_have_short_and_long_spellings():
    options = ensemble.fit(X, Y, optimizer={"kind": "adamw", "decay": 0.1}, weights="he_normal", prior=None, **SMALL).options
    assert options["optimizer"]["adamw"]["decay"] == 0.1 and options["weights"] == "he-normal"
    assert options["prior"] == {"kind": "none"}
    assert set(options) == set(ensemble.default_options())


def test_functions_of_the_users_own_are_called():
    seen = []
    model = ensemble.fit(X, Y, prior_function=lambda x: ap.sin(5 * x), observe=lambda *a: seen.append(a), **SMALL)
    assert {epoch for epoch, _, _ in seen} == set(range(31))
    assert sorted({m for _, members, _ in seen for m in members}) == [0, 1, 2, 3]
    assert seen[-1][2].shape[0] == len(seen[-1][1])
    _, prior = model.parts(X)
    np.testing.assert_allclose(np.asarray(prior[0]), np.sin(5 * X), atol=1e-5)

    class Stop(Exception):
        pass

    def stop(epoch, members, loss):
        raise Stop

    with pytest.raises(Stop):
        ensemble.fit(X, Y, observe=stop, **SMALL)


def test_a_run_goes_on_from_its_checkpoints(tmp_path):
    def killed(epoch, members, loss):
        if epoch == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensemble.fit(X, Y, checkpoints=tmp_path, checkpoint_every=5, observe=killed, **SMALL)
    epochs = []
    again = ensemble.fit(X, Y, checkpoints=tmp_path, observe=lambda e, *_: epochs.append(e), **SMALL)
    assert min(epochs) > 1
    assert again.predict(X).members.tobytes() == ensemble.fit(X, Y, **SMALL).predict(X).members.tobytes()


def test_other_threads_run_while_members_are_trained(ticks):
    before = ticks[0]
    ensemble.fit(X, Y, members=16, epochs=200, seed=0)
    assert ticks[0] > before + 10
