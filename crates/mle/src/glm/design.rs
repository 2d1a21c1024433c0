//! From a formula and a table to a design matrix.

use std::collections::BTreeMap;

use array_api::{Array, DType, Error, Result, astype, equal, multiply, stack};

use super::terms::{Factor, Response, Terms};
use crate::columns::{self, Columns};
use crate::formula::Expression;

/// A table: columns of numbers, and columns of labels as positions in a list of levels.
///
/// ```
/// use mle::Table;
/// # let xp = array_ndarray::namespace();
/// let table = Table::new().numbers("y", xp.asarray([1.0, 2.0])?).labels(&xp, "g", &["low", "high"])?;
/// assert_eq!(table.levels("g"), Some(&["high".to_string(), "low".to_string()][..]));
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Table {
    numbers: Columns,
    labels: BTreeMap<String, (Array, Vec<String>)>,
}

impl Table {
    /// An empty table.
    pub fn new() -> Table {
        Table::default()
    }

    /// Adds a column of numbers.
    pub fn numbers(mut self, name: &str, values: Array) -> Table {
        self.numbers.insert(name.to_string(), values);
        self
    }

    /// Adds a column of labels; levels are in alphabetical order, the first one is what others are compared to.
    ///
    /// # Errors
    /// Where the namespace cannot hold positions.
    pub fn labels(mut self, xp: &array_api::Namespace, name: &str, values: &[impl AsRef<str>]) -> Result<Table> {
        let mut levels: Vec<String> = values.iter().map(|v| v.as_ref().to_string()).collect();
        levels.sort();
        levels.dedup();
        let place = |v: &str| levels.binary_search_by(|l| l.as_str().cmp(v)).unwrap_or(0) as f64;
        let codes: Vec<f64> = values.iter().map(|v| place(v.as_ref())).collect();
        self.labels.insert(name.to_string(), (xp.asarray(codes)?, levels));
        Ok(self)
    }

    /// The levels of a column of labels.
    pub fn levels(&self, name: &str) -> Option<&[String]> {
        self.labels.get(name).map(|(_, levels)| levels.as_slice())
    }

    /// The names of all columns.
    pub fn names(&self) -> Vec<&str> {
        self.numbers.keys().chain(self.labels.keys()).map(String::as_str).collect()
    }

    /// The columns of numbers.
    pub fn columns(&self) -> &Columns {
        &self.numbers
    }

    fn evaluate(&self, e: &Expression) -> Result<Array> {
        let known: Vec<&str> = self.numbers.keys().map(String::as_str).collect();
        for name in e.names() {
            if self.labels.contains_key(name) {
                let message =
                    format!("`{name}` holds labels; a formula takes it as a term of its own, `{name}` or `C({name})`");
                return Err(Error::value("formula", message));
            }
            if !known.contains(&name) {
                return Err(e.unknown(name, &self.names()));
            }
            let column = columns::real(name, &self.numbers[name])?;
            if name == e.text() {
                return Ok(column);
            }
        }
        let value = e.evaluate(&|name| self.numbers.get(name).cloned())?;
        columns::real(e.text(), &value)
    }

    /// Levels and positions of a column taken as categories.
    pub(crate) fn categories(&self, name: &str) -> Result<(Array, Vec<String>)> {
        if let Some((codes, levels)) = self.labels.get(name) {
            return Ok((codes.clone(), levels.clone()));
        }
        let Some(column) = self.numbers.get(name) else {
            let known = self.names().join(", ");
            return Err(Error::value("formula", format!("`{name}` is not a column; there are {known}")));
        };
        let column = columns::real(name, column)?;
        let values = array_api::unique_values(&column)?.to_vec::<f64>()?;
        let rows = column.size()?;
        if values.len() > MOST_LEVELS || values.len() == rows && rows > 2 {
            let message =
                format!("`{name}` has {} different values in {rows} rows, too many to be categories", values.len());
            return Err(Error::value("formula", message));
        }
        let codes = array_api::searchsorted(column.namespace().asarray(&values)?, &column, None, "left")?;
        let levels = values.iter().map(|v| format!("{v}")).collect();
        Ok((astype(codes, DType::Float64)?, levels))
    }
}

/// More levels than a person means; a column of numbers was probably not meant as categories.
const MOST_LEVELS: usize = 1000;

/// What a formula and a table give.
pub(crate) struct Design {
    pub(crate) x: Array,
    pub(crate) names: Vec<String>,
    pub(crate) y: Array,
    /// Trials of a response given as counts.
    pub(crate) trials: Option<Array>,
    pub(crate) offset: Option<Array>,
    pub(crate) response: String,
}

