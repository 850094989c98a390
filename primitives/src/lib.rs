//! Types and pure logic that the chain and the workers share.
//!
//! Everything that is hashed, signed, split or rounded is defined here once, so that a runtime and
//! a worker can never disagree about it. Nothing here allocates from input without a bound that the
//! caller chose, and nothing panics: a function that cannot answer returns `None` or `false`.
//!
//! Test vectors for every format are published in `primitives/vectors/`.

#![cfg_attr(not(feature = "std"), no_std)]
#![warn(missing_docs)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

extern crate alloc;

pub mod earnings;
pub mod hash;
pub mod ids;
pub mod merkle;
pub mod pricing;
pub mod receipt;
pub mod record;
#[cfg(feature = "std")]
pub mod serde_text;
pub mod split;
pub mod sum_tree;
pub mod voucher;

pub use ids::*;
