//! What a user of the primitives relies on, and the published vectors.

mod hashes;
mod merkle_trees;
mod money;
mod records;
mod sum_trees;
mod vectors;
mod vouchers;
