// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import { IDatanets, DATANETS } from "./interfaces/IDatanets.sol";
import { IEarnings, EARNINGS } from "./interfaces/IEarnings.sol";

/// A guild of data contributors: it contributes in its own name, claims what its records earn, and
/// shares that among its members.
///
/// Deposits for contributions come out of the contract's balance, so fund it first. Earnings are
/// counted when they are claimed, and each member takes its part when it likes.
contract ContributeAndClaim {
	/// One planck of the chain in the 18 decimals of the EVM.
	uint256 public constant WEI_PER_PLANCK = 1e6;

	address[] public members;
	mapping(address => uint256) public sharesOf;
	uint256 public totalShares;

	/// Plancks claimed since the beginning.
	uint256 public earned;
	/// Plancks that a member has taken.
	mapping(address => uint256) public taken;

	event Contributed(uint64 indexed contribution, uint32 indexed datanet, address indexed by);
	event Earned(bytes32 indexed worker, uint128 amount);
	event Taken(address indexed member, uint256 amount);

	error NotAMember(address caller);
	error NoMembers();
	error BadShares(address member, uint256 shares);
	error NothingToTake(address member);
	error PaymentFailed(address member, uint256 amount);

	constructor(address[] memory who, uint256[] memory shares) payable {
		if (who.length == 0 || who.length != shares.length) revert NoMembers();
		for (uint256 i = 0; i < who.length; i++) {
			if (shares[i] == 0 || sharesOf[who[i]] != 0) revert BadShares(who[i], shares[i]);
			members.push(who[i]);
			sharesOf[who[i]] = shares[i];
			totalShares += shares[i];
		}
	}

	receive() external payable {}

	/// This contract's account on the chain: whom Datanets and workers know it by.
	function account() public view returns (bytes32) {
		return IEarnings(EARNINGS).accountOf(address(this));
	}

	/// Sends a batch of records into a Datanet. Its blob must be in the blob store.
	function contribute(
		uint32 datanet,
		bytes32 root,
		uint32 records,
		uint64 byteLength,
		bytes32 cid
	) external payable returns (uint64 contribution) {
		if (sharesOf[msg.sender] == 0) revert NotAMember(msg.sender);
		contribution = IDatanets(DATANETS).contribute(datanet, root, records, byteLength, cid);
		emit Contributed(contribution, datanet, msg.sender);
	}

	/// Claims what a worker's tree says the guild earned. Anyone may: the money comes here.
	function claim(
		bytes32 worker,
		uint128 cumulative,
		uint32 index,
		bytes32[] calldata siblingHashes,
		uint128[] calldata siblingSums
	) external returns (uint128 amount) {
		amount = IEarnings(EARNINGS).claim(
			worker,
			account(),
			cumulative,
			index,
			siblingHashes,
			siblingSums
		);
		earned += amount;
		emit Earned(worker, amount);
	}

	/// Plancks that a member can take now.
	function due(address member) public view returns (uint256) {
		return (earned * sharesOf[member]) / totalShares - taken[member];
	}

	/// Pays the caller its part.
	function take() external returns (uint256 amount) {
		amount = due(msg.sender);
		if (amount == 0) revert NothingToTake(msg.sender);
		taken[msg.sender] += amount;
		emit Taken(msg.sender, amount);
		(bool sent, ) = msg.sender.call{ value: amount * WEI_PER_PLANCK }("");
		if (!sent) revert PaymentFailed(msg.sender, amount);
	}
}
