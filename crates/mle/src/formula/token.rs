//! The words of a formula, each with its position.

use array_api::{Error, Result};

/// A word of a formula.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Number(f64),
    Name(String),
    /// `+ - * / ^ ( ) , : ~ |`; `**` is read as `^`.
    Sign(char),
    End,
}

/// A word and the column where it begins, counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Word {
    pub(crate) token: Token,
    pub(crate) column: usize,
}

/// An error at a column of the text, which is shown with a mark below it.
pub(crate) fn at(text: &str, column: usize, message: impl std::fmt::Display) -> Error {
    Error::value("formula", format!("column {column}: {message}\n  {text}\n  {:>column$}", "^"))
}

/// Longer chains than people write would only serve to exhaust the stack.
const LONGEST: usize = 4000;

const SIGNS: &str = "+-*/^(),:~|";

/// The words of a text.
///
/// # Errors
/// At a character that no formula has, and at numbers that cannot be read.
pub(crate) fn words(text: &str) -> Result<Vec<Word>> {
    let characters: Vec<char> = text.chars().collect();
    let mut words = vec![];
    let mut i = 0;
    while i < characters.len() {
        let (c, column) = (characters[i], i + 1);
        let next = characters.get(i + 1).copied();
        if c.is_whitespace() {
            i += 1;
        } else if c == '*' && next == Some('*') {
            words.push(Word { token: Token::Sign('^'), column });
            i += 2;
        } else if SIGNS.contains(c) {
            words.push(Word { token: Token::Sign(c), column });
            i += 1;
        } else if c.is_ascii_digit() || c == '.' && next.is_some_and(|n| n.is_ascii_digit()) {
            let end = number_end(&characters, i);
            let written: String = characters[i..end].iter().collect();
            match written.parse::<f64>() {
                Ok(x) if x.is_finite() => words.push(Word { token: Token::Number(x), column }),
                _ => return Err(at(text, column, format_args!("`{written}` is not a number that can be used"))),
            }
            i = end;
        } else if c.is_alphabetic() || matches!(c, '_' | '.') {
            let part = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '.');
            let end = i + characters[i..].iter().take_while(|c| part(c)).count();
            words.push(Word { token: Token::Name(characters[i..end].iter().collect()), column });
            i = end;
        } else if c == '`' {
            let Some(length) = characters[i + 1..].iter().position(|&c| c == '`') else {
                return Err(at(text, column, "the name that begins here has no closing `"));
            };
            words.push(Word { token: Token::Name(characters[i + 1..i + 1 + length].iter().collect()), column });
            i += length + 2;
        } else {
            return Err(at(text, column, format_args!("`{c}` has no meaning in a formula")));
        }
    }
    if words.len() > LONGEST {
        let message = format!("the formula has {} words, but may have {LONGEST}", words.len());
        return Err(Error::value("formula", message));
    }
    words.push(Word { token: Token::End, column: characters.len() + 1 });
    Ok(words)
}

/// Where a number ends: digits, a point, an exponent.
fn number_end(characters: &[char], start: usize) -> usize {
    let digits = |from: usize| characters[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let mut end = start + digits(start);
    if characters.get(end) == Some(&'.') {
        end += 1 + digits(end + 1);
    }
    if matches!(characters.get(end), Some('e' | 'E')) {
        let sign = usize::from(matches!(characters.get(end + 1), Some('+' | '-')));
        let exponent = digits((end + 1 + sign).min(characters.len()));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}
