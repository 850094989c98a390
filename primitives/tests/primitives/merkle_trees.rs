use proptest::prelude::*;
use weft_primitives::{hash::tagged, merkle::*};

fn leaves(count: usize) -> Vec<[u8; 32]> {
	(0..count).map(|i| [i as u8 + 1; 32]).collect()
}

#[test]
fn the_root_of_three_leaves_is_the_documented_shape() {
	let [a, b, c] = [[1; 32], [2; 32], [3; 32]];
	let leaf = |l: &[u8; 32]| tagged("weft/merkle/leaf/v1", &[l]);
	let left = tagged("weft/merkle/node/v1", &[&leaf(&a), &leaf(&b)]);
	let top = tagged("weft/merkle/node/v1", &[&left, &leaf(&c)]);
	let expected = tagged("weft/merkle/root/v1", &[&3u64.to_le_bytes(), &top]);
	assert_eq!(root(&[a, b, c]), expected);
}

#[test]
fn every_leaf_of_every_small_tree_is_provable_and_only_at_its_place() {
	for count in 1..40usize {
		let leaves = leaves(count);
		let root = root(&leaves);
		for (index, leaf) in leaves.iter().enumerate() {
			let proof = prove(&leaves, index).unwrap();
			assert!(verify(&root, leaf, index as u64, count as u64, &proof));
			for other in 0..count + 2 {
				if other != index {
					assert!(!verify(&root, leaf, other as u64, count as u64, &proof));
				}
			}
			for claimed in [0, count - 1, count + 1, count * 2, usize::MAX] {
				assert!(!verify(&root, leaf, index as u64, claimed as u64, &proof));
			}
		}
		assert_eq!(prove(&leaves, count), None);
	}
}

#[test]
fn the_empty_tree_has_a_root_and_proves_nothing() {
	let empty = root(&[]);
	assert_eq!(prove(&[], 0), None);
	assert!(!verify(&empty, &[0; 32], 0, 0, &[]));
	assert!(!verify(&empty, &[0; 32], 0, 1, &[]));
}

#[test]
fn a_promoted_leaf_and_a_repeated_leaf_are_different_trees() {
	let three = leaves(3);
	let mut four = three.clone();
	four.push(three[2]);
	assert_ne!(root(&three), root(&four));
}

#[test]
fn an_inner_node_is_not_a_leaf() {
	let leaves = leaves(4);
	let tree = root(&leaves);
	let nodes: Vec<_> = leaves
		.chunks(2)
		.map(|pair| {
			let [l, r] = [0, 1].map(|i| tagged("weft/merkle/leaf/v1", &[&pair[i]]));
			tagged("weft/merkle/node/v1", &[&l, &r])
		})
		.collect();
	assert!(!verify(&tree, &nodes[0], 0, 2, &[nodes[1]]));
	assert_ne!(root(&nodes), tree);
}

proptest! {
	#[test]
	fn a_proof_verifies_and_a_tampered_one_does_not(
		leaves in proptest::collection::vec(any::<[u8; 32]>(), 1..80),
		pick in any::<prop::sample::Index>(),
		flip in any::<(prop::sample::Index, u8)>(),
	) {
		let index = pick.index(leaves.len());
		let count = leaves.len() as u64;
		let tree = root(&leaves);
		let proof = prove(&leaves, index).unwrap();
		prop_assert!(verify(&tree, &leaves[index], index as u64, count, &proof));

		let bit = 1u8 << (flip.1 % 8);
		// One flipped bit anywhere: in the root, the leaf or any sibling.
		let at = flip.0.index(32 * (2 + proof.len()));
		let (mut root, mut leaf, mut siblings) = (tree, leaves[index], proof.clone());
		match at / 32 {
			0 => root[at % 32] ^= bit,
			1 => leaf[at % 32] ^= bit,
			n => siblings[n - 2][at % 32] ^= bit,
		}
		prop_assert!(!verify(&root, &leaf, index as u64, count, &siblings));

		let mut longer = proof.clone();
		longer.push([0; 32]);
		prop_assert!(!verify(&tree, &leaves[index], index as u64, count, &longer));
		if let Some((_, shorter)) = proof.split_last() {
			prop_assert!(!verify(&tree, &leaves[index], index as u64, count, shorter));
		}
	}
}
