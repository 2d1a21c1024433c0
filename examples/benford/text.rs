//! Text as tokens: by a published tokenizer.json, or character by character.

use std::path::Path;

use program::failure::{Failure, Outcome, fail};

/// How text becomes tokens.
pub(crate) enum Text {
    /// As tokenizer.json says.
    Published(Box<tokenizers::Tokenizer>),
    /// A token per character; these are all that are known, in order.
    Characters(Vec<char>),
}

impl Text {
    /// Reads tokenizer.json.
    pub(crate) fn read(path: &Path) -> Outcome<Text> {
        let shown = path.display();
        let bytes = std::fs::read(path).map_err(|e| Failure(format!("{shown}: cannot be read: {e}")))?;
        let refused = |e: tokenizers::Error| Failure(format!("{shown}: is no tokenizer: {e}; download it again"));
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(&bytes).map_err(refused)?;
        // A file that was saved for training in batches cuts and fills up what it reads; a prompt is meant as a whole.
        tokenizer.with_truncation(None).map_err(refused)?;
        tokenizer.with_padding(None);
        Ok(Text::Published(Box::new(tokenizer)))
    }

    /// The characters of a text.
    pub(crate) fn characters(text: &str) -> Text {
        Text::Characters(text.chars().collect::<std::collections::BTreeSet<char>>().into_iter().collect())
    }

    /// The number of tokens that there are: one more than the highest.
    pub(crate) fn size(&self) -> usize {
        match self {
            Text::Published(tokenizer) => {
                tokenizer.get_vocab(true).values().max().map_or(0, |highest| *highest as usize + 1)
            }
            Text::Characters(known) => known.len(),
        }
    }

    /// The tokens of a text.
    pub(crate) fn encode(&self, text: &str) -> Outcome<Vec<i64>> {
        match self {
            Text::Published(tokenizer) => {
                let encoding =
                    tokenizer.encode(text, false).map_err(|e| Failure(format!("`{text}` has no tokens: {e}")))?;
                Ok(encoding.get_ids().iter().map(|id| i64::from(*id)).collect())
            }
            Text::Characters(known) => text
                .chars()
                .map(|c| match known.binary_search(&c) {
                    Ok(token) => Ok(token as i64),
                    Err(_) => fail(format!(
                        "`{text}`: the character-level model has never seen '{c}'; it knows {}",
                        known.iter().filter(|c| !c.is_whitespace()).collect::<String>()
                    )),
                })
                .collect(),
        }
    }

    /// The text of tokens.
    pub(crate) fn decode(&self, tokens: &[i64]) -> Outcome<String> {
        match self {
            Text::Published(tokenizer) => {
                let ids: Vec<u32> = tokens.iter().map(|t| *t as u32).collect();
                tokenizer.decode(&ids, false).map_err(|e| Failure(format!("tokens have no text: {e}")))
            }
            Text::Characters(known) => Ok(tokens.iter().filter_map(|t| known.get(*t as usize)).collect()),
        }
    }

    /// The tokens of a prompt, and for each of the digits 1 to 9 the token that would go on with it. A published tokenizer
    /// joins a digit with the space before it; the characters of a prompt end in the space instead.
    pub(crate) fn before_digits(&self, prompt: &str) -> Outcome<(Vec<i64>, Vec<i64>)> {
        let prompt = prompt.trim_end();
        let (prompt, lead) = match self {
            Text::Published(_) => (prompt.to_owned(), " "),
            Text::Characters(_) => (format!("{prompt} "), ""),
        };
        let tokens = self.encode(&prompt)?;
        if tokens.is_empty() {
            return fail("a prompt needs at least one token; give some words with --prompt");
        }
        let digit = |d: u32| match self.encode(&format!("{lead}{d}"))?[..] {
            [one] => Ok(one),
            ref several => fail(format!(
                "the digit {d} is {} tokens of this tokenizer, where the probability of the next token needs one",
                several.len()
            )),
        };
        Ok((tokens, (1..10).map(digit).collect::<Outcome<_>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_go_to_tokens_and_back() {
        let text = Text::characters("of 123456789 cats");
        assert_eq!(text.decode(&text.encode("cats of 71").unwrap()).unwrap(), "cats of 71");
        let (tokens, digits) = text.before_digits("cats of").unwrap();
        assert_eq!(text.decode(&tokens).unwrap(), "cats of ");
        assert_eq!(text.decode(&digits).unwrap(), "123456789");
        assert!(text.encode("dogs").unwrap_err().0.contains("'d'"));
    }
}
