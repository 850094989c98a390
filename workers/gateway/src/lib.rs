//! The gateway: one address in front of the workers, the blobs and the chain.
//!
//! It signs nothing and holds no money. Everything it says of the chain can be built again from the
//! chain ([`index`]), every blob it returns is verified ([`weft_store`]), and what it passes on to
//! workers ([`proxy`]) is passed on unchanged.

pub mod api;
pub mod blobs;
pub mod error;
pub mod index;
pub mod metrics;
pub mod openapi;
pub mod proxy;
pub mod service;
pub mod source;
pub mod stream;

pub use error::ApiError;
pub use index::Index;
pub use service::{router, Gateway, GatewayOptions};
pub use source::ChainSource;
