//! Model formulas such as `y ~ a*b + C(g) + offset(e)`, read into terms.

use array_api::{Error, Result};

use crate::formula::Expression;
use crate::formula::{Token, Word, at, words};

/// A factor of a term.
#[derive(Clone, Debug)]
pub(crate) enum Factor {
    /// An expression of numeric columns; a bare name may also be a column of labels.
    Numeric(Expression),
    /// `C(name)`: a level each.
    Categories(String),
}

impl Factor {
    pub(crate) fn label(&self) -> &str {
        match self {
            Factor::Numeric(e) => e.text(),
            Factor::Categories(name) => name,
        }
    }
}

/// The left side.
#[derive(Clone, Debug)]
pub(crate) enum Response {
    One(Expression),
    /// `cbind(successes, failures)`.
    Counts(Expression, Expression),
}

/// A formula, read.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) response: Response,
    pub(crate) intercept: bool,
    /// Products of factors, main effects first.
    pub(crate) terms: Vec<Vec<Factor>>,
    pub(crate) offsets: Vec<Expression>,
}

impl Terms {
    pub(crate) fn parse(text: &str) -> Result<Terms> {
        let words = words(text)?;
        let mut tildes = words.iter().enumerate().filter(|(_, w)| w.token == Token::Sign('~'));
        let (Some((middle, _)), None) = (tildes.next(), tildes.next()) else {
            return Err(Error::value("formula", format!("`{text}` must have one `~`, as in `y ~ a + b`")));
        };
        let characters: Vec<char> = text.chars().collect();
        let part = |from: usize, to: usize| -> String { characters[from - 1..to - 1].iter().collect() };
        let response = response(part(1, words[middle].column).trim(), text)?;
        let mut terms = Terms { response, intercept: true, terms: vec![], offsets: vec![] };
        // Terms are separated by plus and minus signs outside parentheses.
        let (mut depth, mut from, mut sign) = (0, middle + 1, '+');
        for i in middle + 1..words.len() {
            match words[i].token {
                Token::Sign('(') => depth += 1,
                Token::Sign(')') => depth -= 1,
                Token::Sign(s @ ('+' | '-')) if depth == 0 && i > from => {
                    terms.add(text, &words[from..=i], sign)?;
                    (from, sign) = (i + 1, s);
                }
                Token::Sign(s @ ('+' | '-')) if depth == 0 => (from, sign) = (i + 1, s),
                Token::End => {
                    if from == i {
                        return Err(at(text, words[i].column, "expected a term, found the end"));
                    }
                    terms.add(text, &words[from..=i], sign)?;
                }
                _ => {}
            }
        }
        terms.terms.sort_by_key(Vec::len);
        Ok(terms)
    }

    /// Adds a term; the last word is what ends it.
    fn add(&mut self, text: &str, words: &[Word], sign: char) -> Result<()> {
        if let [Word { token: Token::Number(x), column }, _] = words {
            return match (x, sign) {
                (0.0, '+') | (1.0, '-') => {
                    self.intercept = false;
                    Ok(())
                }
                (1.0, '+') => Ok(()),
                _ => Err(at(text, *column, "a number as a term is 0 (no intercept) or 1 (an intercept)")),
            };
        }
        if sign == '-' {
            return Err(at(text, words[0].column, "only `- 1` can be taken out of a formula"));
        }
        // `a*b` is `a + b + a:b`; split at the stars, then at the colons.
        let mut crossed: Vec<Vec<Factor>> = vec![];
        for part in split(words, '*') {
            let factors = split(part, ':').into_iter().map(|w| factor(text, w)).collect::<Result<Vec<_>>>()?;
            crossed.push(factors);
        }
        if let [only] = &crossed[..]
            && let [Factor::Numeric(e)] = &only[..]
            && let Some(inner) = e.text().strip_prefix("offset(").and_then(|rest| rest.strip_suffix(')'))
        {
            self.offsets.push(Expression::parse(inner)?);
            return Ok(());
        }
        for chosen in 1..1_usize << crossed.len().min(8) {
            let parts = (0..crossed.len()).filter(|i| chosen >> i & 1 == 1);
            let term: Vec<Factor> = parts.flat_map(|i| crossed[i].clone()).collect();
            let name = |t: &[Factor]| t.iter().map(|f| f.label().to_string()).collect::<Vec<_>>();
            if !self.terms.iter().any(|t| name(t) == name(&term)) {
                self.terms.push(term);
            }
        }
        Ok(())
    }
}

