//! The published vectors, generated here and compared with the files. `WEFT_WRITE_VECTORS=1`
//! writes them anew; a change of a file is a change of the protocol.

use super::hashes::receipt;
use codec::Encode;
use serde_json::{json, Value};
use std::{fs, path::PathBuf};
use weft_primitives::{earnings, merkle, record, split::*, sum_tree::*, voucher::*};

fn check(name: &str, value: Value) {
	// Asked when it runs: a build cache that two clones share keeps programs that the other one compiled.
	let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
	let path = PathBuf::from(here).join(format!("vectors/{name}.json"));
	let mut text = serde_json::to_string_pretty(&value).unwrap();
	text.push('\n');
	if std::env::var_os("WEFT_WRITE_VECTORS").is_some_and(|set| set == "1") {
		fs::create_dir_all(path.parent().unwrap()).unwrap();
		fs::write(&path, text).unwrap();
		return;
	}
	let published = fs::read_to_string(&path)
		.unwrap_or_else(|error| panic!("{name}.json: {error}; WEFT_WRITE_VECTORS=1 writes it"));
	assert_eq!(published, text, "{name}.json differs from what the code computes");
}

#[test]
fn the_merkle_vectors_are_what_the_code_computes() {
	let trees: Vec<Value> = [0usize, 1, 2, 3, 5, 8]
		.into_iter()
		.map(|count| {
			let leaves: Vec<[u8; 32]> = (0..count).map(|i| [i as u8 + 1; 32]).collect();
			let proofs: Vec<Vec<String>> = (0..count)
				.map(|i| merkle::prove(&leaves, i).unwrap().iter().map(hex::encode).collect())
				.collect();
			json!({
				"leaves": leaves.iter().map(hex::encode).collect::<Vec<_>>(),
				"root": hex::encode(merkle::root(&leaves)),
				"proofs": proofs,
			})
		})
		.collect();
	check("merkle", json!(trees));
}

#[test]
fn the_sum_tree_vectors_are_what_the_code_computes() {
	let trees: Vec<Value> = [0usize, 1, 2, 3, 5, 6]
		.into_iter()
		.map(|count| {
			let leaves: Vec<Leaf> = (0..count)
				.map(|i| Leaf {
					account: [i as u8 * 16 + 1; 32],
					cumulative: 1_000_000_007u128.pow(i as u32 % 4),
				})
				.collect();
			let proofs: Vec<SumProof> = (0..count).map(|i| prove(&leaves, i).unwrap()).collect();
			json!({ "leaves": leaves, "root": root(&leaves).unwrap(), "proofs": proofs })
		})
		.collect();
	check("sum_tree", json!(trees));
}

#[test]
fn the_record_vectors_are_what_the_code_computes() {
	let lines = [
		r#"{"messages":[{"role":"user","content":"What is a loom?"},{"role":"assistant","content":"A frame for weaving."}]}"#,
		r#"{"prompt":"warp:","completion":" the threads that run lengthwise"}"#,
		r#"{"text":"weft, noun: the threads that cross the warp"}"#,
	];
	let hashes: Vec<[u8; 32]> =
		lines.iter().map(|line| record::record_hash(line.as_bytes())).collect();
	let root = merkle::root(&hashes);
	let bitmap = {
		let mut bits = record::bitmap_full(3);
		record::bitmap_set(&mut bits, 1, false).unwrap();
		bits
	};
	let entries = [
		record::snapshot_entry_hash(4, &root, &bitmap, 3),
		record::snapshot_entry_hash(9, &root, &record::bitmap_full(3), 3),
	];
	check(
		"record",
		json!({
			"records": lines
				.iter()
				.zip(&hashes)
				.map(|(line, hash)| json!({ "line": line, "hash": hex::encode(hash) }))
				.collect::<Vec<_>>(),
			"root": hex::encode(root),
			"snapshot": {
				"entries": [
					{
						"contribution": 4,
						"accepted_bitmap": hex::encode(&bitmap),
						"records": 3,
						"hash": hex::encode(entries[0]),
					},
					{
						"contribution": 9,
						"accepted_bitmap": hex::encode(record::bitmap_full(3)),
						"records": 3,
						"hash": hex::encode(entries[1]),
					},
				],
				"root": hex::encode(merkle::root(&entries)),
			},
		}),
	);
}

