//! Randomized-prior ensembles from Python.

mod options;

use std::path::PathBuf;

use array_api::{Array, Tree};
use ensemble::{Checkpoints, Fit, Model, Options, Prediction, PriorFunction, Snapshot, train_all};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::sync::Arc;

use crate::array::PyArray;
use crate::boundary::{run, run_long};
use crate::foreign::raised;
use crate::work::Called;

/// An array of ours, or what `asarray` makes of another library's memory or of nested sequences.
fn array(value: &Bound<'_, PyAny>) -> PyResult<Array> {
    if let Ok(array) = value.cast::<PyArray>() {
        return Ok(array.try_borrow()?.array.clone());
    }
    let made = value.py().import("array_protocol.ndarray")?.getattr("asarray")?.call1((value,))?;
    Ok(made.cast::<PyArray>()?.try_borrow()?.array.clone())
}

/// A prior function of the user's own: `(rows, inputs)` to `(rows, targets)`.
fn prior_function(f: Py<PyAny>) -> PriorFunction {
    Arc::new(move |x: &Array| {
        let y = Python::attach(|py| {
            let y = f.bind(py).call1((PyArray { array: x.clone() },))?;
            match y.cast::<PyArray>() {
                Ok(y) => Ok(y.try_borrow()?.array.clone()),
                Err(_) => {
                    let class = y.get_type().name()?;
                    Err(PyTypeError::new_err(format!("the prior function returned {class}, but must return an array")))
                }
            }
        });
        y.map_err(|e| raised("prior_function", e))
    })
}

/// Trains an ensemble, without Python's lock.
#[pyfunction]
#[pyo3(signature = (x, y, options, *, prior_function=None, observe=None, checkpoints=None, checkpoint_every=10, resume=true, workers=None, pieces=16))]
#[allow(clippy::too_many_arguments)] // keywords of a Python function
pub(crate) fn fit(
    py: Python<'_>,
    x: &Bound<'_, PyAny>,
    y: &Bound<'_, PyAny>,
    options: &Bound<'_, PyDict>,
    prior_function: Option<Py<PyAny>>,
    observe: Option<Py<PyAny>>,
    checkpoints: Option<PathBuf>,
    checkpoint_every: u64,
    resume: bool,
    workers: Option<Py<PyAny>>,
    pieces: usize,
) -> PyResult<PyModel> {
    let mut options = options::options(options)?;
    if prior_function.is_some() {
        options.prior = ensemble::Prior::Function;
    }
    let (x, y) = (array(x)?, array(y)?);
    if checkpoint_every == 0 {
        return Err(PyValueError::new_err("checkpoint_every is 0, but checkpoints are some epochs apart"));
    }
    let observer = |s: &Snapshot<'_>| -> array_api::Result<()> {
        let Some(f) = &observe else { return Ok(()) };
        let called = Python::attach(|py| {
            let loss = s.loss.map(|array| PyArray { array: array.clone() });
            f.call1(py, (s.epoch, s.members.to_vec(), loss)).map(drop)
        });
        called.map_err(|e| raised("observe", e))
    };
    let watched = observe.is_some();
    let workers = workers.map(|call| Called { call, pieces });
    let model = run_long(py, || {
        let mut fit = Fit::new(options, &array_ndarray::namespace());
        if let Some(f) = prior_function {
            let f = self::prior_function(f);
            fit = fit.prior_function(move |x| f(x));
        }
        if watched {
            fit = fit.observe(&observer);
        }
        if let Some(folder) = checkpoints {
            fit = fit.checkpoints(Checkpoints { folder, every: checkpoint_every, resume });
        }
        if let Some(workers) = &workers {
            fit = fit.on(workers);
        }
        fit.run(&x, &y)
    })?;
    Ok(PyModel(model))
}

