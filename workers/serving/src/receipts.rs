//! Receipts by id, in a folder.

use serde_json::Value;
use std::path::PathBuf;
use weft_store::parse_cid;

/// Receipts as they were returned with the answers, one file each.
pub struct Receipts {
	folder: PathBuf,
}

impl Receipts {
	/// Receipts in `folder`, which is created.
	pub fn open(folder: PathBuf) -> std::io::Result<Self> {
		std::fs::create_dir_all(&folder)?;
		Ok(Self { folder })
	}

	/// Keeps a receipt under its hash.
	pub async fn put(&self, id: &str, receipt: &Value) -> std::io::Result<()> {
		parse_cid(id).map_err(std::io::Error::other)?;
		let path = self.folder.join(format!("{id}.json"));
		let part = self.folder.join(format!("{id}.part"));
		tokio::fs::write(&part, serde_json::to_vec(receipt)?).await?;
		tokio::fs::rename(&part, &path).await
	}

	/// The receipt of that hash.
	pub async fn get(&self, id: &str) -> std::io::Result<Option<Value>> {
		if parse_cid(id).is_err() {
			return Ok(None);
		}
		match tokio::fs::read(self.folder.join(format!("{id}.json"))).await {
			Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
			Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
			Err(e) => Err(e),
		}
	}
}
