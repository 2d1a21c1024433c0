//! The conformance kit on libtorch's CPU arrays.

array_conformance::conformance!(mod cpu, array_torch::namespace(), expected = {});
