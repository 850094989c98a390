//! How hashes, signatures and amounts are written in JSON: bytes as lower-case hex without a
//! prefix, amounts as decimal strings (a JSON number would lose digits above 2^53).

use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};
use std::{string::String, vec::Vec};

/// Bytes as lower-case hex.
pub fn to_hex(bytes: &[u8]) -> String {
	use core::fmt::Write;
	bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
		// Writing to a String does not fail.
		let _ = write!(text, "{byte:02x}");
		text
	})
}

/// Exactly `N` bytes from hex without a prefix; the error says what was wrong.
pub fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], String> {
	if text.len() != N.saturating_mul(2) || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
		return Err(format!("expected {} hex digits without a prefix", N.saturating_mul(2)));
	}
	let mut bytes = [0u8; N];
	for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
		let digits = core::str::from_utf8(pair).map_err(|error| error.to_string())?;
		*byte = u8::from_str_radix(digits, 16).map_err(|error| error.to_string())?;
	}
	Ok(bytes)
}

fn parse_decimal(text: &str) -> Result<u128, String> {
	if text.is_empty() || !text.bytes().all(|c| c.is_ascii_digit()) {
		return Err("expected a decimal string of digits".into());
	}
	text.parse().map_err(|_| "expected a decimal string below 2^128".into())
}

/// `#[serde(with)]` for `[u8; N]` as hex.
pub mod hex_array {
	use super::*;

	/// Writes hex.
	pub fn serialize<S: Serializer, const N: usize>(
		bytes: &[u8; N],
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		serializer.serialize_str(&to_hex(bytes))
	}

	/// Reads hex of exactly `N` bytes.
	pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
		deserializer: D,
	) -> Result<[u8; N], D::Error> {
		from_hex(&String::deserialize(deserializer)?).map_err(D::Error::custom)
	}
}

/// `#[serde(with)]` for `u128` as a decimal string.
pub mod decimal {
	use super::*;

	/// Writes a decimal string.
	pub fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_str(value)
	}

	/// Reads a decimal string.
	pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
		parse_decimal(&String::deserialize(deserializer)?).map_err(D::Error::custom)
	}
}

/// `#[serde(with)]` for `Vec<([u8; 32], u128)>` as pairs of hex and decimal string.
pub mod hash_and_decimal {
	use super::*;

	/// Writes `[hex, decimal]` pairs.
	pub fn serialize<S: Serializer>(
		pairs: &[([u8; 32], u128)],
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		pairs
			.iter()
			.map(|(hash, amount)| (to_hex(hash), amount.to_string()))
			.collect::<Vec<_>>()
			.serialize(serializer)
	}

	/// Reads `[hex, decimal]` pairs.
	pub fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<Vec<([u8; 32], u128)>, D::Error> {
		Vec::<(String, String)>::deserialize(deserializer)?
			.into_iter()
			.map(|(hash, amount)| Ok((from_hex(&hash)?, parse_decimal(&amount)?)))
			.collect::<Result<_, String>>()
			.map_err(D::Error::custom)
	}
}
