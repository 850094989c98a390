//! Tests, specs, dependency checks, weights.

use crate::{data, paths::Paths, setup};
use anyhow::{ensure, Context, Result};
use std::process::Command;

/// Cargo, without the variables that `cargo run` gave this program.
///
/// Build scripts may watch them (`ring` watches `CARGO_PKG_NAME` and its like), so a cargo that inherits them
/// would compile everything above such a crate again, and so would the next cargo that a shell starts.
fn cargo_command() -> Command {
	let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
	for (name, _) in std::env::vars_os() {
		let Some(text) = name.to_str() else { continue };
		let given =
			["CARGO_PKG_", "CARGO_BIN_", "CARGO_MANIFEST_"].iter().any(|p| text.starts_with(p));
		if given
			|| ["CARGO", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&text)
		{
			command.env_remove(&name);
		}
	}
	command
}

/// Runs cargo in the workspace.
pub fn cargo(paths: &Paths, args: &[&str]) -> Result<()> {
	println!("$ cargo {}", args.join(" "));
	let status =
		cargo_command().args(args).current_dir(&paths.root).status().context("starting cargo")?;
	ensure!(status.success(), "`cargo {}` failed", args.join(" "));
	Ok(())
}

/// Builds every program with the one profile.
pub fn build(paths: &Paths) -> Result<()> {
	cargo(paths, &["build", "--workspace", "--locked"])
}

pub fn test(paths: &Paths) -> Result<()> {
	setup::build_tools()?;
	setup::model(paths)?;
	data::prepare(&paths.home)?;
	// Building first gives the tests the programs that they start, and shares every artefact with the demo.
	build(paths)?;
	if setup::works("cargo", &["nextest", "--version"]) {
		cargo(paths, &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])
	} else {
		cargo(
			paths,
			&["test", "--workspace", "--locked", "--lib", "--bins", "--tests", "--no-fail-fast"],
		)
	}
}

/// Makes the chain specs and the client's metadata, or compares them with what is committed.
pub fn specs(paths: &Paths, check: bool) -> Result<()> {
	let node = paths.program("weft-node");
	ensure!(node.is_file(), "{} is not built; run `cargo build -p weft-node`", node.display());
	let scratch = paths.home.join("specs");
	std::fs::create_dir_all(&scratch)?;
	let mut made = Vec::new();
	for chain in ["dev", "local"] {
		let out = Command::new(&node)
			.args(["export-chain-spec", "--chain", chain])
			.output()
			.context("running weft-node export-chain-spec")?;
		ensure!(
			out.status.success(),
			"weft-node export-chain-spec --chain {chain}: {}",
			String::from_utf8_lossy(&out.stderr)
		);
		let mut spec: serde_json::Value = serde_json::from_slice(&out.stdout)?;
		// The code is the build's own output and differs by compiler; its place in the spec stays visible.
		if let Some(code) = spec.pointer_mut("/genesis/runtimeGenesis/code") {
			*code =
				"0x (the runtime of this commit; `weft-node export-chain-spec` puts it in)".into();
		}
		made.push((
			format!("chain-specs/{chain}.json"),
			format!("{}\n", serde_json::to_string_pretty(&spec)?).into_bytes(),
		));
	}
	let metadata = scratch.join("metadata.scale");
	let ok =
		Command::new(&node).arg("export-metadata").arg("--out").arg(&metadata).status()?.success();
	ensure!(ok, "weft-node export-metadata failed");
	made.push(("workers/chain/metadata.scale".into(), std::fs::read(&metadata)?));
	for (name, bytes) in made {
		let path = paths.root.join(&name);
		if check {
			let committed =
				std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
			ensure!(
				committed == bytes,
				"{name} is not what the node makes; run `cargo xtask specs` and commit it"
			);
			println!("{name}: as the node makes it");
		} else {
			std::fs::write(&path, bytes)?;
			println!("wrote {name}");
		}
	}
	Ok(())
}

pub fn deny(paths: &Paths) -> Result<()> {
	let tools = paths.home.join("tools");
	let deny = tools.join("bin/cargo-deny");
	if !deny.is_file() {
		println!("set-up: installing cargo-deny: checks licences and sources of every dependency");
		let ok = Command::new("cargo")
			// Without optimisation: it compiles in a third of the time, and runs once.
			.args(["install", "cargo-deny", "--version", "0.20.2", "--locked", "--debug", "--root"])
			.arg(&tools)
			.env_remove("CARGO_TARGET_DIR")
			.current_dir(&paths.home)
			.status()?
			.success();
		ensure!(ok, "`cargo install cargo-deny` failed");
	}
	let status = Command::new(deny)
		.args(["check", "bans", "licenses", "sources"])
		.current_dir(&paths.root)
		.status()?;
	ensure!(status.success(), "cargo deny found something; see above");
	Ok(())
}

/// Builds a Wasm runtime that has the benchmarks and writes measured weights into the pallets.
///
/// Only the Wasm is built with them, in a folder of its own: the node runs any runtime it is given, and building the
/// node itself with `runtime-benchmarks` would compile most of the SDK a second time.
pub fn weights(paths: &Paths) -> Result<()> {
	setup::build_tools()?;
	build(paths)?;
	let target = paths.home.join("weights");
	let status = cargo_command()
		.args(["rustc", "-p", "weft-runtime", "--lib", "--crate-type", "cdylib", "--release"])
		.args(["--target", "wasm32v1-none", "--no-default-features", "--locked"])
		.args(["--features", "runtime-benchmarks"])
		// As substrate-wasm-builder builds the runtime that the chain runs.
		.env(
			"RUSTFLAGS",
			"-C target-cpu=mvp -C target-feature=-sign-ext,+mutable-globals -C link-arg=--export-table \
			 -C link-arg=--export=__heap_base --cfg substrate_runtime",
		)
		// The benchmarks of pallet-revive, which are not run here, would need a compiler for its contracts.
		.env("SKIP_PALLET_REVIVE_FIXTURES", "1")
		.env("CARGO_TARGET_DIR", &target)
		.current_dir(&paths.root)
		.status()
		.context("starting cargo")?;
	ensure!(status.success(), "the runtime with benchmarks does not build; see above");
	let runtime = target.join("wasm32v1-none/release/weft_runtime.wasm");
	for pallet in ["datanets", "models", "workers", "jobs", "attribution"] {
		let out = paths.root.join(format!("pallets/{pallet}/src/weights.rs"));
		let status = Command::new(paths.program("weft-node"))
			.args(["benchmark", "pallet", "--genesis-builder", "runtime", "--extrinsic", "*"])
			.args(["--pallet", &format!("pallet_{pallet}"), "--steps", "20", "--repeat", "10"])
			.arg("--runtime")
			.arg(&runtime)
			.arg("--template")
			.arg(paths.root.join("docs/weights.hbs"))
			.arg("--output")
			.arg(&out)
			.status()?;
		ensure!(status.success(), "the benchmarks of pallet-{pallet} failed");
		println!("wrote {}", out.display());
	}
	Ok(())
}