/// The parts between signs outside parentheses; each part ends with the word after it.
fn split(words: &[Word], sign: char) -> Vec<&[Word]> {
    let (mut depth, mut from, mut parts) = (0, 0, vec![]);
    for (i, word) in words.iter().enumerate() {
        match word.token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth -= 1,
            Token::Sign(s) if s == sign && depth == 0 && i + 1 < words.len() => {
                parts.push(&words[from..=i]);
                from = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&words[from..]);
    parts
}

/// The text from the first word to before the last.
fn written<'t>(text: &'t str, words: &[Word]) -> &'t str {
    let byte = |column: usize| text.char_indices().nth(column - 1).map_or(text.len(), |(i, _)| i);
    match words {
        [first, .., last] => text[byte(first.column)..byte(last.column)].trim(),
        _ => "",
    }
}

fn factor(text: &str, words: &[Word]) -> Result<Factor> {
    let [first, rest @ ..] = words else {
        return Err(Error::value("formula", format!("`{text}` has an empty term")));
    };
    if rest.is_empty() {
        return Err(at(text, first.column, "expected a term"));
    }
    let written = written(text, words);
    match words {
        [
            Word { token: Token::Name(c), .. },
            Word { token: Token::Sign('('), .. },
            Word { token: Token::Name(name), .. },
            Word { token: Token::Sign(')'), .. },
            _,
        ] if c == "C" => Ok(Factor::Categories(name.clone())),
        [Word { token: Token::Name(c), column }, Word { token: Token::Sign('('), .. }, ..] if c == "C" => {
            Err(at(text, *column, "C(..) takes the name of one column"))
        }
        // `I(..)` only protects its signs from being read as the formula's.
        [Word { token: Token::Name(i), .. }, Word { token: Token::Sign('('), .. }, ..] if i == "I" => {
            Ok(Factor::Numeric(Expression::parse(&written[1..])?))
        }
        [Word { token: Token::Name(o), .. }, Word { token: Token::Sign('('), .. }, ..] if o == "offset" => {
            // Read by whoever adds the term; the inside is checked there.
            Ok(Factor::Numeric(Expression::named(written)))
        }
        _ => Expression::parse_at(written, text, first.column).map(Factor::Numeric),
    }
}

fn response(written: &str, text: &str) -> Result<Response> {
    let Some(inner) = written.strip_prefix("cbind(").and_then(|rest| rest.strip_suffix(')')) else {
        return Ok(Response::One(Expression::parse_at(written, text, 1)?));
    };
    let (mut depth, mut comma) = (0, None);
    for (i, c) in inner.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 && comma.is_none() => comma = Some(i),
            _ => {}
        }
    }
    match comma {
        Some(i) => {
            Ok(Response::Counts(Expression::parse(inner[..i].trim())?, Expression::parse(inner[i + 1..].trim())?))
        }
        None => Err(Error::value("formula", format!("`{written}` must be cbind(successes, failures)"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<String> {
        let terms = Terms::parse(text).unwrap();
        terms.terms.iter().map(|t| t.iter().map(Factor::label).collect::<Vec<_>>().join(":")).collect()
    }

    #[test]
    fn crossings_and_offsets() {
        assert_eq!(labels("y ~ a*b + C(g) + offset(log(e))"), ["a", "b", "g", "a:b"]);
        assert_eq!(Terms::parse("y ~ a + offset(log(e))").unwrap().offsets[0].text(), "log(e)");
        assert_eq!(labels("log(y) ~ I(a + b) + a:b - 1"), ["(a + b)", "a:b"]);
        assert!(!Terms::parse("y ~ a - 1").unwrap().intercept);
        assert!(!Terms::parse("y ~ 0 + a").unwrap().intercept);
        assert!(matches!(Terms::parse("cbind(s, n - s) ~ a").unwrap().response, Response::Counts(..)));
        assert_eq!(labels("y ~ 1").len(), 0);
    }

    #[test]
    fn errors_say_where() {
        for (text, place) in [
            ("y ~", "column 4"),
            ("y a", "one `~`"),
            ("y ~ a + ", "column 9"),
            ("y ~ a + sing(x)", "column 9"),
            ("y ~ 2", "column 5"),
            ("y ~ a - b", "column 9"),
            ("y ~ (a", "column 7"),
        ] {
            let error = Terms::parse(text).unwrap_err().to_string();
            assert!(error.contains(place), "{text}: {error}");
        }
    }
}
