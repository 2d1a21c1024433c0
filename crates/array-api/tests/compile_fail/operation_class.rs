use array_api::*;

operation! {
    /// A class that does not exist.
    Halve = halve(x: One) {} -> Array;
    "elementwise", Elementwize, rule::numeric, methods (trait HalveMethod)
}

operation! {
    /// A default of another type.
    Scaled = scaled(x: One) { by: f64 = "2" } -> Array;
    "elementwise", Elementwise, rule::numeric, methods (none)
}

fn main() {}
