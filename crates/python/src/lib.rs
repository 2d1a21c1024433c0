//! The Python module `array_protocol._native`: arrays, data types and the registry's functions as Python objects.
//!
//! What is written here is the boundary only: how Python's values become operands and parameters, how errors become
//! exceptions, and how memory is shared. Which functions exist, their documentation and their rules come from the rows.

mod allocator;
mod array;
mod boundary;
mod chunked;
mod construct;
mod data_type;
mod device;
mod dlpack;
mod ensemble;
mod extension;
mod foreign;
mod function;
mod given;
mod indexing;
mod memory;
// PyO3 writes its wrappers where our macros are called, in the style of earlier editions.
#[allow(unsafe_op_in_unsafe_fn)]
mod operators;
mod place;
#[cfg(feature = "torch")]
mod torch;
mod transform;
mod tree;
mod work;

pub use extension::{Extension, array, exception, ndarray, object};

use pyo3::prelude::*;

/// What the macros write; not part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use inventory;
}

#[pymodule]
#[pyo3(name = "_native")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    array_chunked::told_by(place::caller);
    module.add_class::<array::PyArray>()?;
    module.add_class::<data_type::PyDType>()?;
    module.add_class::<function::Function>()?;
    module.add_class::<foreign::PyRegistration>()?;
    module.add_class::<ensemble::PyModel>()?;
    module.add_class::<ensemble::PyPrediction>()?;
    module.add_class::<transform::PyPullback>()?;
    module.add("dtypes", data_type::all(module.py())?)?;
    module.add("extensions", extension::all(module.py())?)?;
    module.add("chunked", chunked::functions(module.py())?)?;
    for function in [
        wrap_pyfunction!(function::functions, module)?,
        wrap_pyfunction!(ensemble::fit, module)?,
        wrap_pyfunction!(ensemble::fit_all, module)?,
        wrap_pyfunction!(work::perform, module)?,
        wrap_pyfunction!(ensemble::default_options, module)?,
        wrap_pyfunction!(function::data_kinds, module)?,
        wrap_pyfunction!(device::devices, module)?,
        wrap_pyfunction!(foreign::register, module)?,
        wrap_pyfunction!(foreign::kind, module)?,
        wrap_pyfunction!(foreign::handled_functions, module)?,
        wrap_pyfunction!(foreign::explain, module)?,
        wrap_pyfunction!(transform::value_and_grad, module)?,
        wrap_pyfunction!(transform::vjp, module)?,
        wrap_pyfunction!(transform::jvp, module)?,
        wrap_pyfunction!(transform::vmap, module)?,
        wrap_pyfunction!(transform::hessian, module)?,
        wrap_pyfunction!(transform::jacobian, module)?,
        wrap_pyfunction!(construct::from_nested, module)?,
        wrap_pyfunction!(construct::from_bytes, module)?,
        wrap_pyfunction!(dlpack::from_capsule, module)?,
        wrap_pyfunction!(data_type::dtype_of, module)?,
        wrap_pyfunction!(data_type::finfo, module)?,
        wrap_pyfunction!(data_type::iinfo, module)?,
        wrap_pyfunction!(data_type::isdtype, module)?,
        wrap_pyfunction!(data_type::can_cast, module)?,
        wrap_pyfunction!(data_type::result_type, module)?,
        wrap_pyfunction!(data_type::broadcast_shapes, module)?,
    ] {
        module.add_function(function)?;
    }
    Ok(())
}
