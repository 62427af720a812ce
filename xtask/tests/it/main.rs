//! The tidy task as it is run: on a small clean tree, and on the same tree with one fault planted.

mod plant;
mod tidy;
