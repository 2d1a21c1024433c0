use array_api::*;

#[implements(exp)]
fn by_mutable_reference(x: &mut Array) -> Result<Array> { Ok(x.clone()) }

#[implements(exp)]
fn without_a_kind(x: &Array) -> Result<Array> { Ok(x.clone()) }

#[implements(exp)]
fn without_a_result(x: &Array) {}

#[implements(exp)]
fn generic<T>(x: &T) -> Result<T> { Ok(x.clone()) }

#[implements(exp, overide)]
fn unknown_option(x: &Array) -> Result<Array> { Ok(x.clone()) }

#[implements(exp)]
struct NotAFunction;

#[implements()]
fn without_a_name(x: &Array) -> Result<Array> { Ok(x.clone()) }

#[implements(concat)]
fn list_by_value(xs: &[Array]) -> Result<Array> { Ok(xs[0].clone()) }

fn main() {}
