// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

// Where the chain answers IDatanets.
address constant DATANETS = 0x0000000000000000000000000000000009010000;

/// Datanets: curated sets of training records.
///
/// - An account is its 32 bytes on the chain. An Ethereum account or a contract is its 20 bytes
///   followed by twelve `0xEE`.
/// - Amounts are plancks, the chain's own unit: one WEFT is 1e12 plancks. (`msg.value` and
///   `balance` have 18 decimals: one planck is 1e6 wei.)
/// - A content id is the blake2b-256 of a blob's bytes.
/// - Functions revert with the name of what is wrong, for example
///   `contribute: TooManyRecords`. None takes value.
/// - Events are logged for what is done through this interface. What happens through the chain's
///   own transactions is in the chain's events.
interface IDatanets {
	/// The form of a Datanet's records.
	enum Schema {
		Chat,
		Completion,
		Text
	}

	/// Where a contribution stands. Refused and withdrawn ones are gone: reading one reverts.
	enum Status {
		Pending,
		Accepted
	}

	struct Datanet {
		bytes32 owner;
		string name;
		// Content id.
		bytes32 description;
		// Content id.
		bytes32 licence;
		Schema schema;
		bytes32[] curators;
		// How many curators must accept the same records.
		uint8 approvals;
		uint128 depositPerRecord;
		uint128 depositPerByte;
		// Contributions that wait for a decision.
		uint32 pending;
		// Contributions with an accepted record.
		uint32 accepted;
		uint64 acceptedRecords;
		// Number of snapshots taken.
		uint32 versions;
		// Block of its creation.
		uint32 at;
	}

	struct Contribution {
		uint32 datanet;
		bytes32 contributor;
		// Merkle root over the record hashes.
		bytes32 root;
		uint32 records;
		uint64 byteLength;
		// Content id of the blob.
		bytes32 cid;
		// What is on hold for it now.
		uint128 deposit;
		// Content id of the latest quality report, or zero.
		bytes32 report;
		Status status;
		// Bit `i % 8` of byte `i / 8` is set if record `i` was accepted. Empty while pending.
		bytes acceptedBitmap;
		// 0 to 100; 0 while pending.
		uint8 quality;
		// Block of its arrival.
		uint32 at;
	}

	struct SnapshotEntry {
		uint64 contribution;
		uint32 acceptedRecords;
	}

	struct Snapshot {
		uint32 datanet;
		// 1 for a Datanet's first snapshot.
		uint32 version;
		// Merkle root over its entries.
		bytes32 root;
		uint64 records;
		SnapshotEntry[] contributions;
		// Block in which it was taken.
		uint32 at;
	}

	/// A batch arrived through this interface.
	event Contributed(
		uint64 indexed contribution,
		uint32 indexed datanet,
		bytes32 indexed contributor,
		bytes32 root,
		uint32 records,
		uint64 byteLength,
		bytes32 cid,
		uint128 deposit
	);

	function getDatanet(uint32 datanet) external view returns (Datanet memory);

	function getContribution(uint64 contribution) external view returns (Contribution memory);

	function getSnapshot(uint32 snapshot) external view returns (Snapshot memory);

	/// What became of a contributor's records in a Datanet: records accepted and refused, and
	/// plancks lost to spam. Zeros for who never contributed.
	function contributorStats(
		uint32 datanet,
		bytes32 contributor
	) external view returns (uint64 accepted, uint64 refused, uint128 slashed);

	/// Send a batch of records. The caller's deposit, `records * depositPerRecord +
	/// byteLength * depositPerByte` plancks, is held until the curators decide.
	///
	/// @param root Merkle root over the record hashes
	/// @param records number of records, 1 to 4,096
	/// @param byteLength length of the blob, 1 byte to 16 MiB
	/// @param cid content id of the blob
	/// @return contribution its id
	function contribute(
		uint32 datanet,
		bytes32 root,
		uint32 records,
		uint64 byteLength,
		bytes32 cid
	) external returns (uint64 contribution);
}
