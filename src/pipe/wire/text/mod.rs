//! The pipe's textual form: what `dump` writes and `assemble` reads, described in `docs/text-form.md`.
//!
//! One table of layouts serves both directions, so that what is written can be read. Words that a layout does not
//! describe to the last bit are written as `raw` words instead: a line is only used if reading it gives back the very
//! words it was made from.

mod assemble;
mod commands;
mod dump;
mod layout;
mod requests;
mod values;

#[cfg(test)]
mod tests;

pub use assemble::{TextError, assemble, assemble_stream};
pub use dump::{dump, dump_stream};
