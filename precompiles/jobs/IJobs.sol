// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

// Where the chain answers IJobs.
address constant JOBS = 0x0000000000000000000000000000000009030000;

/// Jobs: a contract asks a model and reads the answer.
///
/// - An account is its 32 bytes on the chain. An Ethereum account or a contract is its 20 bytes
///   followed by twelve `0xEE`.
/// - Amounts are plancks, the chain's own unit: one WEFT is 1e12 plancks. (`msg.value` and
///   `balance` have 18 decimals: one planck is 1e6 wei.) The money is the caller's balance: a
///   contract must have it before it submits. No function takes value.
/// - A content id is the blake2b-256 of a blob's bytes; put the prompt into the blob store first.
/// - Functions revert with the name of what is wrong, for example `submitInference: UnknownModel`.
/// - Events are logged for what is done through this interface. What workers do is in the chain's
///   own events.
interface IJobs {
	enum State {
		// Waits for a worker.
		Open,
		// In the hands of a worker.
		Claimed,
		// Answered; the requester may settle now, anyone after the challenge window.
		Reported,
		// Paid. The row is removed after the retention period, and then reads revert.
		Settled
	}

	enum Kind {
		Train,
		Infer
	}

	/// An inference job was submitted through this interface.
	event Submitted(
		uint64 indexed jobId,
		bytes32 indexed requester,
		uint64 indexed model,
		bytes32 promptCid,
		uint32 maxTokens,
		uint128 maxPrice
	);

	/// An open job was taken back through this interface.
	event Cancelled(uint64 indexed jobId);

	/// A job was settled through this interface.
	event Settled(uint64 indexed jobId, bytes32 indexed worker, uint128 paid);

	/// Ask a model. `maxPrice` and the job's deposit are held from the caller; what the answer does
	/// not cost comes back when the job is settled.
	///
	/// @param promptCid content id of a chat-completions request body (JSON)
	/// @param maxTokens the most tokens of the answer, at least 1
	/// @param maxPrice the most that the answer may cost, in plancks
	/// @param acceptWithin blocks that a worker has to take the job
	/// @param runWithin blocks that a worker then has to answer
	function submitInference(
		uint64 model,
		bytes32 promptCid,
		uint32 maxTokens,
		uint128 maxPrice,
		uint32 acceptWithin,
		uint32 runWithin
	) external returns (uint64 jobId);

	/// Where a job stands.
	///
	/// @return state of the job
	/// @return worker the worker's owner; zero while open
	/// @return resultHash hash of the answer's text (of a training job: the root of the attribution
	/// index); zero until reported
	/// @return answerCid content id of the answer's body (of a training job: the adapter's folder);
	/// zero until reported
	/// @return tokensIn tokens of the prompt; zero until reported and for training
	/// @return tokensOut tokens of the answer; zero until reported and for training
	/// @return paid plancks that the requester paid; zero until settled
	function getJob(
		uint64 jobId
	)
		external
		view
		returns (
			State state,
			bytes32 worker,
			bytes32 resultHash,
			bytes32 answerCid,
			uint32 tokensIn,
			uint32 tokensOut,
			uint128 paid
		);

	/// What was asked for.
	///
	/// @return requester who pays
	/// @return kind of the job
	/// @return target the model, or for training the base model
	/// @return input content id of the prompt, or for training of the configuration
	/// @return maxTokens the most tokens of the answer; zero for training
	/// @return price plancks at most
	/// @return deposit plancks held besides the price
	/// @return deadline the last block of the present state
	function getRequest(
		uint64 jobId
	)
		external
		view
		returns (
			bytes32 requester,
			Kind kind,
			uint64 target,
			bytes32 input,
			uint32 maxTokens,
			uint128 price,
			uint128 deposit,
			uint32 deadline
		);

	/// Take an open job of the caller back, with price and deposit.
	function cancel(uint64 jobId) external;

	/// Pay for a reported job: its requester at once, anyone after the challenge window.
	function settle(uint64 jobId) external;
}
