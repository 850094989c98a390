use weft_primitives::{
	hash::{blake2_256, keccak_256, tagged},
	receipt::{Receipt, RecordShare},
};

#[test]
fn blake2_and_keccak_give_the_well_known_digests_of_nothing() {
	assert_eq!(
		hex::encode(blake2_256(b"")),
		"0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"
	);
	assert_eq!(
		hex::encode(keccak_256(b"")),
		"c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
	);
}

#[test]
fn a_tagged_hash_is_the_documented_concatenation() {
	let mut bytes = vec![3];
	bytes.extend(b"tag");
	bytes.extend(2u64.to_le_bytes());
	bytes.extend(b"ab");
	bytes.extend(0u64.to_le_bytes());
	assert_eq!(tagged("tag", &[b"ab", b""]), blake2_256(&bytes));
}

#[test]
fn moving_a_byte_between_parts_or_into_the_tag_changes_a_tagged_hash() {
	let hash = tagged("tag", &[b"ab", b"c"]);
	assert_ne!(hash, tagged("tag", &[b"a", b"bc"]));
	assert_ne!(hash, tagged("tag", &[b"abc"]));
	assert_ne!(hash, tagged("taga", &[b"b", b"c"]));
	assert_ne!(tagged("tag", &[]), tagged("tag", &[b""]));
}

pub fn receipt(fee: u128, shares: &[(u8, u32)], withheld_ppm: u32) -> Receipt {
	Receipt {
		model: 7,
		worker: [1; 32],
		payer: [2; 32],
		nonce: 3,
		request: [4; 32],
		response: [5; 32],
		tokens_in: 12,
		tokens_out: 34,
		fee,
		index_root: [6; 32],
		shares: shares
			.iter()
			.map(|(account, ppm)| RecordShare {
				record: [9; 32],
				contributor: [*account; 32],
				ppm: *ppm,
			})
			.collect(),
		withheld_ppm,
	}
}

#[test]
fn a_receipt_hash_commits_to_every_field() {
	let base = receipt(100, &[(1, 600_000), (2, 300_000)], 100_000);
	let changes: Vec<fn(&mut Receipt)> = vec![
		|r| r.model += 1,
		|r| r.worker[0] ^= 1,
		|r| r.payer[0] ^= 1,
		|r| r.nonce += 1,
		|r| r.request[0] ^= 1,
		|r| r.response[0] ^= 1,
		|r| r.tokens_in += 1,
		|r| r.tokens_out += 1,
		|r| r.fee += 1,
		|r| r.index_root[0] ^= 1,
		|r| r.shares[0].record[0] ^= 1,
		|r| r.shares[0].contributor[0] ^= 1,
		|r| r.shares[0].ppm += 1,
		|r| r.withheld_ppm += 1,
	];
	for change in changes {
		let mut other = base.clone();
		change(&mut other);
		assert_ne!(other.hash(), base.hash());
	}
}

#[test]
fn a_receipt_is_balanced_only_at_exactly_a_million_parts() {
	assert!(receipt(1, &[(1, 1_000_000)], 0).is_balanced());
	assert!(receipt(1, &[], 1_000_000).is_balanced());
	assert!(!receipt(1, &[(1, 999_999)], 0).is_balanced());
	assert!(!receipt(1, &[(1, 1_000_000)], 1).is_balanced());
	assert!(!receipt(1, &[(1, u32::MAX), (2, 1_000_001)], 0).is_balanced());
}

#[test]
fn a_receipt_survives_json_with_amounts_as_strings_and_hashes_as_bare_hex() {
	let receipt = receipt(u128::MAX, &[(1, 1_000_000)], 0);
	let json = serde_json::to_value(&receipt).unwrap();
	assert_eq!(json["fee"], "340282366920938463463374607431768211455");
	assert_eq!(json["worker"], "01".repeat(32));
	assert_eq!(serde_json::from_value::<Receipt>(json.clone()).unwrap(), receipt);

	for (field, bad) in
		[("fee", "0x10"), ("fee", "+1"), ("fee", ""), ("worker", "0x01"), ("worker", "zz")]
	{
		let mut broken = json.clone();
		broken[field] = bad.into();
		assert!(serde_json::from_value::<Receipt>(broken).is_err(), "{field} = {bad}");
	}
}
