"""Randomized-prior ensembles: estimates with honest uncertainty.

    model = array_protocol.ensemble.fit(x, y, members=20, epochs=200)
    prediction = model.predict(new_x)
    prediction.mean, prediction.sd, prediction.quantiles([0.05, 0.95])

Options are keywords. A choice with settings is a dictionary, `prior={"kind": "sine", "frequency": 3.0}`; its name alone
will do where the settings have defaults: `optimizer="adamw"`, `noise="poisson"`, `activation="tanh"`.
"""

from . import _native
from ._native import Model, Prediction

__all__ = ["Model", "Prediction", "default_options", "fit", "load"]

default_options = _native.default_options
load = Model.load


def fit(x, y, /, *, prior_function=None, observe=None, checkpoints=None, checkpoint_every=10, resume=True, **options):
    """Trains an ensemble on inputs of shape `(rows, inputs)` and targets `(rows, targets)` or `(rows,)`.

    `x` and `y` are arrays of ours, of NumPy's, or nested sequences. The options and their defaults are
    `default_options()`; other threads of Python run while members are trained.

    `prior_function` is a function of the user's own, from `(rows, inputs)` to `(rows, targets)`. `observe(epoch, members,
    loss)` is called before the first epoch and after every one of each group of members; an exception ends the training.
    `checkpoints` is a folder from which a run that was ended goes on, written every `checkpoint_every` epochs.
    """
    return _native.fit(x, y, options, prior_function=prior_function, observe=observe, checkpoints=checkpoints,
                       checkpoint_every=checkpoint_every, resume=resume)
