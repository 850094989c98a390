const assert = require("node:assert");
const { ethers, network } = require("hardhat");
const { revertOf } = require("./reverts");

// Runs on Hardhat's own network and, with `--network weft`, on a real Weft node.
describe(`Counter on ${network.name}`, () => {
	let counter;

	before(async () => {
		const Counter = await ethers.getContractFactory("Counter");
		counter = await Counter.deploy(5n);
		await counter.waitForDeployment();
	});

	it("starts where its constructor said", async () => {
		assert.equal(await counter.value(), 5n);
	});

	it("counts and says so in an event", async () => {
		const receipt = await (await counter.increment(3n)).wait();
		assert.equal(receipt.status, 1);
		assert.equal(await counter.value(), 8n);
		const [signer] = await ethers.getSigners();
		const [event] = await counter.queryFilter("Incremented", receipt.blockNumber);
		assert.equal(event.args.by, signer.address);
		assert.equal(event.args.value, 8n);
		assert.equal(event.transactionHash, receipt.hash);
	});

	it("refuses too much with a typed error, before a transaction is paid for", async () => {
		await assert.rejects(counter.increment.staticCall(2000n), (error) => {
			assert.match(revertOf(counter, error), /TooLarge\(2000, 1000\)/);
			return true;
		});
		await assert.rejects(counter.increment.staticCall(0n), /by must be positive/);
		assert.equal(await counter.value(), 8n);
	});

	it("keeps a failed transaction's receipt, with status 0 and no effect", async function () {
		if (network.name === "hardhat") this.skip(); // Hardhat's network throws instead
		const tx = await counter.increment(2000n, { gasLimit: 2_000_000n });
		await assert.rejects(tx.wait(), /reverted/);
		const receipt = await ethers.provider.getTransactionReceipt(tx.hash);
		assert.equal(receipt.status, 0);
		assert.equal(receipt.logs.length, 0);
		assert.equal(await counter.value(), 8n);
	});

	it("takes several transactions in one go", async () => {
		const [signer] = await ethers.getSigners();
		const first = await signer.getNonce("pending");
		const sent = [];
		for (let i = 0; i < 5; i++) sent.push(await counter.increment(1n, { nonce: first + i }));
		await Promise.all(sent.map((tx) => tx.wait()));
		assert.equal(await counter.value(), 13n);
	});
});
