// An Ethereum account contributes a record through the Datanets precompile and reads it back.
//   node clients/contribute.mjs [--rpc http://127.0.0.1:8545] [--gateway http://127.0.0.1:8500] [--datanet 0]
// Needs a running network with a Datanet. The hashes are those of `primitives/` (see primitives/vectors).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { Contract, JsonRpcProvider, Wallet, hexlify } from "ethers";
import { bytes, hash, le, tagged } from "../scripts/hashes.mjs";

const { DOROTHY } = createRequire(import.meta.url)("../scripts/accounts.js");
const { values: args } = parseArgs({
	options: {
		rpc: { type: "string", default: "http://127.0.0.1:8545" },
		gateway: { type: "string", default: "http://127.0.0.1:8500" },
		datanet: { type: "string", default: "0" },
	},
});

// One record in its canonical form; unlike any other run's, so that it is no duplicate.
const line = JSON.stringify({
	messages: [
		{ role: "user", content: `Which block did this client see at ${new Date().toISOString()}?` },
		{ role: "assistant", content: "One that a MetaMask account could have asked about, through plain Solidity." },
	],
});
const blob = bytes(`${line}\n`);
const leaf = tagged("weft/merkle/leaf/v1", [tagged("weft/record/v1", [bytes(line)])]);
const root = tagged("weft/merkle/root/v1", [le(1, 8), leaf]);

const put = await fetch(`${args.gateway}/v1/blobs`, { method: "PUT", body: blob });
if (!put.ok) throw new Error(`the gateway refused the blob: ${put.status} ${await put.text()}`);
const cid = hexlify(hash(blob));

const provider = new JsonRpcProvider(args.rpc, undefined, { pollingInterval: 200, cacheTimeout: -1 });
const wallet = new Wallet(DOROTHY, provider);
const { abi } = JSON.parse(
	readFileSync(new URL("../artifacts/src/interfaces/IDatanets.sol/IDatanets.json", import.meta.url)),
);
const datanets = new Contract("0x0000000000000000000000000000000009010000", abi, wallet);
const call = [Number(args.datanet), hexlify(root), 1, blob.length, cid];
const id = await datanets.contribute.staticCall(...call);
const receipt = await (await datanets.contribute(...call)).wait();
console.log(`${wallet.address} made contribution ${id} in block ${receipt.blockNumber}, ${receipt.logs.length} log(s)`);
const row = await datanets.getContribution(id);
if (row.root !== hexlify(root) || row.cid !== cid) throw new Error(`the chain has another root or cid: ${row}`);
if (!row.contributor.toLowerCase().startsWith(wallet.address.toLowerCase())) {
	throw new Error(`the contributor is ${row.contributor}`);
}
console.log(`read back: ${row.records} record, root ${row.root}`);
provider.destroy();
