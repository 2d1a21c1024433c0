use array_api::*;

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

operation! {
    /// Methods that do not exist.
    Fourfold = fourfold(x: One) {} -> Array;
    "elementwise", Elementwise, rule::numeric, methods (everywhere)
}

fn main() {}
