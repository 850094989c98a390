// An Ethereum account claims earnings through the earnings precompile, for whoever has something to claim: the money goes
// to the one who earned it.
//   node clients/claim.mjs [--rpc http://127.0.0.1:8545] [--gateway http://127.0.0.1:8500] [--job 0] [--wait 180]
// Needs a running network on which a worker earned something; the worker is the one that ran the job. Where everything is
// claimed already it waits for money that is still on its way (a settlement and its challenge window, as after ask.mjs).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { Contract, JsonRpcProvider, Wallet, getBytes, hexlify } from "ethers";
import { sumProof } from "../scripts/hashes.mjs";

const { ETHAN } = createRequire(import.meta.url)("../scripts/accounts.js");
const { values: args } = parseArgs({
	options: {
		rpc: { type: "string", default: "http://127.0.0.1:8545" },
		gateway: { type: "string", default: "http://127.0.0.1:8500" },
		job: { type: "string", default: "0" },
		wait: { type: "string", default: "180" },
	},
});
const provider = new JsonRpcProvider(args.rpc, undefined, { pollingInterval: 200, cacheTimeout: -1 });
const wallet = new Wallet(ETHAN, provider);
const at = (name, address) => {
	const file = new URL(`../artifacts/src/interfaces/${name}.sol/${name}.json`, import.meta.url);
	return new Contract(address, JSON.parse(readFileSync(file)).abi, wallet);
};
const jobs = at("IJobs", "0x0000000000000000000000000000000009030000");
const earnings = at("IEarnings", "0x0000000000000000000000000000000009040000");

const worker = (await jobs.getJob(args.job))[1];

// The newest tree that can be claimed against, and whether one is to come.
async function tree() {
	const ledger = await earnings.ledger(worker);
	const coming = ledger.unallotted > 0n || ledger.pending > 0n;
	if (ledger.currentEpoch === 0n) return { ledger, coming, leaves: [], open: false };
	const blob = await fetch(`${args.gateway}/v1/blobs/${ledger.currentLeaves.slice(2)}`);
	if (!blob.ok) throw new Error(`the gateway has no leaves: ${blob.status}`);
	const leaves = (await blob.json()).map((l) => ({
		account: getBytes(`0x${l.account}`),
		cumulative: BigInt(l.cumulative),
	}));
	const paid = await Promise.all(leaves.map((l) => earnings.claimed(worker, l.account)));
	return { ledger, coming, leaves, open: leaves.some((l, i) => l.cumulative > paid[i]) };
}

const until = performance.now() + Number(args.wait) * 1000;
let now = await tree();
while (!now.open && now.coming && performance.now() < until) {
	await new Promise((resolve) => setTimeout(resolve, 2000));
	now = await tree();
}
if (!now.open) throw new Error(now.coming ? `nothing can be claimed within ${args.wait} s` : "everything is claimed");
const { ledger, leaves } = now;
let done = 0;
for (const [index, leaf] of leaves.entries()) {
	const paid = await earnings.claimed(worker, leaf.account);
	if (leaf.cumulative <= paid) continue;
	const proof = sumProof(leaves, index);
	const receipt = await (
		await earnings.claim(
			worker,
			leaf.account,
			leaf.cumulative,
			index,
			proof.map((p) => hexlify(p.hash)),
			proof.map((p) => p.sum),
		)
	).wait();
	if ((await earnings.claimed(worker, leaf.account)) !== leaf.cumulative) throw new Error("the claim was not booked");
	console.log(`${hexlify(leaf.account)} was paid ${leaf.cumulative - paid} plancks in block ${receipt.blockNumber}`);
	done += 1;
}
console.log(`${done} of ${leaves.length} leaves claimed by ${wallet.address}, epoch ${ledger.currentEpoch}`);
provider.destroy();
