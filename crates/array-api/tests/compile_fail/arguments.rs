use array_api::*;

fn wrong(x: &Array, list: &[f64]) -> Result<()> {
    add(x, "1")?;
    x.multiply(list)?;
    add(x, None)?;
    concat(x, 0)?;
    sum(x, "rows")?;
    let z: Array = x + 1.0;
    Ok(())
}

fn main() {}
