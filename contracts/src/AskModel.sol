// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import { IJobs, JOBS } from "./interfaces/IJobs.sol";
import { IModels, MODELS } from "./interfaces/IModels.sol";

/// A contract that asks a model of the chain and reads what it answered.
///
/// The prompt and the answer are blobs, named by the hash of their bytes: the contract holds the
/// hashes, and anyone can check a blob against them. The contract pays out of its own balance, so
/// send it some first; what is not spent the owner takes back with {withdraw}.
contract AskModel {
	/// One planck of the chain in the 18 decimals of the EVM.
	uint256 public constant WEI_PER_PLANCK = 1e6;

	address public immutable owner;

	/// The jobs that this contract submitted, in order.
	uint64[] public jobs;

	event Asked(uint64 indexed jobId, uint64 indexed model, bytes32 promptCid, uint128 maxPrice);
	event Read(uint64 indexed jobId, bytes32 answerCid, bytes32 resultHash, uint128 paid);

	error OnlyOwner(address caller);
	error ModelRetired(uint64 model);
	error NotAnswered(uint64 jobId, IJobs.State state);
	error WithdrawFailed(uint256 amount);

	modifier onlyOwner() {
		if (msg.sender != owner) revert OnlyOwner(msg.sender);
		_;
	}

	constructor() payable {
		owner = msg.sender;
	}

	receive() external payable {}

	/// What a question costs at most: `tokensIn` tokens in and `tokensOut` out, rounded up.
	function quote(uint64 model, uint32 tokensIn, uint32 tokensOut) public view returns (uint128) {
		IModels.Model memory facts = IModels(MODELS).getModel(model);
		uint256 cost = uint256(facts.priceIn) * tokensIn + uint256(facts.priceOut) * tokensOut;
		return uint128((cost + 999) / 1000);
	}

	/// Asks. A worker has `acceptWithin` blocks to take the job and `runWithin` to answer.
	function ask(
		uint64 model,
		bytes32 promptCid,
		uint32 maxTokens,
		uint128 maxPrice,
		uint32 acceptWithin,
		uint32 runWithin
	) external payable onlyOwner returns (uint64 jobId) {
		if (IModels(MODELS).getModel(model).retired) revert ModelRetired(model);
		jobId = IJobs(JOBS).submitInference(
			model,
			promptCid,
			maxTokens,
			maxPrice,
			acceptWithin,
			runWithin
		);
		jobs.push(jobId);
		emit Asked(jobId, model, promptCid, maxPrice);
	}

	/// Whether the answer is there, and where.
	function answer(
		uint64 jobId
	) public view returns (bool ready, bytes32 answerCid, bytes32 resultHash, uint32 tokensOut) {
		IJobs.State state;
		(state, , resultHash, answerCid, , tokensOut, ) = IJobs(JOBS).getJob(jobId);
		ready = state == IJobs.State.Reported || state == IJobs.State.Settled;
	}

	/// Pays for an answer. What the answer did not cost comes back to this contract.
	function settle(uint64 jobId) external onlyOwner {
		(IJobs.State state, , , , , , ) = IJobs(JOBS).getJob(jobId);
		if (state != IJobs.State.Reported) revert NotAnswered(jobId, state);
		IJobs(JOBS).settle(jobId);
		(, , bytes32 resultHash, bytes32 answerCid, , , uint128 paid) = IJobs(JOBS).getJob(jobId);
		emit Read(jobId, answerCid, resultHash, paid);
	}

	/// Takes back a question that no worker has taken yet.
	function cancel(uint64 jobId) external onlyOwner {
		IJobs(JOBS).cancel(jobId);
	}

	/// How many questions were asked.
	function count() external view returns (uint256) {
		return jobs.length;
	}

	/// Sends what is not held for a job to the owner.
	function withdraw(uint256 amount) external onlyOwner {
		(bool sent, ) = owner.call{ value: amount }("");
		if (!sent) revert WithdrawFailed(amount);
	}
}
