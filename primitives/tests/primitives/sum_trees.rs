use proptest::prelude::*;
use weft_primitives::{hash::tagged, sum_tree::*};

fn leaves(amounts: &[u128]) -> Vec<Leaf> {
	amounts
		.iter()
		.enumerate()
		.map(|(i, amount)| Leaf { account: [i as u8; 32], cumulative: *amount })
		.collect()
}

#[test]
fn the_root_of_two_leaves_is_the_documented_shape() {
	let [a, b] = [10u128, 32].map(|amount| amount.to_le_bytes());
	let left = tagged("weft/sum/leaf/v1", &[&[0; 32], &a]);
	let right = tagged("weft/sum/leaf/v1", &[&[1; 32], &b]);
	let top = tagged("weft/sum/node/v1", &[&left, &a, &right, &b]);
	let total = 42u128.to_le_bytes();
	let hash = tagged("weft/sum/root/v1", &[&2u32.to_le_bytes(), &total, &top]);
	assert_eq!(root(&leaves(&[10, 32])), Some(SumRoot { hash, total: 42, count: 2 }));
}

#[test]
fn the_tree_of_no_leaves_has_total_zero_and_proves_nothing() {
	let empty = root(&[]).unwrap();
	assert_eq!((empty.total, empty.count), (0, 0));
	let leaf = Leaf { account: [0; 32], cumulative: 0 };
	assert!(!verify(&empty, &leaf, &SumProof { index: 0, siblings: vec![] }));
}

#[test]
fn leaves_out_of_order_or_twice_have_no_root() {
	let mut unsorted = leaves(&[1, 2, 3]);
	unsorted.swap(0, 1);
	assert_eq!(root(&unsorted), None);
	assert_eq!(prove(&unsorted, 0), None);
	let mut twice = leaves(&[1, 2]);
	twice[1].account = twice[0].account;
	assert_eq!(root(&twice), None);
}

#[test]
fn a_sum_that_overflows_has_no_root_and_no_valid_proof() {
	assert_eq!(root(&leaves(&[u128::MAX, 0])).unwrap().total, u128::MAX);
	assert_eq!(root(&leaves(&[u128::MAX, 1])), None);
	assert_eq!(root(&leaves(&[1, 2, 3, u128::MAX])), None);

	// A forged tree whose sums wrap around to a small total.
	let leaf = Leaf { account: [0; 32], cumulative: u128::MAX };
	let hash =
		|cumulative: u128| tagged("weft/sum/leaf/v1", &[&[0; 32], &cumulative.to_le_bytes()]);
	let sibling = (hash(2), 2u128);
	let top = tagged(
		"weft/sum/node/v1",
		&[&hash(u128::MAX), &u128::MAX.to_le_bytes(), &sibling.0, &sibling.1.to_le_bytes()],
	);
	let total = 1u128;
	let forged = SumRoot {
		hash: tagged("weft/sum/root/v1", &[&2u32.to_le_bytes(), &total.to_le_bytes(), &top]),
		total,
		count: 2,
	};
	assert!(!verify(&forged, &leaf, &SumProof { index: 0, siblings: vec![sibling] }));
}

#[test]
fn a_root_with_another_total_or_count_proves_nothing() {
	let leaves = leaves(&[5, 6, 7]);
	let tree = root(&leaves).unwrap();
	let proof = prove(&leaves, 2).unwrap();
	assert!(verify(&tree, &leaves[2], &proof));
	assert!(!verify(&SumRoot { total: 19, ..tree }, &leaves[2], &proof));
	assert!(!verify(&SumRoot { count: 4, ..tree }, &leaves[2], &proof));
	assert!(!verify(&SumRoot { count: 2, ..tree }, &leaves[2], &proof));
}

proptest! {
	#[test]
	fn a_leaf_is_provable_and_any_change_breaks_the_proof(
		amounts in proptest::collection::vec(0..u128::MAX / 100, 1..70),
		pick in any::<prop::sample::Index>(),
		add in 1..1_000u128,
	) {
		let leaves = leaves(&amounts);
		let tree = root(&leaves).unwrap();
		prop_assert_eq!(tree.total, amounts.iter().sum::<u128>());
		let index = pick.index(leaves.len());
		let (leaf, proof) = (&leaves[index], prove(&leaves, index).unwrap());
		prop_assert!(verify(&tree, leaf, &proof));

		let more = Leaf { cumulative: leaf.cumulative + add, ..leaf.clone() };
		prop_assert!(!verify(&tree, &more, &proof));
		let other = Leaf { account: [0xAA; 32], ..leaf.clone() };
		prop_assert!(!verify(&tree, &other, &proof));
		for level in 0..proof.siblings.len() {
			// Moving money from a sibling to the leaf keeps the total and still fails.
			let mut forged = proof.clone();
			forged.siblings[level].1 = forged.siblings[level].1.wrapping_sub(add);
			prop_assert!(!verify(&tree, &more, &forged));
			prop_assert!(!verify(&tree, leaf, &forged));
			let mut forged = proof.clone();
			forged.siblings[level].0[0] ^= 1;
			prop_assert!(!verify(&tree, leaf, &forged));
		}
		let mut longer = proof.clone();
		longer.siblings.push(([0; 32], 0));
		prop_assert!(!verify(&tree, leaf, &longer));
		for index in (0..leaves.len() as u32 + 1).filter(|i| *i != proof.index) {
			let moved = SumProof { index, ..proof.clone() };
			prop_assert!(!verify(&tree, leaf, &moved));
		}
	}
}
