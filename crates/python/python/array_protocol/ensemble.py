"""Randomized-prior ensembles: estimates with honest uncertainty.

    model = array_protocol.ensemble.fit(x, y, members=20, epochs=200)
    prediction = model.predict(new_x)
    prediction.mean, prediction.sd, prediction.quantiles([0.05, 0.95])

Options are keywords. A choice with settings is a dictionary, `prior={"kind": "sine", "frequency": 3.0}`; its name alone
will do where the settings have defaults: `optimizer="adamw"`, `noise="poisson"`, `activation="tanh"`.
"""

import itertools

from . import _native, _with_dask
from ._native import Model, Prediction

__all__ = ["Model", "Prediction", "default_options", "fit", "fit_grid", "load"]

default_options = _native.default_options
load = Model.load


def fit(x, y, /, *, prior_function=None, observe=None, checkpoints=None, checkpoint_every=10, resume=True, scheduler=None,
        pieces=16, **options):
    """Trains an ensemble on inputs of shape `(rows, inputs)` and targets `(rows, targets)` or `(rows,)`.

    `x` and `y` are arrays of ours, of NumPy's, or nested sequences. The options and their defaults are
    `default_options()`; other threads of Python run while members are trained.

    `prior_function` is a function of the user's own, from `(rows, inputs)` to `(rows, targets)`. `observe(epoch, members,
    loss)` is called before the first epoch and after every one of each group of members; an exception ends the training.
    `checkpoints` is a folder from which a run that was ended goes on, written every `checkpoint_every` epochs.

    `scheduler` has the workers of a Dask cluster train, to the same bits: its client, itself, or an address such as
    "tcp://host:8786". The members are split into at least so many `pieces`. `checkpoints` is then a folder that the client and
    all workers see; what a piece gave is in it whole or not at all, `checkpoint_every` means nothing, and functions of the
    user's own are refused."""
    if scheduler is None:
        return _native.fit(x, y, options, prior_function=prior_function, observe=observe, checkpoints=checkpoints,
                           checkpoint_every=checkpoint_every, resume=resume)
    workers = _workers(scheduler, checkpoints, resume)
    return _native.fit(x, y, options, prior_function=prior_function, observe=observe, workers=workers, pieces=pieces)


def fit_grid(x, y, grid, /, *, scheduler=None, checkpoints=None, resume=True, pieces=16, **options):
    """Trains an ensemble for every point of a grid of options: a list of `(point, model)`, the last option varying fastest.

    `grid` is a dictionary from options to the values to try, `{"prior_scale": [0.1, 1.0], "learning_rate": [0.01, 0.05]}`; the
    other options are keywords, as in `fit`. With a `scheduler` the groups of all points are spread over its workers together,
    and `checkpoints` is as in `fit`."""
    values = [list(tried) for tried in grid.values()]
    if not all(values):
        raise ValueError("fit_grid: an option of the grid has no values to try")
    if scheduler is None and checkpoints is not None:
        raise ValueError("fit_grid: checkpoints are those of a scheduler's workers; on this machine, `fit` writes them for one point")
    points = [dict(zip(grid, point, strict=True)) for point in itertools.product(*values)]
    workers = None if scheduler is None else _workers(scheduler, checkpoints, resume)
    models = _native.fit_all(x, y, [{**options, **point} for point in points], workers=workers, pieces=pieces)
    return list(zip(points, models, strict=True))


def _workers(scheduler, checkpoints, resume):
    _work = _with_dask.module("_work")
    if checkpoints is not None and not resume and _work.begun(checkpoints):
        raise ValueError(f"{checkpoints} already holds a run; continue it with resume=True, or use another folder")
    return _work.workers(scheduler, checkpoints)
