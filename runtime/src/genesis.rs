//! The genesis presets: `development` (one validator) and `local_testnet` (four).
//!
//! All keys here are public knowledge. A real network starts from a chain specification with keys of its
//! own.

use crate::*;
use alloc::{vec, vec::Vec};
use configs::{consensus::BABE_GENESIS_EPOCH_CONFIG, system::TreasuryAccount};
use currency::WEFT;
use frame_support::build_struct_json_patch;
use sp_core::crypto::UncheckedFrom;
use sp_genesis_builder::PresetId;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// What every development account starts with.
pub const ENDOWMENT: Balance = 10_000_000 * WEFT;

/// The sr25519 accounts of `//Charlie//hot`, `//Mallory` and `//Peggy`, which the SDK's keyring does not
/// have. A test derives them again.
pub const EXTRA_ACCOUNTS: [(&str, [u8; 32]); 3] = [
	(
		"//Charlie//hot",
		hex_bytes("d0908fc22cf88f0e6ee1da0842446f0c47cd2f4b92ebf4e5b9c1403a0f02a87f"),
	),
	("//Mallory", hex_bytes("2e7a680a577dec1951e26b7c955a7f142bb730b54fa73fd328ecb897251efb4f")),
	("//Peggy", hex_bytes("88ff0f9b8f5a586808c59587241f5a26bbcf50f3c3050dcdbeef90c3a566b739")),
];

/// The accounts of the well-known Ethereum development keys: Alith, Baltathar, Charleth, Dorothy, Ethan.
pub const ETHEREUM_ACCOUNTS: [[u8; 20]; 5] = [
	hex_bytes("f24ff3a9cf04c71dbc94d0b566f7a27b94566cac"),
	hex_bytes("3cd0a705a2dc65e5b1e1205896baa2be8a07c6e0"),
	hex_bytes("798d4ba9baf0064ec19eb4f0a1a45785ae9d6dfc"),
	hex_bytes("773539d4ac0e786233d90a233654ccee26a613d9"),
	hex_bytes("ff64d3f6efe2317ee2807d223a0bdc4c0c49dfdb"),
];

/// Decodes hex while compiling; what is wrong does not compile.
const fn hex_bytes<const N: usize>(text: &str) -> [u8; N] {
	const fn digit(c: u8) -> u8 {
		match c {
			b'0'..=b'9' => c - b'0',
			b'a'..=b'f' => c - b'a' + 10,
			_ => panic!("not a lower-case hex digit"),
		}
	}
	let text = text.as_bytes();
	assert!(text.len() == 2 * N, "two digits a byte");
	let mut out = [0u8; N];
	let mut i = 0;
	while i < N {
		out[i] = digit(text[2 * i]) << 4 | digit(text[2 * i + 1]);
		i += 1;
	}
	out
}

/// The AccountId32 of an Ethereum address.
pub fn ethereum_account(address: &[u8; 20]) -> AccountId {
	let mut bytes = [0xEE; 32];
	bytes[..20].copy_from_slice(address);
	AccountId::new(bytes)
}

/// Whether an account is an Ethereum address, which needs no mapping. The presets are read outside of a
/// chain as well, so this must not look into storage.
fn is_ethereum(account: &AccountId) -> bool {
	let bytes: &[u8] = account.as_ref();
	bytes.ends_with(&[0xEE; 12])
}

/// Every account that the presets endow.
pub fn endowed_accounts() -> Vec<AccountId> {
	Sr25519Keyring::iter()
		.map(|key| key.to_account_id())
		.chain(EXTRA_ACCOUNTS.iter().map(|(_, public)| AccountId::new(*public)))
		.chain(ETHEREUM_ACCOUNTS.iter().map(ethereum_account))
		.collect()
}

/// A validator of a test chain: account and session keys of one name.
fn validator(account: Sr25519Keyring, finality: Ed25519Keyring) -> (AccountId, SessionKeys) {
	let keys = SessionKeys {
		babe: account.public().into(),
		grandpa: sp_core::ed25519::Public::unchecked_from(finality.to_raw_public()).into(),
	};
	(account.to_account_id(), keys)
}

fn chain(validators: Vec<(AccountId, SessionKeys)>) -> serde_json::Value {
	let endowed = endowed_accounts();
	build_struct_json_patch!(RuntimeGenesisConfig {
		babe: BabeConfig { epoch_config: BABE_GENESIS_EPOCH_CONFIG },
		balances: BalancesConfig {
			balances: endowed
				.iter()
				.cloned()
				.chain([TreasuryAccount::get()])
				.map(|account| (account, ENDOWMENT))
				.chain([configs::weft::pot_endowment()])
				.collect::<Vec<_>>(),
		},
		revive: ReviveConfig {
			mapped_accounts: endowed
				.iter()
				.filter(|account| !is_ethereum(account))
				.cloned()
				.collect::<Vec<_>>(),
		},
		session: SessionConfig {
			keys: validators
				.iter()
				.cloned()
				.map(|(account, keys)| (account.clone(), account, keys))
				.collect::<Vec<_>>(),
		},
		sudo: SudoConfig { key: Some(Sr25519Keyring::Alice.to_account_id()) },
		validators: ValidatorsConfig {
			validators: validators.iter().map(|(account, _)| account.clone()).collect::<Vec<_>>(),
		},
	})
}

/// One validator, Alice.
pub fn development() -> serde_json::Value {
	chain(vec![validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice)])
}

/// Four validators: Alice, Bob, Charlie and Dave. Four is the smallest set that goes on finalising
/// when one of its members is gone.
pub fn local_testnet() -> serde_json::Value {
	chain(vec![
		validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
		validator(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
		validator(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
		validator(Sr25519Keyring::Dave, Ed25519Keyring::Dave),
	])
}

/// The JSON of a preset.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_ref() {
		sp_genesis_builder::DEV_RUNTIME_PRESET => development(),
		sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET => local_testnet(),
		_ => return None,
	};
	serde_json::to_vec(&patch).ok()
}

/// The presets that there are.
pub fn preset_names() -> Vec<PresetId> {
	vec![
		PresetId::from(sp_genesis_builder::DEV_RUNTIME_PRESET),
		PresetId::from(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET),
	]
}
