//! array-transforms
