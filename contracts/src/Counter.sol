// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// A counter: the smallest contract that shows state, events, errors and reverts.
contract Counter {
	event Incremented(address indexed by, uint256 value);

	error TooLarge(uint256 asked, uint256 most);

	uint256 public constant MOST = 1000;
	uint256 public value;

	constructor(uint256 start) {
		value = start;
	}

	function increment(uint256 by) external returns (uint256) {
		if (by > MOST) revert TooLarge(by, MOST);
		require(by > 0, "by must be positive");
		value += by;
		emit Incremented(msg.sender, value);
		return value;
	}
}