#[test]
fn the_voucher_vectors_are_what_the_code_computes() {
	let genesis = [0x11; 32];
	let chain_id = 420_420_421u64;
	let vouchers = [
		Voucher {
			payer: eth_account([0xAB; 20]),
			worker: [2; 32],
			model: 1,
			cumulative: 1_500_000_000_000,
			expires_at: 14_400,
		},
		Voucher {
			payer: [3; 32],
			worker: [4; 32],
			model: u64::MAX,
			cumulative: u128::MAX,
			expires_at: u32::MAX,
		},
	];
	check(
		"voucher",
		json!({
			"genesis": hex::encode(genesis),
			"chain_id": chain_id,
			"domain_type": EIP712_DOMAIN_TYPE,
			"voucher_type": EIP712_VOUCHER_TYPE,
			"domain_separator": hex::encode(domain_separator(&genesis, chain_id)),
			"vouchers": vouchers
				.iter()
				.map(|voucher| json!({
					"voucher": voucher,
					"scale": hex::encode(voucher.encode()),
					"digest": hex::encode(voucher.digest(&genesis)),
					"eip712_digest": hex::encode(voucher.eip712_digest(&genesis, chain_id)),
				}))
				.collect::<Vec<_>>(),
		}),
	);
}

#[test]
fn the_receipt_vectors_are_what_the_code_computes() {
	let receipts = [
		receipt(1_000_000, &[(1, 600_000), (2, 300_000)], 100_000),
		receipt(333, &[(2, 1_000_000)], 0),
		receipt(1, &[], 1_000_000),
	];
	let allocation = earnings::allocate(400_134, &receipts.iter().collect::<Vec<_>>()).unwrap();
	check(
		"receipt",
		json!({
			"receipts": receipts
				.iter()
				.map(|receipt| json!({
					"receipt": receipt,
					"scale": hex::encode(receipt.encode()),
					"hash": hex::encode(receipt.hash()),
				}))
				.collect::<Vec<_>>(),
			"allocation": {
				"pool": "400134",
				"per_account": allocation
					.per_account
					.iter()
					.map(|(account, amount)| {
						json!({ "account": hex::encode(account), "amount": amount.to_string() })
					})
					.collect::<Vec<_>>(),
				"reserve": allocation.reserve.to_string(),
			},
		}),
	);
}

#[test]
fn the_split_vectors_are_what_the_code_computes() {
	let rule = Split {
		treasury: 50_000,
		base_owner: 100_000,
		developer: 150_000,
		worker: 300_000,
		contributors: 400_000,
	};
	let thirds = Split {
		treasury: 333_333,
		base_owner: 333_333,
		developer: 333_334,
		worker: 0,
		contributors: 0,
	};
	let splits: Vec<Value> =
		[(0u128, rule), (1, rule), (999, rule), (u128::MAX, rule), (100, thirds)]
			.into_iter()
			.map(|(fee, split)| {
				json!({
					"fee": fee.to_string(),
					"split": split,
					"amounts": split_fee(fee, &split).unwrap(),
				})
			})
			.collect();
	let shares: Vec<Value> = [
		(10u128, vec![1u128, 1, 1]),
		(10, vec![5, 2, 0, 8]),
		(u128::MAX, vec![u128::MAX - 1, 1]),
		(1_000_000_007, vec![3, 3, 3, 1]),
	]
	.into_iter()
	.map(|(total, weights)| {
		let text = |numbers: &[u128]| numbers.iter().map(u128::to_string).collect::<Vec<_>>();
		json!({
			"total": total.to_string(),
			"weights": text(&weights),
			"shares": text(&largest_remainder(total, &weights).unwrap()),
		})
	})
	.collect();
	check("split", json!({ "splits": splits, "largest_remainder": shares }));
}
