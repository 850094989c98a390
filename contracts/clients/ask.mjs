// Asks a model from a contract: the whole way from a question to an answer that the contract paid for.
//   node clients/ask.mjs --model 0 [--rpc http://127.0.0.1:8545] [--gateway http://127.0.0.1:8500] [--prompt TEXT]
// Needs a running network with a published model and a worker that takes its jobs.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { ContractFactory, JsonRpcProvider, Wallet, parseEther } from "ethers";

const { CHARLETH } = createRequire(import.meta.url)("../scripts/accounts.js");
const { values: args } = parseArgs({
	options: {
		model: { type: "string" },
		rpc: { type: "string", default: "http://127.0.0.1:8545" },
		gateway: { type: "string", default: "http://127.0.0.1:8500" },
		prompt: { type: "string", default: "What is a kludge?" },
		"max-tokens": { type: "string", default: "32" },
		wait: { type: "string", default: "180" },
	},
});
if (args.model === undefined) {
	console.error("--model is missing: the number of a published model is expected");
	process.exit(1);
}
const model = BigInt(args.model);
const maxTokens = Number(args["max-tokens"]);

// The prompt is a blob: the chain carries its hash.
const request = {
	model: `weft-${model}`,
	messages: [{ role: "user", content: args.prompt }],
	max_tokens: maxTokens,
	temperature: 0,
};
const put = await fetch(`${args.gateway}/v1/blobs`, { method: "PUT", body: JSON.stringify(request) });
if (!put.ok) throw new Error(`the gateway refused the prompt: ${put.status} ${await put.text()}`);
const promptCid = `0x${(put.headers.get("location") ?? "").split("/").pop()}`;
console.log(`prompt ${promptCid}`);

const provider = new JsonRpcProvider(args.rpc, undefined, { pollingInterval: 200, cacheTimeout: -1 });
const wallet = new Wallet(CHARLETH, provider);
const { abi, bytecode } = JSON.parse(
	readFileSync(new URL("../artifacts/src/AskModel.sol/AskModel.json", import.meta.url)),
);
const contract = await new ContractFactory(abi, bytecode, wallet).deploy({ value: parseEther("50") });
await contract.waitForDeployment();
const address = await contract.getAddress();
const before = await provider.getBalance(address);

// A job costs at least something, even where tokens are free.
const price = (await contract.quote(model, 512, maxTokens)) + 1_000_000_000n;
const started = performance.now();
const receipt = await (await contract.ask(model, promptCid, maxTokens, price, 100, 100)).wait();
const asked = receipt.logs
	.map((log) => (log.address === address ? contract.interface.parseLog(log) : null))
	.find((log) => log?.name === "Asked");
const job = asked.args.jobId;
console.log(`${address} submitted job ${job}, at most ${price} plancks`);

let found = await contract.answer(job);
while (!found.ready) {
	if (performance.now() - started > Number(args.wait) * 1000) {
		throw new Error(`no worker answered job ${job} within ${args.wait} s`);
	}
	await new Promise((resolve) => setTimeout(resolve, 500));
	found = await contract.answer(job);
}
console.log(`answered after ${((performance.now() - started) / 1000).toFixed(1)} s, ${found.tokensOut} tokens`);
const blob = await fetch(`${args.gateway}/v1/blobs/${found.answerCid.slice(2)}`);
if (!blob.ok) throw new Error(`the gateway has no answer ${found.answerCid}: ${blob.status}`);
const answer = await blob.json();
console.log(`\n${answer.choices[0].message.content}\n`);

const settled = await (await contract.settle(job)).wait();
const read = settled.logs
	.map((log) => (log.address === address ? contract.interface.parseLog(log) : null))
	.find((log) => log?.name === "Read");
console.log(`paid ${read.args.paid} plancks`);
const spent = before - (await provider.getBalance(address));
if (spent !== read.args.paid * 1_000_000n) {
	throw new Error(`the contract is short of ${spent} wei for ${read.args.paid} plancks`);
}
console.log("the rest of the price and the deposit came back to the contract");
provider.destroy();