impl Design {
    pub(crate) fn new(terms: &Terms, table: &Table) -> Result<Design> {
        let (y, trials, response) = match &terms.response {
            Response::One(e) => (table.evaluate(e)?, None, e.text().to_string()),
            Response::Counts(s, f) => {
                let (s, f) = (table.evaluate(s)?, table.evaluate(f)?);
                columns::same_length("failures", &f, "successes", s.size()?)?;
                let trials = (&s + &f).ok()?;
                let wrong = array_api::logical_or(array_api::less(&s, 0.0)?, array_api::less(&f, 0.0)?)?;
                let wrong = columns::count(&array_api::logical_or(wrong, array_api::less_equal(&trials, 0.0)?)?)?;
                if wrong > 0 {
                    return Err(Error::value(
                        "formula",
                        format!("{wrong} rows of cbind(..) have negative counts, or no trials"),
                    ));
                }
                ((s / &trials).ok()?, Some(trials), "cbind(..)".to_string())
            }
        };
        let design = Design::of(terms, table, &y, &response)?;
        Ok(Design { y, trials, response, ..design })
    }

    /// The design beside a response that has been read already.
    pub(crate) fn of(terms: &Terms, table: &Table, y: &Array, response: &str) -> Result<Design> {
        let rows = y.size()?;
        let mut columns = vec![];
        let mut full = !terms.intercept;
        if terms.intercept {
            columns.push(("(Intercept)".to_string(), array_api::ones_like(y, ..)?));
        }
        let mains: Vec<&str> = terms.terms.iter().filter(|t| t.len() == 1).map(|t| t[0].label()).collect();
        for term in &terms.terms {
            let mut product: Vec<(String, Array)> = vec![];
            for factor in term {
                let is_labels = matches!(factor, Factor::Categories(_))
                    || matches!(factor, Factor::Numeric(e) if table.labels.contains_key(e.text()));
                if is_labels && term.len() > 1 && !mains.contains(&factor.label()) {
                    let message =
                        format!("`{0}` stands in an interaction without a term of its own; add `{0}`", factor.label());
                    return Err(Error::value("formula", message));
                }
                let expanded = match is_labels {
                    true => indicators(table, factor.label(), full && term.len() == 1)?,
                    false => {
                        let Factor::Numeric(e) = factor else { continue };
                        vec![(e.text().to_string(), table.evaluate(e)?)]
                    }
                };
                // Without an intercept, the first term of categories has a column for every level.
                full &= !(is_labels && term.len() == 1);
                product = match product.is_empty() {
                    true => expanded,
                    false => crossed(&product, &expanded)?,
                };
            }
            columns.extend(product);
        }
        if columns.is_empty() {
            return Err(Error::value("formula", "there are no terms, not even an intercept"));
        }
        for (name, column) in &columns {
            columns::same_length(name, column, response, rows)?;
        }
        let mut offset: Option<Array> = None;
        for e in &terms.offsets {
            let one = table.evaluate(e)?;
            columns::same_length("offset", &one, response, rows)?;
            offset = Some(match offset {
                Some(sum) => (sum + one).ok()?,
                None => one,
            });
        }
        let (names, arrays): (Vec<String>, Vec<Array>) = columns.into_iter().unzip();
        Ok(Design { x: stack(arrays, -1)?, names, y: y.clone(), trials: None, offset, response: response.to_string() })
    }
}

/// A column per level: whether a row has it. All levels, or all but the first.
fn indicators(table: &Table, name: &str, full: bool) -> Result<Vec<(String, Array)>> {
    let (codes, levels) = table.categories(name)?;
    if levels.len() < 2 && !full {
        return Err(Error::value("formula", format!("`{name}` has one level only, so it says nothing; leave it out")));
    }
    let first = usize::from(!full);
    let column = |(i, level): (usize, &String)| {
        let column = astype(equal(&codes, i as f64)?, DType::Float64)?;
        Ok((format!("{name}[{level}]"), column))
    };
    levels.iter().enumerate().skip(first).map(column).collect()
}

fn crossed(a: &[(String, Array)], b: &[(String, Array)]) -> Result<Vec<(String, Array)>> {
    let mut all = vec![];
    for (right, y) in b {
        for (left, x) in a {
            all.push((format!("{left}:{right}"), multiply(x, y)?));
        }
    }
    Ok(all)
}
