//! The chain's configuration for subxt.

use subxt::PolkadotConfig;

/// Weft uses AccountId32, MultiAddress, BlakeTwo256 and the default transaction extensions; those of pallet-revive
/// (`SetOrigin`) and `WeightReclaim` carry no bytes.
pub type WeftConfig = PolkadotConfig;

/// A view of the chain at one block.
pub type AtBlock = subxt::client::OnlineClientAtBlock<WeftConfig>;

/// Hash of a block.
pub type BlockHash = subxt::utils::H256;
