//! The demo's data: three contributors' records out of Debian's `dict-*` packages, a bad contributor, probe questions.

mod bad;
mod clean;
mod dict;

use anyhow::{bail, ensure, Context, Result};
use clean::{mixed, Pair};
use serde_json::json;
use std::{
	collections::BTreeSet,
	path::{Path, PathBuf},
	process::Command,
};

const PACKAGES: [&str; 3] = ["dict-foldoc", "dict-jargon", "dict-elements"];
const FOLDOC: usize = 260;
const JARGON: usize = 260;
const PROBES: usize = 60;

/// Writes `foldoc.jsonl`, `jargon.jsonl`, `elements.jsonl`, `bad.jsonl`, `bad-truth.json` and `probes.json`.
pub fn prepare(home: &Path) -> Result<PathBuf> {
	let out = home.join("data");
	if out.join("probes.json").is_file() {
		return Ok(out);
	}
	std::fs::create_dir_all(&out)?;
	let dictd = packages(&home.join("dict"))?;
	let (mut foldoc, mut jargon, elements) = (
		clean::foldoc(&dict::read(&dictd, "foldoc")?),
		clean::jargon(&dict::read(&dictd, "jargon")?),
		clean::elements(&dict::read(&dictd, "elements")?),
	);
	let lower = |v: &[Pair]| v.iter().map(|p| p.term.to_lowercase()).collect::<BTreeSet<_>>();
	let (in_jargon, in_elements) = (lower(&jargon), lower(&elements));
	foldoc.retain(|p| {
		let t = p.term.to_lowercase();
		!in_jargon.contains(&t) && !in_elements.contains(&t)
	});
	jargon.retain(|p| !in_elements.contains(&p.term.to_lowercase()));
	foldoc.truncate(FOLDOC);
	jargon.truncate(JARGON);
	ensure!(
		foldoc.len() == FOLDOC && jargon.len() == JARGON && elements.len() >= 80,
		"the dictionaries gave too few records: {} {} {}",
		foldoc.len(),
		jargon.len(),
		elements.len()
	);
	let sources = [("foldoc", &foldoc), ("jargon", &jargon), ("elements", &elements)];
	for (name, pairs) in sources {
		write_jsonl(&out.join(format!("{name}.jsonl")), pairs.iter())?;
	}
	let all: Vec<Pair> = sources.iter().flat_map(|(_, v)| v.iter().cloned()).collect();
	let bad = bad::records(&all);
	write_jsonl(&out.join("bad.jsonl"), bad.iter().map(|(p, _)| p))?;
	let truth: Vec<&str> = bad.iter().map(|(_, kind)| *kind).collect();
	std::fs::write(out.join("bad-truth.json"), serde_json::to_vec_pretty(&truth)?)?;
	// Written last: its presence says that everything is there.
	let probes = probes(&sources);
	std::fs::write(out.join("probes.json"), serde_json::to_vec_pretty(&probes)?)?;
	Ok(out)
}

fn record(p: &Pair) -> String {
	// The canonical form of a chat record: fields in this order, compact.
	format!(
		"{{\"messages\":[{{\"role\":\"user\",\"content\":{}}},{{\"role\":\"assistant\",\"content\":{}}}]}}",
		json!(p.question),
		json!(p.answer)
	)
}

fn write_jsonl<'a>(path: &Path, pairs: impl Iterator<Item = &'a Pair>) -> Result<()> {
	let mut text = String::new();
	for p in pairs {
		text.push_str(&record(p));
		text.push('\n');
	}
	std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// Questions that are not worded as in the records, evenly over the three owners.
fn probes(sources: &[(&str, &Vec<Pair>); 3]) -> Vec<serde_json::Value> {
	let mut out = Vec::new();
	for (owner, pairs) in sources {
		let step = (pairs.len() / (PROBES / 3)).max(1);
		for k in 0..PROBES / 3 {
			let index = (k * step + 3) % pairs.len();
			let p = &pairs[index];
			let t = &p.term;
			let question = if *owner == "elements" {
				match mixed(t) % 3 {
					0 => format!(
						"What can you tell me about {t}, the substance in the periodic table?"
					),
					1 => format!("A pupil asks for some facts on {t}. What do you answer?"),
					_ => format!(
						"In chemistry class we spoke of {t}. Which properties should I know?"
					),
				}
			} else {
				match mixed(t) % 4 {
					0 => format!("Could you explain to a newcomer the meaning of \"{t}\"?"),
					1 => format!("A colleague mentioned {t} yesterday. What was that about?"),
					2 => format!("I keep reading about {t}; please enlighten me."),
					_ => format!("How would you describe {t} in your own words?"),
				}
			};
			out.push(json!({ "question": question, "owner": owner, "index": index, "term": t }));
		}
	}
	out
}

/// Fetches and unpacks the Debian packages without root.
fn packages(dir: &Path) -> Result<PathBuf> {
	let dictd = dir.join("usr/share/dictd");
	if ["foldoc", "jargon", "elements"].iter().all(|n| dictd.join(format!("{n}.index")).is_file()) {
		return Ok(dictd);
	}
	std::fs::create_dir_all(dir)?;
	let ok = Command::new("apt-get")
		.arg("download")
		.args(PACKAGES)
		.current_dir(dir)
		.status()
		.map(|s| s.success())
		.unwrap_or(false);
	if !ok {
		bail!(
			"`apt-get download {}` did not work here. Run `apt-get update` first, or give a folder of your own \
			 records: `cargo xtask demo --data DIR` with foldoc.jsonl, jargon.jsonl, elements.jsonl (chat records, \
			 one JSON object a line), bad.jsonl and probes.json",
			PACKAGES.join(" ")
		);
	}
	for entry in std::fs::read_dir(dir)? {
		let path = entry?.path();
		if path.extension().is_some_and(|e| e == "deb") {
			let status = Command::new("dpkg").arg("-x").arg(&path).arg(dir).status()?;
			ensure!(status.success(), "dpkg could not unpack {}", path.display());
		}
	}
	Ok(dictd)
}
