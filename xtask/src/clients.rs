//! Unchanged clients against a running network.

use crate::{paths::Paths, setup};
use anyhow::{ensure, Context, Result};
use std::process::Command;

fn run_in(dir: &std::path::Path, program: &str, args: &[&str]) -> Result<()> {
	println!("$ {program} {}", args.join(" "));
	let status = Command::new(program)
		.args(args)
		.current_dir(dir)
		.status()
		.with_context(|| format!("starting {program}"))?;
	ensure!(status.success(), "`{program} {}` failed", args.join(" "));
	Ok(())
}

pub fn run(paths: &Paths) -> Result<()> {
	ensure!(
		setup::works("node", &["--version"]) && setup::works("npm", &["--version"]),
		"node and npm (20 or newer) are needed for the Hardhat, viem and OpenAI clients"
	);
	let dir = paths.root.join("contracts");
	run_in(&dir, "npm", &["ci", "--no-audit", "--no-fund"])?;
	run_in(&dir, "npm", &["run", "clients"])?;
	let venv = paths.home.join("clients-venv");
	if !venv.join("bin/python").is_file() {
		run_in(&paths.home, "python3", &["-m", "venv", &venv.to_string_lossy()])?;
	}
	let python = venv.join("bin/python").to_string_lossy().into_owned();
	run_in(&dir, &python, &["-m", "pip", "install", "--quiet", "openai==2.*"])?;
	run_in(&dir, &python, &["clients/openai_stream.py"])
}
