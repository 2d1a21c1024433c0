use array_api::*;

operation! {
    /// A class that does not exist.
    Halve = halve(x: One) {} -> Array;
    "elementwise", Elementwize, rule::numeric
}

operation! {
    /// A role that does not exist.
    Double = double(x: Some) {} -> Array;
    "elementwise", Elementwise, rule::numeric, methods (none)
}

operation! {
    /// Without a rule.
    Triple = triple(x: One) {} -> Array;
    "elementwise", Elementwise
}

fn main() {}
