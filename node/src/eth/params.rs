//! Reading the parameters of a request, with errors that name what is allowed.

use super::error::{Error, Result};
use jsonrpsee::types::Params;
use polkadot_sdk::sp_core::{H160, H256, U256};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Which block a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockTag {
	/// The best block.
	Latest,
	/// The best block with the clock of now: what a transaction sent now would meet.
	Pending,
	/// The genesis block.
	Earliest,
	/// The last finalized block.
	Finalized,
	/// A height of the best chain.
	Number(u64),
	/// An Ethereum block hash.
	Hash(H256),
}

/// The positional parameters of a request.
#[derive(Debug, Clone)]
pub struct Args(Vec<Value>);

impl Args {
	/// Takes positional parameters; an object instead of an array is refused.
	pub fn parse(params: &Params) -> Result<Self> {
		if params.as_str().is_none_or(|text| text.trim().is_empty() || text.trim() == "null") {
			return Ok(Self(Vec::new()));
		}
		params.parse::<Vec<Value>>().map(Self).map_err(|_| {
			Error::InvalidParams("params: an array of positional parameters is expected".into())
		})
	}

	/// The value at `index`; `null` counts as absent.
	pub fn value(&self, index: usize) -> Option<&Value> {
		self.0.get(index).filter(|value| !value.is_null())
	}

	fn present(&self, index: usize, name: &str, what: &str) -> Result<&Value> {
		self.value(index).ok_or_else(|| {
			Error::InvalidParams(format!("missing parameter {index} ({name}): {what} is expected"))
		})
	}

	/// A 20-byte address.
	pub fn address(&self, index: usize) -> Result<H160> {
		let value = self.present(index, "address", "20 bytes in hex with 0x")?;
		let bytes = fixed_bytes(value, 20).map_err(|got| wrong(index, "address", &got))?;
		Ok(H160::from_slice(&bytes))
	}

	/// A 32-byte hash.
	pub fn hash(&self, index: usize, name: &str) -> Result<H256> {
		let value = self.present(index, name, "32 bytes in hex with 0x")?;
		let bytes = fixed_bytes(value, 32).map_err(|got| wrong(index, name, &got))?;
		Ok(H256::from_slice(&bytes))
	}

	/// Bytes of any length.
	pub fn bytes(&self, index: usize, name: &str) -> Result<Vec<u8>> {
		let value = self.present(index, name, "bytes in hex with 0x")?;
		hex_bytes(value).map_err(|got| wrong(index, name, &got))
	}

	/// A number, in hex with 0x or as a JSON number.
	pub fn quantity(&self, index: usize, name: &str) -> Result<U256> {
		let value = self.present(index, name, "a quantity in hex with 0x")?;
		quantity(value).map_err(|got| wrong(index, name, &got))
	}

	/// A flag, false when absent.
	pub fn flag(&self, index: usize, name: &str) -> Result<bool> {
		match self.value(index) {
			None => Ok(false),
			Some(Value::Bool(flag)) => Ok(*flag),
			Some(other) => Err(wrong(index, name, &format!("{other}; true or false is allowed"))),
		}
	}

	/// A block tag, number or hash; the best block when absent.
	pub fn block(&self, index: usize) -> Result<BlockTag> {
		match self.value(index) {
			None => Ok(BlockTag::Latest),
			Some(value) => block_tag(value).map_err(|got| wrong(index, "block", &got)),
		}
	}

	/// Any other type, by its own deserializer.
	pub fn object<T: DeserializeOwned>(&self, index: usize, name: &str, what: &str) -> Result<T> {
		let value = self.present(index, name, what)?;
		from_value(index, name, what, value)
	}

	/// As [`Self::object`], `None` when absent.
	pub fn optional<T: DeserializeOwned>(
		&self,
		index: usize,
		name: &str,
		what: &str,
	) -> Result<Option<T>> {
		self.value(index).map(|value| from_value(index, name, what, value)).transpose()
	}
}

fn from_value<T: DeserializeOwned>(
	index: usize,
	name: &str,
	what: &str,
	value: &Value,
) -> Result<T> {
	// Through text: some of the types mix `flatten` with untagged enums, which fails from a Value.
	serde_json::from_str(&value.to_string()).map_err(|error| {
		Error::InvalidParams(format!(
			"invalid parameter {index} ({name}): {error}; {what} is expected"
		))
	})
}

fn wrong(index: usize, name: &str, got: &str) -> Error {
	Error::InvalidParams(format!("invalid parameter {index} ({name}): {got}"))
}

/// Bytes from hex text, or a text saying what is wrong.
pub fn hex_bytes(value: &Value) -> std::result::Result<Vec<u8>, String> {
	let text = value.as_str().ok_or_else(|| format!("{value}; a hex string is allowed"))?;
	let digits = text
		.strip_prefix("0x")
		.ok_or_else(|| format!("\"{}\"; hex must begin with 0x", shorten(text)))?;
	hex::decode(digits).map_err(|error| format!("\"{}\" is not hex: {error}", shorten(text)))
}

