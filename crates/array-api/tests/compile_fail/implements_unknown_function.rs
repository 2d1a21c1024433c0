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

#[implements(summ)]
fn misspelt(x: &Mine) -> Result<Mine> { Ok(x.clone()) }

fn main() {}
