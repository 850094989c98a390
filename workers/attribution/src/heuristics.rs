//! What the characters of a text give away without a model.

use crate::text::words;
use std::collections::HashMap;

/// Something wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
	/// Not the characters of a language.
	Gibberish,
	/// The same over and over.
	Repetition,
	/// Advertising.
	Advert,
}

/// Phrases of advertisements with their weight; 3 points make an advert.
const ADVERT: [(&str, u32); 48] = [
	("click here", 3),
	("buy now", 3),
	("order now", 3),
	("order today", 2),
	("limited time", 2),
	("limited offer", 3),
	("special offer", 2),
	("act now", 2),
	("call now", 2),
	("sign up", 1),
	("subscribe", 1),
	("free shipping", 3),
	("free trial", 2),
	("for free", 1),
	("discount", 2),
	("promo code", 3),
	("coupon", 2),
	("% off", 3),
	("best price", 2),
	("lowest price", 2),
	("cheap", 1),
	("deal", 1),
	("sale", 1),
	("money back", 2),
	("guarantee", 1),
	("casino", 2),
	("jackpot", 2),
	("bonus", 1),
	("winner", 1),
	("congratulations", 1),
	("viagra", 3),
	("weight loss", 2),
	("lose weight", 2),
	("make money", 2),
	("earn money", 2),
	("work from home", 2),
	("crypto", 1),
	("invest", 1),
	("loan", 1),
	("visit our", 2),
	("our website", 1),
	("our shop", 2),
	("follow us", 2),
	("dm me", 2),
	("whatsapp", 2),
	("100% ", 1),
	("http://", 1),
	("https://", 1),
];

/// Letters that follow each other too rarely in European languages to stand in many words.
fn odd_pairs(word: &[char]) -> usize {
	const RARE: [&str; 60] = [
		"bq", "bx", "cj", "cv", "cx", "dx", "fq", "fv", "fx", "fz", "gq", "gv", "gx", "hx", "hv",
		"jb", "jc", "jd", "jf", "jg", "jh", "jk", "jl", "jm", "jn", "jp", "jq", "jr", "jt", "jv",
		"jw", "jx", "jz", "kq", "kx", "kz", "lq", "lx", "mx", "mz", "pq", "pv", "pz", "qb", "qc",
		"qd", "qf", "qg", "qh", "qj", "qk", "qm", "qw", "qz", "vq", "vx", "wq", "wx", "xj", "zx",
	];
	word.windows(2).filter(|w| RARE.contains(&w.iter().collect::<String>().as_str())).count()
}

fn is_vowel(c: char) -> bool {
	matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y') || (c.is_alphabetic() && !c.is_ascii())
}

/// Keyboard rows; a run of neighbours on one of them is a slip of the hand, not a word.
fn keyboard_run(word: &str) -> bool {
	const ROWS: [&str; 6] =
		["qwertyuiop", "asdfghjkl", "zxcvbnm", "poiuytrewq", "lkjhgfdsa", "mnbvcxz"];
	let letters: Vec<char> = word.chars().collect();
	letters.windows(4).any(|w| {
		let run: String = w.iter().collect();
		run != "were" && ROWS.iter().any(|row| row.contains(&run))
	})
}

/// Whether a lower-case word without digits looks like none of a language.
fn strange(word: &str) -> bool {
	let letters: Vec<char> = word.chars().collect();
	if letters.len() < 4 || !letters.iter().all(|c| c.is_ascii_alphabetic()) {
		return letters.len() > 30;
	}
	let vowels = letters.iter().filter(|c| is_vowel(**c)).count();
	let longest = letters.split(|c| is_vowel(*c)).map(<[char]>::len).max().unwrap_or(0);
	vowels == 0
		|| longest >= 6
		|| vowels * 6 < letters.len()
		|| odd_pairs(&letters) > 0
		|| keyboard_run(word)
		|| letters.len() > 30
}

fn gibberish(text: &str) -> bool {
	let visible = text.chars().filter(|c| !c.is_whitespace()).count();
	let letters = text.chars().filter(|c| c.is_alphabetic()).count();
	if visible >= 12 && letters * 2 < visible {
		return true;
	}
	// Acronyms are no words: whole words in capitals are left out.
	let plain: Vec<String> = text
		.split(|c: char| !c.is_alphanumeric())
		.filter(|w| {
			!w.is_empty() && w.chars().all(char::is_alphabetic) && w.chars().any(char::is_lowercase)
		})
		.map(str::to_lowercase)
		.collect();
	let long = plain.iter().filter(|w| w.chars().count() >= 4).count();
	if long == 0 {
		return false;
	}
	let odd = plain.iter().filter(|w| strange(w)).count();
	odd * 4 >= long && (odd >= 2 || long <= 2)
}

fn repetition(text: &str) -> bool {
	let words = words(text);
	let characters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
	let mut run = 1;
	for pair in characters.windows(2) {
		run = if pair[0] == pair[1] { run + 1 } else { 1 };
		// Capitals and digits repeat in hexadecimal numbers.
		if run >= 6 && pair[0].is_lowercase() || run >= 16 && pair[0].is_alphanumeric() {
			return true;
		}
	}
	if words.len() < 8 {
		return false;
	}
	let mut counts: HashMap<&str, usize> = HashMap::new();
	for word in &words {
		*counts.entry(word).or_default() += 1;
	}
	let most = counts.values().max().copied().unwrap_or(0);
	counts.len() * 3 < words.len() || most * 5 >= words.len() * 2
}

fn advert(text: &str) -> bool {
	let lower = text.to_lowercase();
	let phrases: u32 = ADVERT
		.iter()
		.filter(|(phrase, _)| {
			lower.match_indices(phrase).any(|(at, _)| {
				let before = lower[..at].chars().next_back();
				let after = lower[at + phrase.len()..].chars().next();
				let open = |c: Option<char>, edge: Option<char>| {
					!c.is_some_and(char::is_alphanumeric)
						|| !edge.is_some_and(char::is_alphanumeric)
				};
				open(before, phrase.chars().next()) && open(after, phrase.chars().next_back())
			})
		})
		.map(|(_, weight)| weight)
		.sum();
	let shouts = (text.matches('!').count().min(3) / 2) as u32;
	let prices = u32::from(lower.contains("only $") || lower.contains("just $"));
	phrases + shouts + prices * 2 >= 3
}

/// Everything found against a text.
pub fn findings(text: &str) -> Vec<Finding> {
	let mut out = Vec::new();
	if gibberish(text) {
		out.push(Finding::Gibberish);
	}
	if repetition(text) {
		out.push(Finding::Repetition);
	}
	if advert(text) {
		out.push(Finding::Advert);
	}
	out
}
