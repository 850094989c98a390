//! Keys and accounts as people write them.

use crate::ChainError;
use std::{fmt, str::FromStr, sync::Arc};
use subxt_signer::{sr25519::Keypair, SecretUri};

/// A 32-byte account id. An Ethereum account is its 20 bytes followed by twelve `0xEE`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub [u8; 32]);

const ACCOUNT_FORMS: &str =
	"an SS58 address, 0x + 64 hex digits, 0x + 40 hex digits (Ethereum), or //Name of a development key";

impl AccountId {
	/// The account of an Ethereum address.
	pub fn from_ethereum(address: [u8; 20]) -> Self {
		let mut id = [0xEE; 32];
		id[..20].copy_from_slice(&address);
		Self(id)
	}

	/// The Ethereum address, if this account is one.
	pub fn ethereum(&self) -> Option<[u8; 20]> {
		if self.0[20..] == [0xEE; 12] {
			self.0[..20].try_into().ok()
		} else {
			None
		}
	}
}

impl fmt::Display for AccountId {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self.ethereum() {
			Some(a) => write!(f, "0x{}", hex::encode(a)),
			None => write!(f, "{}", subxt::utils::AccountId32(self.0)),
		}
	}
}

impl fmt::Debug for AccountId {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		fmt::Display::fmt(self, f)
	}
}

impl FromStr for AccountId {
	type Err = ChainError;
	fn from_str(s: &str) -> Result<Self, ChainError> {
		let bad = || ChainError::Key { what: "account", given: s.into(), allowed: ACCOUNT_FORMS };
		if s.starts_with("//") {
			return Key::parse(s).map(|k| k.account());
		}
		if let Some(h) = s.strip_prefix("0x") {
			let raw = hex::decode(h).map_err(|_| bad())?;
			return match raw.len() {
				32 => Ok(Self(raw.try_into().map_err(|_| bad())?)),
				20 => Ok(Self::from_ethereum(raw.try_into().map_err(|_| bad())?)),
				_ => Err(bad()),
			};
		}
		subxt::utils::AccountId32::from_str(s).map(|a| Self(a.0)).map_err(|_| bad())
	}
}

/// Parses an account in any accepted form.
pub fn parse_account(s: &str) -> Result<AccountId, ChainError> {
	s.parse()
}

/// Writes an account for people: SS58, or `0x` + 40 hex digits for an Ethereum account.
pub fn account_text(id: &[u8; 32]) -> String {
	AccountId(*id).to_string()
}

/// An sr25519 key that signs extrinsics and vouchers.
#[derive(Clone)]
pub struct Key(Arc<Keypair>);

impl fmt::Debug for Key {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "Key({})", self.account())
	}
}

impl Key {
	/// Parses a secret: `//Alice`, a mnemonic with an optional derivation path, or a 0x seed.
	/// The secret is never repeated in the error.
	pub fn parse(secret: &str) -> Result<Self, ChainError> {
		let bad = || ChainError::Key {
			what: "secret key",
			given: "(hidden)".into(),
			allowed: "//Name, a BIP-39 mnemonic with optional //path, or 0x + 64 hex digits",
		};
		let uri = SecretUri::from_str(secret).map_err(|_| bad())?;
		Keypair::from_uri(&uri).map(|k| Self(Arc::new(k))).map_err(|_| bad())
	}

	/// Reads a key from a file that holds one secret and nothing else.
	pub fn from_file(path: &std::path::Path) -> Result<Self, ChainError> {
		let text = std::fs::read_to_string(path)
			.map_err(|e| ChainError::rpc(format!("reading the key file {}", path.display()), e))?;
		Self::parse(text.trim())
	}

	/// The account of this key.
	pub fn account(&self) -> AccountId {
		AccountId(self.0.public_key().0)
	}

	/// Signs bytes.
	pub fn sign(&self, message: &[u8]) -> [u8; 64] {
		self.0.sign(message).0
	}

	pub(crate) fn keypair(&self) -> &Keypair {
		&self.0
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn an_account_is_read_in_every_documented_form() {
		let alice = Key::parse("//Alice").unwrap().account();
		assert_eq!(alice.to_string(), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
		for form in [
			"//Alice",
			"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
			"0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d",
		] {
			assert_eq!(form.parse::<AccountId>().unwrap(), alice);
		}
		let eth: AccountId = "0xf24FF3a9CF04c71Dbc94D0b566f7A27B94566cac".parse().unwrap();
		assert_eq!(eth.to_string(), "0xf24ff3a9cf04c71dbc94d0b566f7a27b94566cac");
	}

	#[test]
	fn a_wrong_account_is_named_with_the_allowed_forms() {
		let e = "0x1234".parse::<AccountId>().unwrap_err().to_string();
		assert!(e.contains("0x1234") && e.contains("SS58"), "{e}");
	}

	#[test]
	fn a_wrong_secret_is_never_repeated_in_the_error() {
		let e = Key::parse("my secret words").unwrap_err().to_string();
		assert!(!e.contains("my secret"), "{e}");
	}
}
