// Deploys a contract compiled by solc with ethers, calls it, and measures.
//   node clients/ethers.mjs [--rpc http://127.0.0.1:8545] [--rounds 5]
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ContractFactory, JsonRpcProvider, WebSocketProvider, Wallet } from "ethers";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { ALITH } = require("../scripts/accounts.js");
const { values: args } = parseArgs({
	options: {
		rpc: { type: "string", default: "http://127.0.0.1:8545" },
		rounds: { type: "string", default: "5" },
	},
});

const artifact = JSON.parse(
	readFileSync(new URL("../artifacts/src/Counter.sol/Counter.json", import.meta.url)),
);
const provider = new JsonRpcProvider(args.rpc, undefined, { pollingInterval: 100, cacheTimeout: -1 });
const wallet = new Wallet(ALITH, provider);

const network = await provider.getNetwork();
console.log(`chain ${network.chainId}, block ${await provider.getBlockNumber()}`);
console.log(`${wallet.address} has ${await provider.getBalance(wallet.address)} wei`);

const started = performance.now();
const factory = new ContractFactory(artifact.abi, artifact.bytecode, wallet);
const counter = await factory.deploy(5n);
await counter.waitForDeployment();
const address = await counter.getAddress();
console.log(`deployed at ${address} in ${Math.round(performance.now() - started)} ms`);

const sends = [];
const receipts = [];
let last;
for (let round = 0; round < Number(args.rounds); round++) {
	const before = performance.now();
	const tx = await counter.increment(1n);
	sends.push(performance.now() - before);
	last = await tx.wait();
	receipts.push(performance.now() - before);
	if (last.status !== 1) throw new Error(`transaction ${tx.hash} failed`);
}
const mean = (list) => Math.round(list.reduce((sum, value) => sum + value, 0) / list.length);
console.log(`value ${await counter.value()}, gas of one increment ${last.gasUsed}`);
console.log(`sent in ${mean(sends)} ms, receipt after ${mean(receipts)} ms (means of ${sends.length})`);

const logs = await provider.getLogs({ address, fromBlock: 0, toBlock: "latest" });
if (logs.length !== Number(args.rounds)) throw new Error(`${logs.length} logs were found`);
const block = await provider.getBlock(last.blockNumber, true);
if (!block.prefetchedTransactions.some((tx) => tx.hash === last.hash)) {
	throw new Error("the block does not hold the transaction");
}
try {
	await counter.increment.staticCall(5000n);
	throw new Error("a call that must revert did not");
} catch (error) {
	if (error.revert?.name !== "TooLarge") throw error;
	console.log(`a revert is decoded: ${error.revert.name}(${error.revert.args.join(", ")})`);
}

// The same over WebSocket: a log is heard, not polled for.
const socket = new WebSocketProvider(args.rpc.replace(/^http/, "ws"));
const heard = new Promise((resolve) =>
	counter.connect(socket).once("Incremented", (by, value) => resolve(value)),
);
await new Promise((resolve) => setTimeout(resolve, 200));
const before = performance.now();
await (await counter.increment(1n)).wait();
console.log(`heard value ${await heard} over WebSocket after ${Math.round(performance.now() - before)} ms`);
await socket.destroy();
provider.destroy();
