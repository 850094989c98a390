//! Whether two indices say the same.

use super::{Index, DERIVED};
use sqlx::{sqlite::SqliteRow, Row};

/// A table in which two indices differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
	/// The table.
	pub table: String,
	/// Rows in the first.
	pub ours: usize,
	/// Rows in the second.
	pub theirs: usize,
	/// The first row that differs, from each side.
	pub first: (Option<String>, Option<String>),
}

/// Compares the events and everything derived from them, row by row.
pub async fn compare(ours: &Index, theirs: &Index) -> sqlx::Result<Vec<Difference>> {
	let mut found = Vec::new();
	for table in ["blocks", "events"].iter().chain(DERIVED) {
		let (a, b) = (rows(ours, table).await?, rows(theirs, table).await?);
		if a == b {
			continue;
		}
		let at = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
		found.push(Difference {
			table: (*table).to_owned(),
			ours: a.len(),
			theirs: b.len(),
			first: (a.get(at).cloned(), b.get(at).cloned()),
		});
	}
	Ok(found)
}

/// Every row of a table as text, in the order of its key.
async fn rows(index: &Index, table: &str) -> sqlx::Result<Vec<String>> {
	let columns: Vec<String> = sqlx::query(&format!("PRAGMA table_info({table})"))
		.fetch_all(index.pool())
		.await?
		.iter()
		.map(|row: &SqliteRow| row.try_get("name"))
		.collect::<Result<_, _>>()?;
	let text = format!("SELECT json_array({}) FROM {table} ORDER BY 1", columns.join(", "));
	sqlx::query_scalar(&text).fetch_all(index.pool()).await
}
