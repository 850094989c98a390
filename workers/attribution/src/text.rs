//! Words as search, duplicates and spans see them.

/// Lower-case runs of letters and digits.
pub fn words(text: &str) -> Vec<String> {
	text.split(|c: char| !c.is_alphanumeric())
		.filter(|w| !w.is_empty())
		.map(str::to_lowercase)
		.collect()
}
