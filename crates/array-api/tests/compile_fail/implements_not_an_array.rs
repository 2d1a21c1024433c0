use array_api::*;

#[derive(Clone, Debug)]
struct Plain;

#[implements(exp)]
fn of_a_plain_type(x: &Plain) -> Result<Plain> { Ok(x.clone()) }

fn main() {}
