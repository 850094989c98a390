//! Vouchers: signing with both kinds of key, and the verification that the workers use.

use crate::{AccountId, ChainError, Key};
use codec::{Decode, Encode};
use weft_primitives::voucher::{Crypto, Voucher, VoucherSignature};

/// Host-side signature checks for [`weft_primitives::voucher`]; the runtime uses its host functions instead.
pub struct HostCrypto;

impl Crypto for HostCrypto {
	fn sr25519_verify(sig: &[u8; 64], msg: &[u8], public: &[u8; 32]) -> bool {
		use subxt_signer::sr25519::{verify, PublicKey, Signature};
		verify(&Signature(*sig), msg, &PublicKey(*public))
	}

	fn secp256k1_recover(sig: &[u8; 65], digest: &[u8; 32]) -> Option<[u8; 20]> {
		use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
		let signature = Signature::from_slice(&sig[..64]).ok()?;
		let v = match sig[64] {
			v @ 0..=3 => v,
			v @ 27..=30 => v - 27,
			_ => return None,
		};
		let key = VerifyingKey::recover_from_prehash(digest, &signature, RecoveryId::from_byte(v)?)
			.ok()?;
		let point = key.to_encoded_point(false);
		let hash = weft_primitives::hash::keccak_256(point.as_bytes().get(1..)?);
		hash.get(12..)?.try_into().ok()
	}
}

/// Signs a voucher with an sr25519 key.
pub fn sign(voucher: &Voucher, genesis: &[u8; 32], key: &Key) -> VoucherSignature {
	VoucherSignature::Sr25519(key.sign(&voucher.digest(genesis)))
}

/// Signs a voucher as EIP-712 typed data with an Ethereum key (what MetaMask's `eth_signTypedData_v4` gives).
pub fn sign_ethereum(
	voucher: &Voucher,
	genesis: &[u8; 32],
	chain_id: u64,
	key: &subxt_signer::eth::Keypair,
) -> VoucherSignature {
	VoucherSignature::Ethereum(key.sign_prehashed(&voucher.eip712_digest(genesis, chain_id)).0)
}

/// The `weft-voucher` header: base64 of the SCALE pair `(Voucher, VoucherSignature)`.
pub fn header(voucher: &Voucher, signature: &VoucherSignature) -> String {
	use base64::Engine;
	base64::engine::general_purpose::STANDARD.encode((voucher, signature).encode())
}

/// Reads a `weft-voucher` header.
pub fn parse_header(text: &str) -> Result<(Voucher, VoucherSignature), ChainError> {
	use base64::Engine;
	let bad = || ChainError::Key {
		what: "weft-voucher header",
		given: text.chars().take(24).collect::<String>() + "…",
		allowed: "base64 of the SCALE pair (Voucher, VoucherSignature)",
	};
	let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).map_err(|_| bad())?;
	let mut input = &bytes[..];
	let pair = <(Voucher, VoucherSignature)>::decode(&mut input).map_err(|_| bad())?;
	if input.is_empty() {
		Ok(pair)
	} else {
		Err(bad())
	}
}

/// The account that an Ethereum key pays from.
pub fn ethereum_account(key: &subxt_signer::eth::Keypair) -> AccountId {
	AccountId::from_ethereum(key.public_key().to_account_id().0)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn voucher(payer: AccountId) -> Voucher {
		Voucher { payer: payer.0, worker: [2; 32], model: 7, cumulative: 1_000, expires_at: 50 }
	}

	#[test]
	fn a_voucher_signed_by_either_kind_of_key_is_accepted_and_a_changed_one_is_not() {
		let genesis = [9; 32];
		let key = Key::parse("//Peggy").unwrap();
		let v = voucher(key.account());
		let sig = sign(&v, &genesis, &key);
		assert!(weft_primitives::voucher::verify::<HostCrypto>(&v, &sig, &genesis, 420));
		let more = Voucher { cumulative: 1_001, ..v.clone() };
		assert!(!weft_primitives::voucher::verify::<HostCrypto>(&more, &sig, &genesis, 420));

		let eth = subxt_signer::eth::dev::alith();
		let v = voucher(ethereum_account(&eth));
		let sig = sign_ethereum(&v, &genesis, 420, &eth);
		assert!(weft_primitives::voucher::verify::<HostCrypto>(&v, &sig, &genesis, 420));
		assert!(!weft_primitives::voucher::verify::<HostCrypto>(&v, &sig, &genesis, 421));
	}
}
