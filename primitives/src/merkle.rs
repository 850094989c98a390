//! Merkle trees over a list of 32-byte leaves.
//!
//! * a leaf is hashed under `weft/merkle/leaf/v1`, a pair under `weft/merkle/node/v1`, so that a
//!   node can never be shown as a leaf;
//! * an odd node at the end of a level is promoted unchanged;
//! * the root is the top node hashed with the number of leaves under `weft/merkle/root/v1`, so
//!   that a proof is for exactly one tree shape. The root of no leaves uses 32 zero bytes as top.

use crate::{hash::tagged, Hash32};
use alloc::vec::Vec;

fn leaf_hash(leaf: &Hash32) -> Hash32 {
	tagged("weft/merkle/leaf/v1", &[leaf])
}

fn node_hash(left: &Hash32, right: &Hash32) -> Hash32 {
	tagged("weft/merkle/node/v1", &[left, right])
}

fn root_hash(top: &Hash32, count: u64) -> Hash32 {
	tagged("weft/merkle/root/v1", &[&count.to_le_bytes(), top])
}

fn next_level(level: &[Hash32]) -> Vec<Hash32> {
	level
		.chunks(2)
		.filter_map(|pair| match pair {
			[left, right] => Some(node_hash(left, right)),
			[only] => Some(*only),
			_ => None,
		})
		.collect()
}

/// The root of the tree over `leaves`, in their order.
pub fn root(leaves: &[Hash32]) -> Hash32 {
	let mut level: Vec<Hash32> = leaves.iter().map(leaf_hash).collect();
	while level.len() > 1 {
		level = next_level(&level);
	}
	root_hash(&level.first().copied().unwrap_or_default(), leaves.len() as u64)
}

/// The siblings that prove the leaf at `index`, from the bottom up; levels where the node is
/// promoted add nothing. `None` if there is no such leaf.
pub fn prove(leaves: &[Hash32], index: usize) -> Option<Vec<Hash32>> {
	leaves.get(index)?;
	let mut level: Vec<Hash32> = leaves.iter().map(leaf_hash).collect();
	let mut index = index;
	let mut proof = Vec::new();
	while level.len() > 1 {
		if let Some(sibling) = level.get(index ^ 1) {
			proof.push(*sibling);
		}
		level = next_level(&level);
		index /= 2;
	}
	Some(proof)
}

/// Whether `proof` shows that `leaf` is the leaf number `index` of the `count` leaves under `root`.
pub fn verify(root: &Hash32, leaf: &Hash32, index: u64, count: u64, proof: &[Hash32]) -> bool {
	if index >= count {
		return false;
	}
	let mut siblings = proof.iter();
	let (mut node, mut index, mut width) = (leaf_hash(leaf), index, count);
	while width > 1 {
		let has_sibling = (index ^ 1) < width;
		if has_sibling {
			let Some(sibling) = siblings.next() else { return false };
			node =
				if index & 1 == 0 { node_hash(&node, sibling) } else { node_hash(sibling, &node) };
		}
		index /= 2;
		width = width.div_ceil(2);
	}
	siblings.next().is_none() && root_hash(&node, count) == *root
}
