// Deploys a contract compiled by solc with viem and calls it.
//   node clients/viem.mjs [--rpc http://127.0.0.1:8545]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { createPublicClient, createWalletClient, defineChain, formatEther, getContract, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const { BALTATHAR } = createRequire(import.meta.url)("../scripts/accounts.js");
const { values: args } = parseArgs({
	options: { rpc: { type: "string", default: "http://127.0.0.1:8545" } },
});
const artifact = (name) =>
	JSON.parse(readFileSync(new URL(`../artifacts/src/${name}.sol/${name}.json`, import.meta.url)));

const transport = http(args.rpc);
const id = await createPublicClient({ transport }).getChainId();
const chain = defineChain({
	id,
	name: "Weft",
	nativeCurrency: { name: "Weft", symbol: "WEFT", decimals: 18 },
	rpcUrls: { default: { http: [args.rpc] } },
});
const account = privateKeyToAccount(BALTATHAR);
const reader = createPublicClient({ chain, transport, pollingInterval: 100 });
const wallet = createWalletClient({ chain, transport, account });
console.log(`chain ${id}, ${account.address} has ${formatEther(await reader.getBalance(account))} WEFT`);

const { abi, bytecode } = artifact("Counter");
const started = performance.now();
const hash = await wallet.deployContract({ abi, bytecode, args: [5n] });
const { contractAddress } = await reader.waitForTransactionReceipt({ hash });
console.log(`Counter at ${contractAddress} in ${Math.round(performance.now() - started)} ms`);

const counter = getContract({ abi, address: contractAddress, client: { public: reader, wallet } });
const { request } = await counter.simulate.increment([2n]);
const before = performance.now();
const receipt = await reader.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
const [event] = await counter.getEvents.Incremented({ by: account.address }, { fromBlock: receipt.blockNumber });
console.log(
	`value ${await counter.read.value()}, event says ${event.args.value}, ` +
		`receipt ${receipt.status} after ${Math.round(performance.now() - before)} ms`,
);
await counter.simulate.increment([5000n]).then(
	() => {
		throw new Error("a call that must revert did not");
	},
	(error) => console.log(`a revert is decoded: ${error.cause?.data?.errorName}(${error.cause?.data?.args})`),
);

// The precompiles: the chain's own pallets, called as contracts.
const precompile = (name, address) => ({
	address,
	abi: JSON.parse(
		readFileSync(new URL(`../artifacts/src/interfaces/${name}.sol/${name}.json`, import.meta.url)),
	).abi,
});
const DATANETS = precompile("IDatanets", "0x0000000000000000000000000000000009010000");
const MODELS = precompile("IModels", "0x0000000000000000000000000000000009020000");
const JOBS = precompile("IJobs", "0x0000000000000000000000000000000009030000");
const EARNINGS = precompile("IEarnings", "0x0000000000000000000000000000000009040000");

const show = (value) =>
	JSON.stringify(value, (_, part) => (typeof part === "bigint" ? part.toString() : part));

// A read either answers or says by name what is missing: `getModel: ModelNotFound`.
async function read(contract, functionName, ...list) {
	try {
		const value = await reader.readContract({ ...contract, functionName, args: list });
		console.log(`${functionName}(${show(list).slice(1, -1)}) = ${show(value).slice(0, 160)}`);
		return value;
	} catch (error) {
		const reason = error.cause?.reason;
		if (!reason?.startsWith(`${functionName}: `)) throw error;
		console.log(`${functionName}(${show(list).slice(1, -1)}) says ${reason}`);
		return undefined;
	}
}

const self = await read(EARNINGS, "accountOf", account.address);
if (self !== `${account.address.toLowerCase()}${"ee".repeat(12)}`) {
	throw new Error(`${account.address} is ${self} on the chain`);
}
await read(DATANETS, "getDatanet", 0);
await read(DATANETS, "getContribution", 0n);
await read(DATANETS, "getSnapshot", 0);
await read(DATANETS, "contributorStats", 0, self);
await read(MODELS, "getBase", 0);
await read(MODELS, "getModel", 0n);
await read(MODELS, "lineage", 0n);
await read(JOBS, "getJob", 0n);
await read(JOBS, "getRequest", 0n);
await read(EARNINGS, "ledger", self);
await read(EARNINGS, "channel", self, self, 0n);
await read(EARNINGS, "claimed", self, self);

// A write that must fail says why before anything is paid.
await reader
	.simulateContract({
		...JOBS,
		functionName: "submitInference",
		args: [2n ** 64n - 1n, hash, 16, 1_000_000n, 10, 10],
		account,
	})
	.then(
		() => {
			throw new Error("a job for a model that does not exist was taken");
		},
		(error) => console.log(`submitInference for no model says ${error.cause?.reason ?? error.shortMessage}`),
	);