/// Trains an ensemble for each of several options on the same data, without Python's lock.
#[pyfunction]
#[pyo3(signature = (x, y, points, *, workers=None, pieces=16))]
pub(crate) fn fit_all(
    py: Python<'_>,
    x: &Bound<'_, PyAny>,
    y: &Bound<'_, PyAny>,
    points: Vec<Bound<'_, PyDict>>,
    workers: Option<Py<PyAny>>,
    pieces: usize,
) -> PyResult<Vec<PyModel>> {
    let points = points.iter().map(options::options).collect::<PyResult<Vec<_>>>()?;
    let (x, y) = (array(x)?, array(y)?);
    let workers = workers.map(|call| Called { call, pieces });
    let models = run_long(py, || {
        let workers = workers.as_ref().map(|called| called as &dyn array_api::parallel::Workers);
        train_all(&points, &array_ndarray::namespace(), &x, &y, workers)
    })?;
    Ok(models.into_iter().map(PyModel).collect())
}

/// The options that a run has unless others are given.
#[pyfunction]
pub(crate) fn default_options(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    as_python(py, &Options::default())
}

/// Values of serde as Python's.
fn as_python<'py>(py: Python<'py>, value: &impl serde::Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value).map_err(|e| PyValueError::new_err(e.to_string()))?;
    py.import("json")?.getattr("loads")?.call1((text,))
}

/// A trained ensemble.
#[pyclass(frozen, name = "Model", module = "array_protocol.ensemble")]
pub(crate) struct PyModel(Model);

#[pymethods]
impl PyModel {
    /// The choices of the run.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        as_python(py, self.0.options())
    }

    /// The number of inputs.
    #[getter]
    fn inputs(&self) -> usize {
        self.0.inputs()
    }

    /// The number of targets.
    #[getter]
    fn targets(&self) -> usize {
        self.0.targets()
    }

    /// What became of each member: `mse`, `final_loss`, `epoch`, `status`, `restarts`, and whether it `failed` and why.
    #[getter]
    fn reports<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let reports = self.0.reports().iter().map(|r| {
            let report = PyDict::new(py);
            report.set_item("member", r.member)?;
            report.set_item("mse", r.mse)?;
            report.set_item("final_loss", r.final_loss)?;
            report.set_item("epoch", r.epoch)?;
            report.set_item("status", r.status.to_string())?;
            report.set_item("failed", r.status.failed())?;
            report.set_item("reason", r.status.reason())?;
            report.set_item("restarts", r.restarts)?;
            Ok(report)
        });
        PyList::new(py, reports.collect::<PyResult<Vec<_>>>()?)
    }

    /// The training loss of every epoch, a list per member; empty for a model that was loaded.
    #[getter]
    fn histories(&self) -> Vec<Vec<f64>> {
        self.0.histories().to_vec()
    }

    /// The members that predictions are made of: those that did not fail.
    #[getter]
    fn used(&self) -> Vec<usize> {
        self.0.used()
    }

    /// The trained parameters by name, the members as leading axis.
    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let params = PyDict::new(py);
        for (name, leaf) in self.0.params().named_leaves() {
            params.set_item(name, PyArray { array: leaf.clone() })?;
        }
        Ok(params)
    }

    /// Predictions for inputs of shape `(rows, inputs)`, by the members that did not fail, or by those given.
    #[pyo3(signature = (x, /, *, members=None))]
    fn predict(&self, py: Python<'_>, x: &Bound<'_, PyAny>, members: Option<Vec<usize>>) -> PyResult<PyPrediction> {
        let x = array(x)?;
        let predicted = run_long(py, || match members {
            Some(members) => self.0.predict_with(&x, &members),
            None => self.0.predict(&x),
        })?;
        Ok(PyPrediction(predicted))
    }

    /// The trained part and the scaled prior of every member, shape `(members, rows, targets)` each; their sum is the
    /// member's prediction.
    fn parts(&self, py: Python<'_>, x: &Bound<'_, PyAny>) -> PyResult<(PyArray, PyArray)> {
        let x = array(x)?;
        let parts = run_long(py, || self.0.parts(&x))?;
        Ok((PyArray { array: parts.trained }, PyArray { array: parts.prior }))
    }

    /// Writes the model to one safetensors file.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        run_long(py, || self.0.save(&path))
    }

    /// Reads a model; a prior function of the user's own must be given again.
    #[staticmethod]
    #[pyo3(signature = (path, /, *, prior_function=None))]
    fn load(py: Python<'_>, path: PathBuf, prior_function: Option<Py<PyAny>>) -> PyResult<PyModel> {
        let f = prior_function.map(self::prior_function);
        run_long(py, || Model::load(&path, &array_ndarray::namespace(), f)).map(PyModel)
    }

    fn __repr__(&self) -> String {
        let (all, used) = (self.0.reports().len(), self.0.used().len());
        format!("<ensemble of {all} members, {used} used, {} inputs, {} targets>", self.0.inputs(), self.0.targets())
    }
}

