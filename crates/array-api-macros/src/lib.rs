//! array-api-macros
