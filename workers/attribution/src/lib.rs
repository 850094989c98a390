//! Attribution: which training records an answer is owed to, where its words stand, and whether a
//! contribution is any good.
//!
//! Influence (what moved the model, what is paid) and support (what states the fact, what is shown) are two
//! products and are kept apart.

pub mod bm25;
pub mod duplicates;
pub mod features;
pub mod heuristics;
pub mod index;
pub mod influence;
pub mod likelihood;
mod linalg;
pub mod quality;
pub mod shares;
pub mod spans;
pub mod text;

pub use index::{IndexError, InfluenceIndex};
pub use influence::{build, Attribution, Influence, InfluenceError, Row};
pub use likelihood::likelihoods;
pub use quality::{QualityReport, QualityRules};
pub use shares::{shares, ShareRules, Shares};
pub use spans::{Span, SpanIndex, SpanRules};
