//! Unchanged clients against a running network.

use crate::{paths::Paths, setup};
use anyhow::{ensure, Context, Result};
use std::{
	io::{Read, Write},
	process::Command,
};

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

/// Whether the gateway lists a model.
fn served(model: &str) -> bool {
	let ask = || -> std::io::Result<String> {
		let mut s = std::net::TcpStream::connect(("127.0.0.1", 8500))?;
		s.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
		s.write_all(b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
		let mut text = String::new();
		s.read_to_string(&mut text)?;
		Ok(text)
	};
	ask().is_ok_and(|text| text.contains(&format!("\"{model}\"")))
}

/// Starts every client. The network must run (`cargo xtask up`).
pub fn run(paths: &Paths) -> Result<()> {
	ensure!(
		setup::works("node", &["--version"]) && setup::works("npm", &["--version"]),
		"node and npm (20 or newer) are needed for the Hardhat, viem and OpenAI clients"
	);
	let dir = paths.root.join("contracts");
	run_in(&dir, "npm", &["ci", "--no-audit", "--no-fund"])?;
	run_in(&dir, "npm", &["run", "clients"])?;
	if served("weft-0") {
		run_in(&dir, "node", &["clients/ask.mjs", "--model", "0"])?;
		run_in(&dir, "node", &["clients/contribute.mjs"])?;
		run_in(&dir, "node", &["clients/claim.mjs"])?;
	} else {
		println!("no model weft-0 is published here (run `cargo xtask demo` first); ask.mjs, contribute.mjs and claim.mjs were left out");
	}
	let venv = paths.home.join("clients-venv");
	if !venv.join("bin/python").is_file() {
		run_in(&paths.home, "python3", &["-m", "venv", &venv.to_string_lossy()])?;
	}
	let python = venv.join("bin/python").to_string_lossy().into_owned();
	run_in(&dir, &python, &["-m", "pip", "install", "--quiet", "openai==2.*"])?;
	run_in(&dir, &python, &["clients/openai_stream.py"])
}
