use array_api::*;

#[derive(Tree)]
struct WithANumber {
    weight: Array,
    epochs: usize,
}

#[derive(Tree)]
enum Choice {
    One(Array),
}

#[derive(Tree)]
struct WithAnOption {
    weight: Array,
    #[tree(ignore)]
    name: String,
}

fn main() {}
