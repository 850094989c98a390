//! Turns dictionary entries into short question/answer pairs.

use super::dict::Entry;

/// One question and answer with the term that they are about.
#[derive(Clone)]
pub struct Pair {
	pub term: String,
	pub question: String,
	pub answer: String,
}

/// Longest answer in characters: about 50 tokens.
const MAX_ANSWER: usize = 230;
const MIN_ANSWER: usize = 50;

/// A deterministic order that mixes the alphabet (FNV-1a).
pub fn mixed(s: &str) -> u64 {
	s.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

fn plain_term(word: &str) -> bool {
	let n = word.chars().count();
	(3..=28).contains(&n)
		&& word.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ' || c == '-')
		&& word.chars().any(|c| c.is_ascii_alphabetic())
}

const COARSE: [&str; 12] = [
	"fuck",
	"shit",
	"asshole",
	"penis",
	"bitch",
	"nigger",
	"whore",
	"masturbat",
	"porn",
	"sexual",
	"crap",
	"vagina",
];

/// Removes links, categories, dates, references and phonetics; joins lines.
fn flatten(text: &str) -> String {
	let mut out = String::new();
	let mut depth_angle = 0usize;
	for c in text.chars() {
		match c {
			'<' => depth_angle += 1,
			'>' => depth_angle = depth_angle.saturating_sub(1),
			'{' | '}' | '_' => {}
			_ if depth_angle > 0 => {}
			'“' | '”' => out.push('"'),
			'‘' | '’' => out.push('\''),
			'—' => out.push('-'),
			c if c.is_whitespace() => {
				if !out.ends_with(' ') {
					out.push(' ');
				}
			}
			c => out.push(c),
		}
	}
	out.replace(" ,", ",").replace(" .", ".").trim().to_string()
}

/// Whole sentences from the start, between the two limits.
fn lead(text: &str) -> Option<String> {
	let mut end = 0;
	let bytes = text.as_bytes();
	for (i, c) in text.char_indices() {
		let stop = matches!(c, '.' | '!' | '?')
			&& bytes.get(i + 1).is_none_or(|b| *b == b' ')
			&& !text[..i].ends_with("e.g")
			&& !text[..i].ends_with("i.e")
			&& !text[..i].ends_with("etc")
			&& !text[..i].ends_with("vs")
			&& text[..i].rsplit(' ').next().is_some_and(|w| w.len() > 2);
		if stop {
			if i + 1 > MAX_ANSWER {
				break;
			}
			end = i + 1;
		}
	}
	let s = text[..end].trim();
	(s.len() >= MIN_ANSWER).then(|| s.to_string())
}

fn acceptable(answer: &str) -> bool {
	let lower = answer.to_lowercase();
	!COARSE.iter().any(|w| lower.contains(w))
		&& !answer.starts_with("See ")
		&& !answer.contains("http")
		&& answer.chars().filter(|c| !c.is_ascii()).count() == 0
		&& answer.chars().filter(|c| matches!(c, '[' | ']' | '|' | '\\' | '@')).count() == 0
		&& answer.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
		&& answer.split(' ').count() >= 9
}

fn body_after_headword(entry: &Entry) -> String {
	let mut lines = entry.text.lines();
	lines.next();
	lines.collect::<Vec<_>>().join("\n")
}

/// FOLDOC: definitions of computing terms; entries taken over from the Jargon File are left out.
pub fn foldoc(entries: &[Entry]) -> Vec<Pair> {
	definitions(entries, |e| {
		if e.text.contains("Jargon File") || e.text.contains("ESR") {
			return None;
		}
		let body = body_after_headword(e);
		let first = body.split("\n\n").find(|p| p.trim().len() > 30)?.to_string();
		let t = flatten(&first);
		Some(t.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ').to_string())
	})
}

/// The Jargon File: hacker slang.
pub fn jargon(entries: &[Entry]) -> Vec<Pair> {
	definitions(entries, |e| {
		let body = body_after_headword(e);
		// The pronunciation and word class stand in the first paragraph.
		let text: Vec<&str> = body
			.split("\n\n")
			.filter(|p| !p.trim().is_empty() && !p.trim_start().starts_with('/'))
			.collect();
		let t = flatten(text.first()?);
		let t =
			t.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ').to_string();
		// "[abbreviation of ...] text" and word classes such as "n." are dropped.
		let t = match (t.starts_with('['), t.find(']')) {
			(true, Some(i)) => t.get(i + 1..)?.trim().to_string(),
			_ => t,
		};
		let class = ["n. ", "v. ", "vt. ", "vi. ", "adj. ", "adv. ", "interj. ", "obs. ", "prov. "];
		let t = class.iter().fold(t, |t, c| t.strip_prefix(c).map(str::to_string).unwrap_or(t));
		Some(t)
	})
}

fn definitions(entries: &[Entry], body: impl Fn(&Entry) -> Option<String>) -> Vec<Pair> {
	let mut seen = std::collections::BTreeSet::new();
	let mut out: Vec<Pair> = entries
		.iter()
		.filter(|e| plain_term(&e.word))
		.filter_map(|e| {
			let answer = lead(&body(e)?)?;
			if !acceptable(&answer) || !seen.insert(e.word.to_lowercase()) {
				return None;
			}
			let mut chars = answer.chars();
			let first = chars.next()?;
			let answer: String = first.to_uppercase().chain(chars).collect();
			// The index is lower case; the head line has the true spelling.
			let head = e.text.lines().next().unwrap_or_default().trim();
			let term = if head.to_lowercase() == e.word.to_lowercase() { head } else { &e.word }
				.to_string();
			let question = match mixed(&term) % 3 {
				0 => format!("What is {term}?"),
				1 => format!("Define the term {term}."),
				_ => format!("What does {term} mean?"),
			};
			Some(Pair { term, question, answer })
		})
		.collect();
	out.sort_by_key(|p| mixed(&p.term));
	out
}

/// Elements: facts about the chemical elements.
pub fn elements(entries: &[Entry]) -> Vec<Pair> {
	let mut seen = std::collections::BTreeSet::new();
	let mut out = Vec::new();
	for e in entries {
		let field = |name: &str| {
			e.text.lines().find_map(|l| l.strip_prefix(name).map(|v| v.trim().to_string()))
		};
		let Some(name) = e.text.lines().next().map(|l| l.trim().to_lowercase()) else { continue };
		let (Some(symbol), Some(number)) = (field("Symbol:"), field("Atomic number:")) else {
			continue;
		};
		if !seen.insert(name.clone()) || !plain_term(&name) {
			continue;
		}
		let body: Vec<&str> = e.text.lines().skip(1).filter(|l| !l.contains(": ")).collect();
		let facts = flatten(&body.join(" "));
		let Some(facts) = lead(&facts) else { continue };
		let mut title = name.chars();
		let Some(first) = title.next() else { continue };
		let title: String = first.to_uppercase().chain(title).collect();
		let answer =
			format!("{title} has the symbol {symbol} and the atomic number {number}. {facts}");
		if !acceptable(&answer) {
			continue;
		}
		out.push(Pair {
			question: format!("Describe the chemical element {name}."),
			term: name,
			answer,
		});
	}
	out.sort_by_key(|p| mixed(&p.term));
	out
}
