//! The `skypact` command.
fn main() {}
