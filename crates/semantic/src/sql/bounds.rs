//! What is asked of a script before it is parsed: the parser goes back and forth within brackets, and its trees are as deep as a
//! chain of operators is long.

use sqlparser::dialect::Dialect;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::limits::{SQL_BRACKETS_MAX, SQL_CHAIN_MAX, SQL_TOKENS_MAX};

/// The tokens, if the parser can be trusted with them.
pub(super) fn tokens(text: &str, dialect: &dyn Dialect) -> Option<Vec<TokenWithSpan>> {
    let tokens = Tokenizer::new(dialect, text).tokenize_with_location().ok()?;
    if tokens.len() > SQL_TOKENS_MAX {
        return None;
    }
    let mut open: usize = 0;
    let mut chain: usize = 0;
    for token in &tokens {
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                open = open.saturating_add(1);
                if open > SQL_BRACKETS_MAX {
                    return None;
                }
            }
            Token::RParen | Token::RBracket | Token::RBrace => open = open.saturating_sub(1),
            // Lists are flat, however long.
            Token::Comma
            | Token::SemiColon
            | Token::Period
            | Token::EOF
            | Token::Whitespace(_)
            | Token::Number(..) => {}
            Token::Word(word)
                if word.quote_style.is_some() || word.keyword == sqlparser::keywords::Keyword::NoKeyword => {}
            Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) => {}
            // An operator or a keyword: each may make the tree one deeper.
            _ => {
                chain = chain.saturating_add(1);
                if chain > SQL_CHAIN_MAX {
                    return None;
                }
            }
        }
        if token.token == Token::SemiColon {
            chain = 0;
        }
    }
    Some(tokens)
}
