use array_api::*;

#[derive(Clone, Debug)]
struct Mine;
static MINE: Kind = Kind::new("mine");
impl ArrayImpl for Mine {
    fn kind(&self) -> &'static Kind { &MINE }
    fn dims(&self) -> Dims { Dims::SCALAR }
    fn dtype(&self) -> DType { DType::Float64 }
}
impl Native for Mine {
    const KIND: &'static Kind = &MINE;
}

#[implements(add)]
fn one_is_missing(x: &Mine) -> Result<Mine> { Ok(x.clone()) }

#[implements(exp)]
fn one_too_many(x: &Mine, y: &Mine) -> Result<Mine> { let _ = y; Ok(x.clone()) }

#[implements(exp)]
fn not_a_result(x: &Mine) -> Option<Mine> { Some(x.clone()) }

fn main() {}
