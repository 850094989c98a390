//! Vouchers: signed promises of a payer to a worker, each for the total so far.
//!
//! A voucher says that `payer` owes `worker` up to `cumulative` plancks for answers of `model`,
//! counted from the beginning of their channel. A newer voucher replaces an older one, so a worker
//! keeps only the last and a replay moves nothing.
//!
//! A payer signs in one of two ways:
//! * sr25519 over the 32 bytes of [`Voucher::digest`]; the payer is the public key;
//! * secp256k1 over [`Voucher::eip712_digest`], as an Ethereum wallet does with
//!   `eth_signTypedData_v4`; the payer is [`eth_account`] of the signer's address.
//!
//! Both digests commit to the chain's genesis hash.

use crate::{
	hash::{keccak_256, tagged},
	AccountBytes, Hash32, ModelId,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The EIP-712 type of the domain, hashed into its separator.
pub const EIP712_DOMAIN_TYPE: &str =
	"EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)";
/// The EIP-712 type of a voucher.
pub const EIP712_VOUCHER_TYPE: &str =
	"Voucher(bytes32 payer,bytes32 worker,uint64 model,uint128 cumulative,uint32 expiresAt)";
/// The EIP-712 domain's name.
pub const EIP712_NAME: &str = "Weft";
/// The EIP-712 domain's version.
pub const EIP712_VERSION: &str = "1";

/// A promise to pay.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Voucher {
	/// The account that pays.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))]
	pub payer: AccountBytes,
	/// The owner account of the worker that is paid.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))]
	pub worker: AccountBytes,
	/// The model that answers.
	pub model: ModelId,
	/// The most that may be taken from the channel since it was opened, in plancks.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::decimal"))]
	pub cumulative: u128,
	/// The last block in which it can be settled.
	pub expires_at: u32,
}

impl Voucher {
	/// The 32 bytes that an sr25519 key signs: `weft/voucher/v1` over the genesis hash and the
	/// SCALE encoding of the voucher.
	pub fn digest(&self, genesis: &Hash32) -> Hash32 {
		tagged("weft/voucher/v1", &[genesis, &self.encode()])
	}

	/// The EIP-712 digest that an Ethereum wallet signs.
	pub fn eip712_digest(&self, genesis: &Hash32, chain_id: u64) -> Hash32 {
		let mut body = [0u8; 6 * 32];
		fill_words(
			&mut body,
			&[
				keccak_256(EIP712_VOUCHER_TYPE.as_bytes()),
				self.payer,
				self.worker,
				word(u128::from(self.model)),
				word(self.cumulative),
				word(u128::from(self.expires_at)),
			],
		);
		let mut message = [0u8; 2 + 2 * 32];
		let (prefix, words) = message.split_at_mut(2);
		prefix.copy_from_slice(&[0x19, 0x01]);
		fill_words(words, &[domain_separator(genesis, chain_id), keccak_256(&body)]);
		keccak_256(&message)
	}
}

/// The EIP-712 domain separator of the chain.
pub fn domain_separator(genesis: &Hash32, chain_id: u64) -> Hash32 {
	let mut domain = [0u8; 5 * 32];
	fill_words(
		&mut domain,
		&[
			keccak_256(EIP712_DOMAIN_TYPE.as_bytes()),
			keccak_256(EIP712_NAME.as_bytes()),
			keccak_256(EIP712_VERSION.as_bytes()),
			word(u128::from(chain_id)),
			*genesis,
		],
	);
	keccak_256(&domain)
}

/// An ABI word: the number, big-endian, in 32 bytes.
fn word(value: u128) -> [u8; 32] {
	let mut word = [0u8; 32];
	let (_, low) = word.split_at_mut(16);
	low.copy_from_slice(&value.to_be_bytes());
	word
}

fn fill_words(target: &mut [u8], words: &[[u8; 32]]) {
	for (chunk, word) in target.chunks_exact_mut(32).zip(words) {
		chunk.copy_from_slice(word);
	}
}

/// A payer's signature of a voucher.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "lowercase"))]
pub enum VoucherSignature {
	/// sr25519 over [`Voucher::digest`].
	#[codec(index = 0)]
	Sr25519(#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))] [u8; 64]),
	/// secp256k1 `r ‖ s ‖ v` over [`Voucher::eip712_digest`], `v` being 0, 1, 27 or 28.
	#[codec(index = 1)]
	Ethereum(#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))] [u8; 65]),
}

/// The cryptography that [`verify`] needs: host functions in the runtime, libraries in a worker.
pub trait Crypto {
	/// Whether `signature` is of `message` by the sr25519 key `public` (context `substrate`).
	fn sr25519_verify(signature: &[u8; 64], message: &[u8], public: &[u8; 32]) -> bool;

	/// The Ethereum address that signed `digest`, or `None` if the signature is malformed. `v`, the
	/// last byte, is 0 or 1 when [`verify`] calls it.
	fn secp256k1_recover(signature: &[u8; 65], digest: &[u8; 32]) -> Option<[u8; 20]>;
}

/// Whether `signature` is the payer's own signature of `voucher` for this chain.
pub fn verify<C: Crypto>(
	voucher: &Voucher,
	signature: &VoucherSignature,
	genesis: &Hash32,
	chain_id: u64,
) -> bool {
	match signature {
		VoucherSignature::Sr25519(signature) => {
			C::sr25519_verify(signature, &voucher.digest(genesis), &voucher.payer)
		}
		VoucherSignature::Ethereum(signature) => {
			let digest = voucher.eip712_digest(genesis, chain_id);
			normalise_v(signature)
				.and_then(|signature| C::secp256k1_recover(&signature, &digest))
				.is_some_and(|address| eth_account(address) == voucher.payer)
		}
	}
}

fn normalise_v(signature: &[u8; 65]) -> Option<[u8; 65]> {
	let mut signature = *signature;
	let v = signature.last_mut()?;
	*v = match *v {
		v @ (0 | 1) => v,
		v @ (27 | 28) => v.checked_sub(27)?,
		_ => return None,
	};
	Some(signature)
}

/// The account of an Ethereum address: its 20 bytes followed by twelve `0xEE`.
pub fn eth_account(address: [u8; 20]) -> AccountBytes {
	let mut account = [0xEE; 32];
	let (head, _) = account.split_at_mut(20);
	head.copy_from_slice(&address);
	account
}

/// The Ethereum address of an uncompressed secp256k1 public key (`x ‖ y`, without the 0x04).
pub fn eth_address(public: &[u8; 64]) -> [u8; 20] {
	let hash = keccak_256(public);
	let mut address = [0u8; 20];
	let (_, tail) = hash.split_at(12);
	address.copy_from_slice(tail);
	address
}
