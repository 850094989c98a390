//! `cargo xtask`: everything a newcomer or CI runs.

mod data;

fn main() -> anyhow::Result<()> {
	let home = std::path::PathBuf::from(std::env::args().nth(1).unwrap_or_default());
	println!("{}", data::prepare(&home)?.display());
	Ok(())
}
