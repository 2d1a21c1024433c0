//! x
use crate::Check;
pub(crate) const ROWS: &[(&str, Check)] = &[];
