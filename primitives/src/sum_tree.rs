//! The Merkle sum tree of earnings.
//!
//! Each leaf is what an account has earned in total; each node carries the sum below it, and the
//! root commits to the total and the number of leaves. A proof of a leaf is also a proof that the
//! sums on its path are right, so a worker cannot promise more than the total it showed.
//!
//! * leaf: `weft/sum/leaf/v1` over the account and the cumulative amount (u128 LE)
//! * node: `weft/sum/node/v1` over left hash, left sum, right hash, right sum (sums u128 LE)
//! * root: `weft/sum/root/v1` over count (u32 LE), total (u128 LE) and the top node's hash
//!
//! An odd node is promoted with its sum. The tree of no leaves has 32 zero bytes as top.

use crate::{hash::tagged, AccountBytes, Hash32};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The largest number of siblings in a proof: a tree has at most `u32::MAX` leaves.
pub const MAX_PROOF_LEN: usize = 32;

/// What an account has earned from a worker, in total since the beginning.
#[derive(
	Clone,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Leaf {
	/// The account that earned.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))]
	pub account: AccountBytes,
	/// Plancks earned since the beginning; it never decreases from one epoch to the next.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::decimal"))]
	pub cumulative: u128,
}

/// The commitment to a whole tree.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SumRoot {
	/// Hash of the top node with the total and the count.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))]
	pub hash: Hash32,
	/// Plancks of all leaves together.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::decimal"))]
	pub total: u128,
	/// Number of leaves.
	pub count: u32,
}

/// The path from a leaf to the root.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SumProof {
	/// Position of the leaf, from 0.
	pub index: u32,
	/// Hash and sum of each sibling from the bottom up; promoted levels add nothing.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hash_and_decimal"))]
	pub siblings: Vec<(Hash32, u128)>,
}

type Node = (Hash32, u128);

fn leaf_node(leaf: &Leaf) -> Node {
	let hash = tagged("weft/sum/leaf/v1", &[&leaf.account, &leaf.cumulative.to_le_bytes()]);
	(hash, leaf.cumulative)
}

fn parent(left: &Node, right: &Node) -> Option<Node> {
	let sum = left.1.checked_add(right.1)?;
	let hash = tagged(
		"weft/sum/node/v1",
		&[&left.0, &left.1.to_le_bytes(), &right.0, &right.1.to_le_bytes()],
	);
	Some((hash, sum))
}

fn root_hash(top: &Hash32, total: u128, count: u32) -> Hash32 {
	tagged("weft/sum/root/v1", &[&count.to_le_bytes(), &total.to_le_bytes(), top])
}

fn next_level(level: &[Node]) -> Option<Vec<Node>> {
	level
		.chunks(2)
		.map(|pair| match pair {
			[left, right] => parent(left, right),
			[only] => Some(*only),
			_ => None,
		})
		.collect()
}

fn checked_leaves(leaves: &[Leaf]) -> Option<(Vec<Node>, u32)> {
	let count = u32::try_from(leaves.len()).ok()?;
	let sorted =
		leaves.iter().zip(leaves.iter().skip(1)).all(|(left, right)| left.account < right.account);
	sorted.then(|| (leaves.iter().map(leaf_node).collect(), count))
}

/// The root over `leaves`. `None` if they are not sorted by account without duplicates, if their
/// sum exceeds `u128::MAX`, or if there are more than `u32::MAX` of them.
pub fn root(leaves: &[Leaf]) -> Option<SumRoot> {
	let (mut level, count) = checked_leaves(leaves)?;
	while level.len() > 1 {
		level = next_level(&level)?;
	}
	let (top, total) = level.first().copied().unwrap_or_default();
	Some(SumRoot { hash: root_hash(&top, total, count), total, count })
}

/// The proof of the leaf at `index`. `None` for the reasons of [`root`] or if there is no such leaf.
pub fn prove(leaves: &[Leaf], index: usize) -> Option<SumProof> {
	leaves.get(index)?;
	let (mut level, _) = checked_leaves(leaves)?;
	let mut at = index;
	let mut siblings = Vec::new();
	while level.len() > 1 {
		if let Some(sibling) = level.get(at ^ 1) {
			siblings.push(*sibling);
		}
		level = next_level(&level)?;
		at /= 2;
	}
	Some(SumProof { index: u32::try_from(index).ok()?, siblings })
}

/// Whether `proof` shows that `leaf` is in the tree of `root`: the hashes, the sums, the total and
/// the count must all agree, and no sum may exceed `u128::MAX`.
pub fn verify(root: &SumRoot, leaf: &Leaf, proof: &SumProof) -> bool {
	compute(root, leaf, proof).is_some_and(|(top, total)| {
		total == root.total && root_hash(&top, total, root.count) == root.hash
	})
}

fn compute(root: &SumRoot, leaf: &Leaf, proof: &SumProof) -> Option<Node> {
	if proof.index >= root.count {
		return None;
	}
	let mut siblings = proof.siblings.iter();
	let (mut node, mut index, mut width) = (leaf_node(leaf), proof.index, root.count);
	while width > 1 {
		if (index ^ 1) < width {
			let sibling = siblings.next()?;
			node = if index & 1 == 0 { parent(&node, sibling)? } else { parent(sibling, &node)? };
		}
		index /= 2;
		width = width.div_ceil(2);
	}
	siblings.next().is_none().then_some(node)
}
