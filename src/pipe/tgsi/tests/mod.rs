//! The text form by example, captured texts, and hostile ones.

mod corpus;
mod declarations;
mod hostile;
mod instructions;
mod statements;

use super::*;

/// Reads a fragment shader of these statements and `END`.
fn read(statements: &str) -> Shader {
    let text = format!("FRAG\n{statements}\nEND\n");
    parse(&text).unwrap_or_else(|error| panic!("{statements}: {error}"))
}

/// Why these statements and `END` are no fragment shader. They begin on line 2.
fn refusal(statements: &str) -> String {
    let text = format!("FRAG\n{statements}\nEND\n");
    match parse(&text) {
        Ok(shader) => panic!("{statements} was read as\n{shader}"),
        Err(error) => error.to_string(),
    }
}
