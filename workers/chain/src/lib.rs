//! Client of the Weft chain.
//!
//! One place where the workers, the gateway and the command line meet the chain: typed storage rows ([`rows`]), one
//! function per extrinsic ([`calls`]), one submission task with a nonce manager ([`tx`]), and the event stream that the
//! index and the workers follow ([`events`]).
//!
//! Rows and calls are encoded and decoded against the metadata of the live chain by name
//! (`scale-encode`/`scale-decode`), so a runtime upgrade that only adds fields does not break an old client; one that
//! removes something gives an error that names the missing item.

pub mod calls;
pub mod client;
pub mod config;
pub mod error;
pub mod events;
pub mod keys;
mod landing;
pub mod rows;
pub mod tx;
pub mod voucher;

pub use calls::Call;
pub use client::Client;
pub use config::WeftConfig;
pub use error::ChainError;
pub use events::{BlockEvents, ChainEvent};
pub use keys::{account_text, parse_account, AccountId, Key};
pub use tx::{TxQueue, TxReceipt};
