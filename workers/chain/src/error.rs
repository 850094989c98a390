//! Errors of the chain client.

use thiserror::Error;

/// What can go wrong between a worker and the chain.
#[derive(Debug, Error, Clone)]
pub enum ChainError {
	/// The node cannot be reached.
	#[error("cannot reach the node at {url}: {reason}; is `weft-node` running there?")]
	Connect { url: String, reason: String },
	/// A request to the node failed in transport or decoding.
	#[error("{what}: {reason}")]
	Rpc { what: String, reason: String },
	/// The extrinsic was refused before it entered a block (nonce, balance, validity).
	#[error("the node refused {call}: {reason}")]
	Rejected { call: String, reason: String },
	/// The extrinsic is in a block and its dispatch failed; nothing was changed but the fee.
	#[error("{call} failed on chain: {error}")]
	Dispatch { call: String, error: String },
	/// The extrinsic was dropped, or its era ended without it; it cannot land later.
	#[error("{call} did not land: {reason}")]
	Lost { call: String, reason: String },
	/// A key, an account or a mnemonic could not be parsed.
	#[error("{what} `{given}` is not valid; allowed: {allowed}")]
	Key { what: &'static str, given: String, allowed: &'static str },
	/// An event that the call promises is missing.
	#[error("{call} succeeded without its event {event}")]
	MissingEvent { call: String, event: String },
}

impl ChainError {
	/// Wraps any error of a request, with what was being asked.
	pub fn rpc(what: impl Into<String>, e: impl std::fmt::Display) -> Self {
		Self::Rpc { what: what.into(), reason: e.to_string() }
	}
}
