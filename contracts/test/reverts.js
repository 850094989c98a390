// The error of a contract, whichever way the network hands it over: decoded, as bytes, or, on
// Hardhat's own network, only in the message.
module.exports.revertOf = (contract, error) => {
	const parsed = error.revert ?? (error.data ? contract.interface.parseError(error.data) : null);
	return parsed ? `${parsed.name}(${parsed.args.join(", ")})` : (error.reason ?? error.message);
};
