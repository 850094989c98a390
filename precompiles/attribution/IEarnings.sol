// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

// Where the chain answers IEarnings.
address constant EARNINGS = 0x0000000000000000000000000000000009040000;

/// Prepaid channels, and the earnings of contributors.
///
/// - An account is its 32 bytes on the chain. An Ethereum account or a contract is its 20 bytes
///   followed by twelve `0xEE`; {accountOf} gives the account of any address.
/// - A worker is named by its owner's account.
/// - Amounts are plancks, the chain's own unit: one WEFT is 1e12 plancks. (`msg.value` and
///   `balance` have 18 decimals: one planck is 1e6 wei.) No function takes value.
/// - Functions revert with the name of what is wrong, for example `claim: NothingToClaim`.
/// - Events are logged for what is done through this interface. What happens through the chain's
///   own transactions is in the chain's events.
interface IEarnings {
	/// What contributors have earned from one worker since the beginning.
	/// `received = allotted + reserve + unallotted`.
	struct Ledger {
		uint128 received;
		// Promised by the worker's trees.
		uint128 allotted;
		// Promised to nobody.
		uint128 reserve;
		// Paid out.
		uint128 claimed;
		// Came in since the last tree.
		uint128 unallotted;
		// Epoch of the last tree.
		uint32 epoch;
		// Epoch of the tree that is claimed against; zero if there is none, as are the next four.
		uint32 currentEpoch;
		// Root of that tree.
		bytes32 currentRoot;
		// Plancks of all its leaves.
		uint128 currentTotal;
		// Number of its leaves.
		uint32 currentCount;
		// Content id of its leaves.
		bytes32 currentLeaves;
		// Trees within their challenge window.
		uint32 pending;
	}

	/// A channel got money through this interface.
	event Deposited(
		bytes32 indexed payer,
		bytes32 indexed worker,
		uint64 indexed model,
		uint128 amount
	);

	/// Earnings were paid out through this interface.
	event Claimed(bytes32 indexed worker, bytes32 indexed account, uint128 amount);

	/// The account of an address on the chain.
	function accountOf(address who) external view returns (bytes32 account);

	/// A payer's channel: plancks put in and plancks taken since the beginning, and the first block
	/// in which the rest can be withdrawn, or zero if it is not being closed. Zeros if there is none.
	function channel(
		bytes32 payer,
		bytes32 worker,
		uint64 model
	) external view returns (uint128 deposited, uint128 settled, uint32 closing);

	/// A worker's ledger; zeros if there is none.
	function ledger(bytes32 worker) external view returns (Ledger memory);

	/// What an account has claimed of its earnings from a worker.
	function claimed(bytes32 worker, bytes32 account) external view returns (uint128);

	/// Put `amount` of the caller's balance into its channel with a worker for a model.
	function deposit(bytes32 worker, uint64 model, uint128 amount) external;

	/// Pay an account what a worker's current tree says it earned and it has not claimed. Anyone may
	/// call it; the money goes to `account`.
	///
	/// @param cumulative the amount in the account's leaf
	/// @param index position of the leaf
	/// @param siblingHashes hashes of the proof's siblings from the bottom up, at most 32
	/// @param siblingSums their sums, as many
	/// @return amount plancks paid
	function claim(
		bytes32 worker,
		bytes32 account,
		uint128 cumulative,
		uint32 index,
		bytes32[] calldata siblingHashes,
		uint128[] calldata siblingSums
	) external returns (uint128 amount);
}
