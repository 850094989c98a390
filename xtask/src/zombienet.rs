//! Validators as child processes: finality, a contribution seen everywhere, one validator killed.

use crate::{checks, paths::Paths, setup};
use anyhow::{ensure, Context, Result};
use std::process::Command;

pub fn run(paths: &Paths) -> Result<()> {
	setup::build_tools()?;
	checks::build(paths)?;
	let status = Command::new(paths.program("weft"))
		.arg("zombienet")
		.arg("--node")
		.arg(paths.program("weft-node"))
		.arg("--dir")
		.arg(paths.home.join("zombienet"))
		.status()
		.context("starting weft zombienet")?;
	ensure!(
		status.success(),
		"the validators' test failed; logs are in {}",
		paths.home.join("zombienet").display()
	);
	Ok(())
}
