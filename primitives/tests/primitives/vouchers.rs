use codec::{Decode, Encode};
use weft_primitives::{
	hash::keccak_256,
	voucher::{self, *},
};

const GENESIS: [u8; 32] = [7; 32];

fn sample() -> Voucher {
	Voucher { payer: [1; 32], worker: [2; 32], model: 3, cumulative: 4_000, expires_at: 500 }
}

/// Accepts a signature that repeats the message and key it stands for.
struct Echo;
impl Crypto for Echo {
	fn sr25519_verify(signature: &[u8; 64], message: &[u8], public: &[u8; 32]) -> bool {
		signature[..32] == *message && signature[32..] == *public
	}
	fn secp256k1_recover(signature: &[u8; 65], digest: &[u8; 32]) -> Option<[u8; 20]> {
		(signature[..32] == *digest && signature[64] < 2)
			.then(|| signature[32..52].try_into().unwrap())
	}
}

#[test]
fn both_digests_commit_to_every_field_the_genesis_and_the_chain() {
	let changes: Vec<fn(&mut Voucher)> = vec![
		|v| v.payer[31] ^= 1,
		|v| v.worker[31] ^= 1,
		|v| v.model += 1,
		|v| v.cumulative += 1,
		|v| v.expires_at += 1,
	];
	for change in changes {
		let mut other = sample();
		change(&mut other);
		assert_ne!(other.digest(&GENESIS), sample().digest(&GENESIS));
		assert_ne!(other.eip712_digest(&GENESIS, 1), sample().eip712_digest(&GENESIS, 1));
	}
	assert_ne!(sample().digest(&[8; 32]), sample().digest(&GENESIS));
	assert_ne!(sample().eip712_digest(&[8; 32], 1), sample().eip712_digest(&GENESIS, 1));
	assert_ne!(sample().eip712_digest(&GENESIS, 2), sample().eip712_digest(&GENESIS, 1));
}

#[test]
fn the_eip712_digest_is_the_standard_encoding() {
	let number = |value: u128| {
		let mut word = vec![0; 16];
		word.extend(value.to_be_bytes());
		word
	};
	let domain = [
		keccak_256(EIP712_DOMAIN_TYPE.as_bytes()).to_vec(),
		keccak_256(b"Weft").to_vec(),
		keccak_256(b"1").to_vec(),
		number(420),
		GENESIS.to_vec(),
	]
	.concat();
	let body = [
		keccak_256(EIP712_VOUCHER_TYPE.as_bytes()).to_vec(),
		vec![1; 32],
		vec![2; 32],
		number(3),
		number(4_000),
		number(500),
	]
	.concat();
	let message = [&[0x19, 0x01][..], &keccak_256(&domain), &keccak_256(&body)].concat();
	assert_eq!(sample().eip712_digest(&GENESIS, 420), keccak_256(&message));
}

#[test]
fn a_signature_counts_only_for_its_own_payer_chain_and_kind() {
	let address = [9; 20];
	let voucher = Voucher { payer: eth_account(address), ..sample() };
	let sign = |digest: [u8; 32], v: u8| {
		let mut bytes = [0; 65];
		bytes[..32].copy_from_slice(&digest);
		bytes[32..52].copy_from_slice(&address);
		bytes[64] = v;
		VoucherSignature::Ethereum(bytes)
	};
	let digest = voucher.eip712_digest(&GENESIS, 1);
	for v in [0, 1, 27, 28] {
		assert!(voucher::verify::<Echo>(&voucher, &sign(digest, v), &GENESIS, 1));
	}
	for v in [2, 26, 29, 255] {
		assert!(!voucher::verify::<Echo>(&voucher, &sign(digest, v), &GENESIS, 1));
	}
	assert!(!voucher::verify::<Echo>(&voucher, &sign(digest, 0), &GENESIS, 2));
	assert!(!voucher::verify::<Echo>(&voucher, &sign(digest, 0), &[8; 32], 1));
	assert!(!voucher::verify::<Echo>(
		&sample(),
		&sign(sample().eip712_digest(&GENESIS, 1), 0),
		&GENESIS,
		1
	));

	let mut bytes = [0; 64];
	bytes[..32].copy_from_slice(&sample().digest(&GENESIS));
	bytes[32..].copy_from_slice(&sample().payer);
	let signature = VoucherSignature::Sr25519(bytes);
	assert!(voucher::verify::<Echo>(&sample(), &signature, &GENESIS, 1));
	assert!(!voucher::verify::<Echo>(&voucher, &signature, &GENESIS, 1));
}

#[test]
fn an_ethereum_account_is_the_address_and_twelve_ee() {
	let account = eth_account([0xAB; 20]);
	assert_eq!(hex::encode(account), format!("{}{}", "ab".repeat(20), "ee".repeat(12)));
}

#[test]
fn a_voucher_with_its_signature_survives_scale_and_json() {
	let pair = (sample(), VoucherSignature::Ethereum([5; 65]));
	let bytes = pair.encode();
	assert_eq!(<(Voucher, VoucherSignature)>::decode(&mut &bytes[..]).unwrap(), pair);
	let json = serde_json::to_value(&pair).unwrap();
	assert_eq!(json[1]["ethereum"], "05".repeat(65));
	assert_eq!(serde_json::from_value::<(Voucher, VoucherSignature)>(json).unwrap(), pair);
}
