//! Amounts as people write them.

use anyhow::{bail, Context, Result};

/// Plancks in one WEFT.
pub const WEFT: u128 = 1_000_000_000_000;

/// Parses an amount of WEFT with up to twelve decimals, such as `1.5`.
pub fn parse(text: &str) -> Result<u128> {
	let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
	if part.len() > 12
		|| (whole.is_empty() && part.is_empty())
		|| !whole.chars().chain(part.chars()).all(|c| c.is_ascii_digit())
	{
		bail!("`{text}` is not an amount; allowed: WEFT with up to twelve decimals, such as 1.5");
	}
	let padded = format!("{part:0<12}");
	let whole: u128 = if whole.is_empty() { 0 } else { whole.parse()? };
	whole
		.checked_mul(WEFT)
		.and_then(|w| w.checked_add(padded.parse().ok()?))
		.with_context(|| format!("`{text}` is larger than any amount on this chain"))
}

/// Writes plancks as WEFT, without trailing zeros.
pub fn show(plancks: u128) -> String {
	let part = format!("{:012}", plancks % WEFT);
	let part = part.trim_end_matches('0');
	if part.is_empty() {
		format!("{} WEFT", plancks / WEFT)
	} else {
		format!("{}.{part} WEFT", plancks / WEFT)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn an_amount_survives_being_written_and_read() {
		for n in [0, 1, WEFT, 15 * WEFT / 10, 123_456_789_012_345_678] {
			assert_eq!(parse(show(n).trim_end_matches(" WEFT")).unwrap(), n);
		}
	}

	#[test]
	fn a_wrong_amount_is_named_with_what_is_allowed() {
		for bad in ["", ".", "-1", "1e3", "0.0000000000001", "ten"] {
			let e = parse(bad).unwrap_err().to_string();
			assert!(e.contains("decimals"), "{bad}: {e}");
		}
	}
}
