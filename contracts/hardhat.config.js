require("@nomicfoundation/hardhat-ethers");
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } = require("hardhat/builtin-tasks/task-names");
const { subtask } = require("hardhat/config");
const { copyInterfaces } = require("./scripts/interfaces");
const accounts = require("./scripts/accounts");

copyInterfaces();

const SOLC = require("solc/package.json").version;

// The compiler comes from npm with everything else: nothing is downloaded while compiling.
subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async ({ solcVersion }) => {
	if (solcVersion !== SOLC) throw new Error(`solc ${SOLC} is installed, ${solcVersion} was asked for`);
	return {
		compilerPath: require.resolve("solc/soljson.js"),
		isSolcJs: true,
		version: SOLC,
		longVersion: require("solc").version(),
	};
});

module.exports = {
	solidity: {
		version: SOLC,
		settings: { optimizer: { enabled: true, runs: 200 }, evmVersion: "cancun" },
	},
	paths: { sources: "./src", tests: "./test", cache: "./cache", artifacts: "./artifacts" },
	networks: {
		weft: {
			url: process.env.WEFT_ETH_RPC ?? "http://127.0.0.1:8545",
			accounts: Object.values(accounts),
			timeout: 60_000,
		},
	},
	mocha: { timeout: 120_000 },
};
