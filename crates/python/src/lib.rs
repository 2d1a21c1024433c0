//! The Python module `array_protocol._native`: arrays, data types and the registry's functions as Python objects.
//!
//! What is written here is the boundary only: how Python's values become operands and parameters, how errors become
//! exceptions, and how memory is shared. Which functions exist, their documentation and their rules come from the rows.

mod array;
mod boundary;
mod construct;
mod data_type;
mod dlpack;
mod function;
mod given;
mod indexing;
mod memory;
// PyO3 writes its wrappers where our macros are called, in the style of earlier editions.
#[allow(unsafe_op_in_unsafe_fn)]
mod operators;

use pyo3::prelude::*;

#[pymodule]
#[pyo3(name = "_native")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<array::PyArray>()?;
    module.add_class::<data_type::PyDType>()?;
    module.add_class::<function::Function>()?;
    module.add("dtypes", data_type::all(module.py())?)?;
    for function in [
        wrap_pyfunction!(function::functions, module)?,
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
