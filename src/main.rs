//! The `pixbridge` command.

fn main() {}
