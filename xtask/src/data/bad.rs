//! The records of the bad contributor: what curation must catch. Deterministic, so that every run is the same.

use super::clean::{mixed, Pair};

struct Lcg(u64);

impl Lcg {
	fn next(&mut self, below: usize) -> usize {
		self.0 =
			self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
		((self.0 >> 33) as usize) % below.max(1)
	}
}

/// Forty records: keyboard mash, advertising, shuffled words, near copies, exact copies.
pub fn records(good: &[Pair]) -> Vec<(Pair, &'static str)> {
	let mut r = Lcg(mixed("bad"));
	let mut out = Vec::new();
	let pick = |i: usize| good[(i * 37 + 11) % good.len()].clone();
	for _ in 0..8 {
		let mash = |r: &mut Lcg, n: usize| {
			(0..n)
				.map(|_| {
					let len = 3 + r.next(9);
					(0..len).map(|_| (b'a' + r.next(26) as u8) as char).collect::<String>()
				})
				.collect::<Vec<_>>()
				.join(" ")
		};
		let question = format!("{}?", mash(&mut r, 3));
		let answer = format!("{}.", mash(&mut r, 18));
		out.push((Pair { term: String::new(), question, answer }, "gibberish"));
	}
	for i in 0..8usize {
		let what = [
			"watches",
			"pills",
			"loans",
			"casino chips",
			"followers",
			"diplomas",
			"coins",
			"phones",
		][i];
		let answer = format!(
			"BUY CHEAP {} NOW!!! Best price 100% FREE shipping $$$ click here {} {} {} limited offer ACT NOW call 0800-{}{}!!!",
			what.to_uppercase(), what, what, what, 1000 + r.next(8999), 10 + r.next(89)
		);
		let question = format!("Where to buy cheap {what} online discount?");
		out.push((Pair { term: String::new(), question, answer }, "spam"));
	}
	for i in 0..8usize {
		let source = pick(i);
		let mut words: Vec<&str> = source.answer.split(' ').collect();
		for k in (1..words.len()).rev() {
			words.swap(k, r.next(k + 1));
		}
		let answer = words.join(" ");
		out.push((
			Pair { term: String::new(), question: source.question.clone(), answer },
			"shuffled",
		));
	}
	for i in 8..18usize {
		let source = pick(i);
		let answer = match i % 3 {
			0 => source.answer.replacen(" the ", " a ", 1) + " Indeed.",
			1 => format!("Well, {}", source.answer),
			_ => source.answer.replacen(" a ", " some ", 2).replacen(" of ", " from ", 1),
		};
		let question = source.question.replacen("What is", "Please say what is", 1);
		out.push((Pair { term: String::new(), question, answer }, "near-copy"));
	}
	for i in 18..24usize {
		let source = pick(i);
		out.push((source, "copy"));
	}
	out
}
