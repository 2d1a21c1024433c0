//! Products of matrices.

use array_api::{Result, Verdict, implements};

use crate::array::{TorchArray, made};
use crate::carrier::carrier;
use crate::kind::together;

#[implements(matmul)]
fn matmul(x1: &TorchArray, x2: &TorchArray, verdict: &Verdict) -> Result<TorchArray> {
    together("matmul", x1, x2)?;
    let kind = carrier(verdict.dtype());
    let converted = |x: &TorchArray| crate::data_type::converted(x.tensor(), x.dtype(), verdict.dtype());
    let product = if carrier(x1.dtype()) == kind && carrier(x2.dtype()) == kind {
        x1.tensor().f_matmul(x2.tensor())
    } else {
        converted(x1).and_then(|a| a.f_matmul(&converted(x2)?))
    };
    made("matmul", product, verdict.dtype()).map(TorchArray::fresh)
}