/// What an ensemble says about new rows, in the data's units. Shapes are `(rows, targets)` unless said otherwise.
#[pyclass(frozen, name = "Prediction", module = "array_protocol.ensemble")]
pub(crate) struct PyPrediction(Prediction);

impl PyPrediction {
    fn get(&self, py: Python<'_>, f: impl FnOnce(&Prediction) -> array_api::Result<Array>) -> PyResult<PyArray> {
        Ok(PyArray { array: run(py, || f(&self.0))? })
    }
}

#[pymethods]
impl PyPrediction {
    /// Every member's mean, shape `(members, rows, targets)`.
    #[getter]
    fn members(&self) -> PyArray {
        PyArray { array: self.0.members.clone() }
    }

    /// The predictive mean.
    #[getter]
    fn mean(&self, py: Python<'_>) -> PyResult<PyArray> {
        self.get(py, Prediction::mean)
    }

    /// The standard deviation of the mixture of members: the root of `epistemic**2 + aleatoric**2`.
    #[getter]
    fn sd(&self, py: Python<'_>) -> PyResult<PyArray> {
        self.get(py, Prediction::sd)
    }

    /// The variance of the mixture of members.
    #[getter]
    fn variance(&self, py: Python<'_>) -> PyResult<PyArray> {
        self.get(py, Prediction::total_variance)
    }

    /// The standard deviation of the members' means: what more data would reduce.
    #[getter]
    fn epistemic(&self, py: Python<'_>) -> PyResult<PyArray> {
        self.get(py, |p| array_api::sqrt(p.epistemic_variance()?))
    }

    /// The root of the mean of the members' noise variances: what more data would not reduce; zero where no noise is known.
    #[getter]
    fn aleatoric(&self, py: Python<'_>) -> PyResult<PyArray> {
        self.get(py, |p| array_api::sqrt(p.aleatoric_variance()?))
    }

    /// A quantile of the members' means, linearly interpolated.
    fn quantile(&self, py: Python<'_>, p: f64) -> PyResult<PyArray> {
        self.get(py, |prediction| prediction.quantile(p))
    }

    /// Several quantiles of the members' means, shape `(len(ps), rows, targets)`.
    fn quantiles(&self, py: Python<'_>, ps: Vec<f64>) -> PyResult<PyArray> {
        self.get(py, |prediction| {
            let all = ps.iter().map(|&p| prediction.quantile(p)).collect::<array_api::Result<Vec<_>>>()?;
            array_api::stack(&all, 0)
        })
    }

    /// The members' covariance between rows of one target, shape `(rows, rows)`.
    #[pyo3(signature = (target=0))]
    fn covariance(&self, py: Python<'_>, target: usize) -> PyResult<PyArray> {
        self.get(py, |prediction| prediction.covariance(target))
    }

    fn __repr__(&self) -> String {
        format!("<prediction of members{}>", self.0.members.dims())
    }
}
