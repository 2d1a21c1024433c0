#![deny(unused_must_use)]
use array_api::Array;

fn forgotten(x: &Array) {
    x + 1.0;
}

fn main() {}