fn fixed_bytes(value: &Value, length: usize) -> std::result::Result<Vec<u8>, String> {
	let bytes = hex_bytes(value)?;
	if bytes.len() != length {
		return Err(format!("{} bytes; exactly {length} bytes are allowed", bytes.len()));
	}
	Ok(bytes)
}

/// An address from a JSON value.
pub fn address(value: &Value) -> std::result::Result<H160, String> {
	fixed_bytes(value, 20).map(|bytes| H160::from_slice(&bytes))
}

/// A 32-byte word from a JSON value.
pub fn word(value: &Value) -> std::result::Result<H256, String> {
	fixed_bytes(value, 32).map(|bytes| H256::from_slice(&bytes))
}

/// A quantity from a JSON value.
pub fn quantity(value: &Value) -> std::result::Result<U256, String> {
	if let Some(number) = value.as_u64() {
		return Ok(number.into());
	}
	let text = value.as_str().ok_or_else(|| format!("{value}; a hex quantity is allowed"))?;
	let digits = text
		.strip_prefix("0x")
		.ok_or_else(|| format!("\"{}\"; a quantity must begin with 0x", shorten(text)))?;
	if digits.is_empty() || digits.len() > 64 {
		return Err(format!("\"{}\"; 1 to 64 hex digits are allowed", shorten(text)));
	}
	U256::from_str_radix(digits, 16)
		.map_err(|_| format!("\"{}\" is not a hex quantity", shorten(text)))
}

/// A block tag from a JSON value, in the forms of EIP-1898 as well.
pub fn block_tag(value: &Value) -> std::result::Result<BlockTag, String> {
	const ALLOWED: &str = "\"latest\", \"pending\", \"earliest\", \"safe\", \"finalized\", a hex \
		number, a block hash, {\"blockNumber\": ..} or {\"blockHash\": ..} is allowed";
	let number = |value: &Value| {
		let number = quantity(value).map_err(|got| format!("{got}; {ALLOWED}"))?;
		u64::try_from(number)
			.map(BlockTag::Number)
			.map_err(|_| format!("{number}; a block number has at most 64 bits"))
	};
	match value {
		Value::String(text) => match text.as_str() {
			"latest" => Ok(BlockTag::Latest),
			"pending" => Ok(BlockTag::Pending),
			"earliest" => Ok(BlockTag::Earliest),
			"safe" | "finalized" => Ok(BlockTag::Finalized),
			text if text.len() == 66 => word(value).map(BlockTag::Hash),
			_ => number(value),
		},
		Value::Number(_) => number(value),
		Value::Object(map) => match (map.get("blockHash"), map.get("blockNumber")) {
			(Some(hash), None) => word(hash).map(BlockTag::Hash),
			(None, Some(height)) => number(height),
			_ => Err(format!("exactly one of blockHash and blockNumber is needed; {ALLOWED}")),
		},
		other => Err(format!("{other}; {ALLOWED}")),
	}
}

fn shorten(text: &str) -> String {
	match text.char_indices().nth(80) {
		Some((end, _)) => format!("{}..", text.get(..end).unwrap_or_default()),
		None => text.into(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn block_tags_are_read_in_every_form_that_clients_send() {
		let hash = H256::repeat_byte(7);
		for (value, expected) in [
			(json!("latest"), BlockTag::Latest),
			(json!("safe"), BlockTag::Finalized),
			(json!("0x10"), BlockTag::Number(16)),
			(json!(16), BlockTag::Number(16)),
			(json!(format!("{hash:?}")), BlockTag::Hash(hash)),
			(
				json!({"blockHash": format!("{hash:?}"), "requireCanonical": true}),
				BlockTag::Hash(hash),
			),
			(json!({"blockNumber": "0x1"}), BlockTag::Number(1)),
		] {
			assert_eq!(block_tag(&value), Ok(expected), "{value}");
		}
	}

	#[test]
	fn a_wrong_block_tag_names_what_is_allowed() {
		let message = block_tag(&json!("lastest")).unwrap_err();
		assert!(message.contains("latest") && message.contains("finalized"), "{message}");
		assert!(block_tag(&json!({"blockNumber": "0x1", "blockHash": "0x"})).is_err());
	}

	#[test]
	fn a_short_address_is_refused_with_its_length() {
		let params = Params::new(Some("[\"0x0102\"]"));
		let error = Args::parse(&params).unwrap().address(0).unwrap_err();
		assert_eq!(
			error.to_string(),
			"invalid parameter 0 (address): 2 bytes; exactly 20 bytes are allowed"
		);
	}

	#[test]
	fn named_parameters_are_refused() {
		assert!(Args::parse(&Params::new(Some("{\"a\":1}"))).is_err());
		assert!(Args::parse(&Params::new(None)).is_ok());
	}
}
