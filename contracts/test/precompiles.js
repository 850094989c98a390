const assert = require("node:assert");
const { ethers, network } = require("hardhat");
const { revertOf } = require("./reverts");

// Only a Weft node has the precompiles.
(network.name === "weft" ? describe : describe.skip)("The precompiles", () => {
	const NO_MODEL = 2n ** 64n - 1n;
	const HASH = ethers.id("nothing");
	const says = (contract, text) => (error) => {
		assert.match(revertOf(contract, error), text);
		return true;
	};

	it("name an Ethereum account as the chain does", async () => {
		const [signer] = await ethers.getSigners();
		const earnings = await ethers.getContractAt("IEarnings", "0x0000000000000000000000000000000009040000");
		assert.equal(
			await earnings.accountOf(signer.address),
			`${signer.address.toLowerCase()}${"ee".repeat(12)}`,
		);
		assert.equal((await earnings.ledger(HASH)).received, 0n);
	});

	it("say by name what does not exist", async () => {
		const models = await ethers.getContractAt("IModels", "0x0000000000000000000000000000000009020000");
		await assert.rejects(models.getModel(NO_MODEL), says(models, /getModel: \w*NotFound/));
	});

	it("are called by contracts: AskModel asks no model that is not there", async () => {
		const AskModel = await ethers.getContractFactory("AskModel");
		const ask = await AskModel.deploy({ value: ethers.parseEther("10") });
		await ask.waitForDeployment();
		await assert.rejects(
			ask.ask.staticCall(NO_MODEL, HASH, 16, 1_000_000n, 10, 10),
			says(ask, /getModel: \w*NotFound/),
		);
		const before = await ethers.provider.getBalance(await ask.getAddress());
		assert.ok(before > 0n && before <= ethers.parseEther("10"));
		await (await ask.withdraw(ethers.parseEther("5"))).wait();
		assert.equal(await ethers.provider.getBalance(await ask.getAddress()), before - ethers.parseEther("5"));
		const other = ask.connect((await ethers.getSigners())[1]);
		await assert.rejects(other.withdraw.staticCall(1n), says(ask, /OnlyOwner/));
	});

	it("are called by contracts: a guild knows its account and pays nothing that was not earned", async () => {
		const [one, two] = await ethers.getSigners();
		const Guild = await ethers.getContractFactory("ContributeAndClaim");
		const guild = await Guild.deploy([one.address, two.address], [1n, 3n]);
		await guild.waitForDeployment();
		const address = (await guild.getAddress()).toLowerCase();
		assert.equal(await guild.account(), `${address}${"ee".repeat(12)}`);
		await assert.rejects(guild.take.staticCall(), says(guild, /NothingToTake/));
		await assert.rejects(guild.contribute.staticCall(2n ** 32n - 1n, HASH, 1, 10n, HASH), says(guild, /contribute: /));
		await assert.rejects(guild.claim.staticCall(HASH, 1n, 0, [], []), says(guild, /claim: /));
	});
});
