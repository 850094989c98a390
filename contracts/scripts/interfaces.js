// Copies the Solidity interfaces of the precompiles next to the contracts that import them.
// Hardhat compiles nothing from outside its source folder, and the precompiles keep the originals.
const fs = require("node:fs");
const path = require("node:path");

const FROM = path.resolve(__dirname, "../../precompiles");
const TO = path.resolve(__dirname, "../src/interfaces");

function copyInterfaces() {
	fs.mkdirSync(TO, { recursive: true });
	const copied = [];
	for (const folder of fs.readdirSync(FROM, { withFileTypes: true })) {
		if (!folder.isDirectory()) continue;
		for (const file of fs.readdirSync(path.join(FROM, folder.name))) {
			if (!/^I[A-Z].*\.sol$/.test(file)) continue;
			const text = fs.readFileSync(path.join(FROM, folder.name, file));
			const target = path.join(TO, file);
			// Left alone when unchanged, so that the compiler's cache holds.
			if (!fs.existsSync(target) || !fs.readFileSync(target).equals(text)) {
				fs.writeFileSync(target, text);
			}
			copied.push(file);
		}
	}
	for (const file of fs.readdirSync(TO)) {
		if (!copied.includes(file)) fs.rmSync(path.join(TO, file));
	}
	return copied;
}

module.exports = { copyInterfaces };

if (require.main === module) console.log(copyInterfaces().join("\n"));
