//! Errors as Ethereum clients expect them.

use jsonrpsee::types::ErrorObjectOwned;
use polkadot_sdk::{pallet_revive::evm::decode_revert_reason, sp_api, sp_blockchain};

/// What a request can fail with.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
	/// The parameters are malformed; the text names the parameter and what is allowed.
	#[error("{0}")]
	InvalidParams(String),
	/// A call reverted, with the bytes that it returned.
	#[error("execution reverted")]
	Reverted(Vec<u8>),
	/// A call or a transaction cannot be executed; the text says why.
	#[error("{0}")]
	Refused(String),
	/// The block is not known to this node.
	#[error("header not found")]
	UnknownBlock,
	/// The state of the block was discarded by pruning.
	#[error("the state of block {0} is no longer kept by this node; ask an archive node")]
	Pruned(u32),
	/// The answer or the question is larger than this server allows.
	#[error("{0}")]
	Limit(String),
	/// This node or its runtime failed.
	#[error("internal error: {0}")]
	Internal(String),
}

/// The usual result of this module.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
	/// The JSON-RPC error code.
	pub fn code(&self) -> i32 {
		match self {
			Self::InvalidParams(_) => -32602,
			Self::Reverted(_) => 3,
			Self::Limit(_) => -32005,
			Self::Internal(_) => -32603,
			Self::Refused(_) | Self::UnknownBlock | Self::Pruned(_) => -32000,
		}
	}
}

impl From<Error> for ErrorObjectOwned {
	fn from(error: Error) -> Self {
		let code = error.code();
		match error {
			Error::Reverted(data) => {
				let message = match decode_revert_reason(&data) {
					Some(reason) => format!("execution reverted: {reason}"),
					None => "execution reverted".into(),
				};
				ErrorObjectOwned::owned(code, message, Some(format!("0x{}", hex::encode(data))))
			}
			other => ErrorObjectOwned::owned(code, other.to_string(), None::<()>),
		}
	}
}

impl From<sp_blockchain::Error> for Error {
	fn from(error: sp_blockchain::Error) -> Self {
		match error {
			sp_blockchain::Error::UnknownBlock(_) => Self::UnknownBlock,
			other => Self::Internal(other.to_string()),
		}
	}
}

impl From<sp_api::ApiError> for Error {
	fn from(error: sp_api::ApiError) -> Self {
		Self::Internal(error.to_string())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_revert_carries_its_reason_and_its_data() {
		// Error(string) with "nope".
		let data = hex::decode(concat!(
			"08c379a0",
			"0000000000000000000000000000000000000000000000000000000000000020",
			"0000000000000000000000000000000000000000000000000000000000000004",
			"6e6f706500000000000000000000000000000000000000000000000000000000"
		))
		.unwrap();
		let object = ErrorObjectOwned::from(Error::Reverted(data.clone()));
		assert_eq!(object.code(), 3);
		assert!(object.message().contains("nope"), "{}", object.message());
		let sent: String = serde_json::from_str(object.data().unwrap().get()).unwrap();
		assert_eq!(sent, format!("0x{}", hex::encode(data)));
	}

	#[test]
	fn bad_parameters_have_the_code_of_the_json_rpc_standard() {
		assert_eq!(Error::InvalidParams("x".into()).code(), -32602);
		assert_eq!(Error::Refused("x".into()).code(), -32000);
	}
}
