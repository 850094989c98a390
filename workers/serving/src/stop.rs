//! Stop strings in a stream of text.

/// Holds back text that may become a stop string, so that none of it reaches the client.
#[derive(Debug, Default)]
pub struct StopMatcher {
	stops: Vec<String>,
	held: String,
}

impl StopMatcher {
	/// Watches for any of `stops`.
	pub fn new(stops: Vec<String>) -> Self {
		Self { stops: stops.into_iter().filter(|s| !s.is_empty()).collect(), held: String::new() }
	}

	/// Adds text; returns what may be shown and whether a stop string was met.
	pub fn push(&mut self, text: &str) -> (String, bool) {
		if self.stops.is_empty() {
			return (text.to_owned(), false);
		}
		self.held.push_str(text);
		let hit = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
		if let Some(at) = hit {
			self.held.truncate(at);
			return (std::mem::take(&mut self.held), true);
		}
		// The longest end of the text that begins a stop string.
		let keep = self
			.held
			.char_indices()
			.map(|(at, _)| at)
			.find(|at| self.stops.iter().any(|stop| stop.starts_with(&self.held[*at..])))
			.unwrap_or(self.held.len());
		let rest = self.held.split_off(keep);
		(std::mem::replace(&mut self.held, rest), false)
	}

	/// What was held back when the answer ends without a stop string.
	pub fn finish(&mut self) -> String {
		std::mem::take(&mut self.held)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn run(stops: &[&str], pieces: &[&str]) -> (String, bool) {
		let mut matcher = StopMatcher::new(stops.iter().map(|s| s.to_string()).collect());
		let mut shown = String::new();
		for piece in pieces {
			let (text, stop) = matcher.push(piece);
			shown.push_str(&text);
			if stop {
				return (shown, true);
			}
		}
		shown.push_str(&matcher.finish());
		(shown, false)
	}

	#[test]
	fn a_stop_string_split_over_pieces_is_found_and_not_shown() {
		assert_eq!(run(&["\nUser:"], &["Hello", "\nUs", "er", ": hi"]), ("Hello".into(), true));
		assert_eq!(run(&["END"], &["EEN", "ND"]), ("EENND".into(), false));
		assert_eq!(run(&["END"], &["EE", "ND", "x"]), ("E".into(), true));
	}

	#[test]
	fn text_that_only_begins_like_a_stop_string_is_shown() {
		assert_eq!(run(&["\nUser:"], &["a\nUs", "ual"]), ("a\nUsual".into(), false));
		assert_eq!(run(&["é!"], &["caf", "é", "?"]), ("café?".into(), false));
	}

	#[test]
	fn the_first_of_several_stop_strings_wins() {
		assert_eq!(run(&["b", "ab"], &["xab"]), ("x".into(), true));
		assert_eq!(run(&[], &["xab"]), ("xab".into(), false));
	}
}
