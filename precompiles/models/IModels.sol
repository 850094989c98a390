// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

// Where the chain answers IModels.
address constant MODELS = 0x0000000000000000000000000000000009020000;

/// Base models and the models fine-tuned from them.
///
/// - An account is its 32 bytes on the chain. An Ethereum account or a contract is its 20 bytes
///   followed by twelve `0xEE`.
/// - Prices are plancks for 1,000 tokens: one WEFT is 1e12 plancks. (`msg.value` and `balance`
///   have 18 decimals: one planck is 1e6 wei.)
/// - A content id is the blake2b-256 of a blob's bytes.
/// - Functions revert with the name of what is wrong, for example `getModel: ModelNotFound`.
interface IModels {
	struct Base {
		// Earns the base owner's part of fees.
		bytes32 owner;
		string name;
		string architecture;
		bytes32 weightsHash;
		bytes32 tokenizerHash;
		// Content id.
		bytes32 licence;
		// Block of its registration.
		uint32 at;
	}

	/// The parts of a fee, in parts per million that sum to 1,000,000.
	struct Split {
		uint32 treasury;
		uint32 baseOwner;
		uint32 developer;
		uint32 worker;
		uint32 contributors;
	}

	struct Model {
		// The developer.
		bytes32 owner;
		string name;
		uint32 base;
		// The job that trained it.
		uint64 job;
		// What it was trained on.
		uint32[] snapshots;
		// Content id of the adapter's folder.
		bytes32 adapter;
		// Merkle root of the attribution index.
		bytes32 indexRoot;
		// Content id of the attribution index.
		bytes32 index;
		// Content id of the metrics.
		bytes32 metrics;
		uint128 priceIn;
		uint128 priceOut;
		Split split;
		// Off the market for good.
		bool retired;
		// Block of its publication.
		uint32 at;
	}

	function getBase(uint32 base) external view returns (Base memory);

	function getModel(uint64 model) external view returns (Model memory);

	/// Where a model comes from: its base, the job that trained it, the snapshots that it was
	/// trained on, and their Datanets, ascending and each once.
	function lineage(
		uint64 model
	)
		external
		view
		returns (uint32 base, uint64 job, uint32[] memory snapshots, uint32[] memory datanets);
}
