//! array-ndarray
