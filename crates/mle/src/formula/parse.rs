//! From words to a tree, by precedence: `+ -` below `* /` below the sign below `^`, which binds to the right.

use array_api::Result;

use super::expression::{FUNCTIONS, Node};
use super::token::{Token, Word, at, words};

/// Deeper nesting than people write would only serve to exhaust the stack.
const DEEPEST: usize = 200;

/// Reads an expression, all of the text.
pub(crate) fn parse(text: &str) -> Result<Node> {
    let mut parser = Parser { text, words: words(text)?, next: 0, depth: 0 };
    let node = parser.sum()?;
    match parser.peek().token {
        Token::End => Ok(node),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'t> {
    text: &'t str,
    words: Vec<Word>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Word {
        // The last word is the end, which is never passed.
        &self.words[self.next.min(self.words.len() - 1)]
    }

    fn take(&mut self, sign: char) -> bool {
        let found = self.peek().token == Token::Sign(sign);
        self.next += usize::from(found);
        found
    }

    fn unexpected(&self, wanted: &str) -> array_api::Error {
        let found = match &self.peek().token {
            Token::Number(x) => format!("the number {x}"),
            Token::Name(name) => format!("`{name}`"),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".to_string(),
        };
        at(self.text, self.peek().column, format_args!("expected {wanted}, found {found}"))
    }

    fn sum(&mut self) -> Result<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(at(self.text, self.peek().column, format_args!("nested deeper than {DEEPEST} levels")));
        }
        let mut left = self.product()?;
        loop {
            let sign = ['+', '-'].into_iter().find(|&s| self.take(s));
            match sign {
                Some(sign) => left = Node::binary(sign, left, self.product()?),
                None => break,
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    fn product(&mut self) -> Result<Node> {
        let mut left = self.signed()?;
        loop {
            let sign = ['*', '/'].into_iter().find(|&s| self.take(s));
            match sign {
                Some(sign) => left = Node::binary(sign, left, self.signed()?),
                None => return Ok(left),
            }
        }
    }

    fn signed(&mut self) -> Result<Node> {
        let mut negative = false;
        loop {
            match () {
                () if self.take('-') => negative = !negative,
                () if self.take('+') => {}
                () => break,
            }
        }
        let node = self.power()?;
        Ok(if negative { Node::Negative(Box::new(node)) } else { node })
    }

    fn power(&mut self) -> Result<Node> {
        let base = self.atom()?;
        if !self.take('^') {
            return Ok(base);
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(at(self.text, self.peek().column, format_args!("nested deeper than {DEEPEST} levels")));
        }
        let exponent = self.signed()?;
        self.depth -= 1;
        Ok(Node::binary('^', base, exponent))
    }

    fn atom(&mut self) -> Result<Node> {
        let word = self.peek().clone();
        match word.token {
            Token::Number(x) => {
                self.next += 1;
                Ok(Node::Number(x))
            }
            Token::Sign('(') => {
                self.next += 1;
                let node = self.sum()?;
                if self.take(')') { Ok(node) } else { Err(self.unexpected("`)`")) }
            }
            Token::Name(name) => {
                self.next += 1;
                if self.take('(') { self.call(name, word.column) } else { Ok(Node::Name(name, word.column)) }
            }
            _ => Err(self.unexpected("a number, a name or `(`")),
        }
    }

    fn call(&mut self, name: String, column: usize) -> Result<Node> {
        let Some(&(_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
            let message = format!("there is no function `{name}`; there are {}", known.join(", "));
            return Err(at(self.text, column, message));
        };
        let argument = self.sum()?;
        if self.take(')') { Ok(Node::Call(function, Box::new(argument))) } else { Err(self.unexpected("`)`")) }
    }
}
