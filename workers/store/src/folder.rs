//! Folders as blobs: each file is a blob and a manifest names them.
//!
//! The manifest is canonical JSON sorted by name, so the same folder always has the same id,
//! whoever puts it.

use crate::{cid_hex, cid_of, parse_cid, Blobs, Cid, StoreError};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Files one folder may have.
pub const MAX_FILES: usize = 1024;
/// Bytes a manifest may have.
pub const MAX_MANIFEST: u64 = 1 << 20;

/// One file of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
	/// Path inside the folder, with `/`.
	pub name: String,
	/// Content id of the file.
	pub cid: String,
	/// Its size.
	pub bytes: u64,
}

/// `{"kind":"folder","files":[..]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderManifest {
	/// Always `folder`.
	pub kind: String,
	/// The files, sorted by name.
	pub files: Vec<FileEntry>,
}

/// Whether a name stays inside the folder it is written to, on any system.
fn name_is_safe(name: &str) -> bool {
	!name.is_empty()
		&& name.len() <= 255
		&& name.split('/').all(|part| {
			!part.is_empty()
				&& part != "."
				&& part != ".."
				&& !part.chars().any(|c| c.is_control() || matches!(c, '\\' | ':'))
		})
}

impl FolderManifest {
	/// Sorts the entries and checks them.
	pub fn new(mut files: Vec<FileEntry>) -> Result<Self, String> {
		files.sort_by(|a, b| a.name.cmp(&b.name));
		let manifest = Self { kind: "folder".into(), files };
		manifest.check()?;
		Ok(manifest)
	}

	/// Reads a manifest and checks it.
	pub fn parse(bytes: &[u8]) -> Result<Self, String> {
		let manifest: Self = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
		manifest.check()?;
		Ok(manifest)
	}

	fn check(&self) -> Result<(), String> {
		if self.kind != "folder" {
			return Err(format!("kind is `{}`, `folder` is expected", self.kind));
		}
		if self.files.is_empty() {
			return Err("it has no files".into());
		}
		if self.files.len() > MAX_FILES {
			return Err(format!("{} files, at most {MAX_FILES} are allowed", self.files.len()));
		}
		for file in &self.files {
			if !name_is_safe(&file.name) {
				return Err(format!("the file name {:?} is not a plain relative path", file.name));
			}
			parse_cid(&file.cid).map_err(|e| format!("{}: {e}", file.name))?;
		}
		for pair in self.files.windows(2) {
			if let [a, b] = pair {
				if a.name >= b.name {
					return Err(format!("the files are not sorted by name at {:?}", b.name));
				}
			}
		}
		Ok(())
	}

	/// The canonical bytes, whose hash is the folder's id.
	pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
		serde_json::to_vec(self).map_err(|e| e.to_string())
	}

	/// The folder's id.
	pub fn cid(&self) -> Result<Cid, String> {
		Ok(cid_of(&self.to_bytes()?))
	}

	/// Bytes of all files together.
	pub fn total(&self) -> u64 {
		self.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
	}
}

/// Puts every regular file of `folder` (hidden ones left out) and its manifest; returns the
/// manifest's id.
pub async fn put_folder(blobs: &dyn Blobs, folder: &Path) -> Result<Cid, StoreError> {
	let bad = |why: String| StoreError::BadManifest { id: folder.display().to_string(), why };
	let mut files = Vec::new();
	for (name, path) in walk(folder).await? {
		if files.len() >= MAX_FILES {
			return Err(bad(format!("more than {MAX_FILES} files")));
		}
		let cid = blobs.put_file(&path).await?;
		let bytes = tokio::fs::metadata(&path).await.map_err(|e| StoreError::file(&path, e))?.len();
		files.push(FileEntry { name, cid: cid_hex(&cid), bytes });
	}
	let manifest = FolderManifest::new(files).map_err(bad)?;
	blobs.put(Bytes::from(manifest.to_bytes().map_err(bad)?)).await
}

async fn walk(folder: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
	let mut found = Vec::new();
	let mut open = vec![(String::new(), folder.to_owned())];
	while let Some((prefix, dir)) = open.pop() {
		let mut entries = tokio::fs::read_dir(&dir).await.map_err(|e| StoreError::file(&dir, e))?;
		while let Some(entry) = entries.next_entry().await.map_err(|e| StoreError::file(&dir, e))? {
			let name = entry.file_name().to_string_lossy().into_owned();
			if name.starts_with('.') {
				continue;
			}
			let path = entry.path();
			let kind = entry.file_type().await.map_err(|e| StoreError::file(&path, e))?;
			if kind.is_dir() {
				open.push((format!("{prefix}{name}/"), path));
			} else if kind.is_file() {
				found.push((format!("{prefix}{name}"), path));
			}
		}
	}
	Ok(found)
}

/// Reads and checks the manifest of a folder.
pub async fn get_manifest(blobs: &dyn Blobs, cid: &Cid) -> Result<FolderManifest, StoreError> {
	let bad = |why: String| StoreError::BadManifest { id: cid_hex(cid), why };
	match blobs.size(cid).await? {
		None => return Err(StoreError::NotFound(cid_hex(cid))),
		Some(size) if size > MAX_MANIFEST => {
			return Err(bad(format!("{size} bytes, a manifest has at most {MAX_MANIFEST}")))
		}
		Some(_) => {}
	}
	FolderManifest::parse(&blobs.get(cid).await?).map_err(bad)
}

/// Writes the folder to `to` (created). Files that are there already with the right content are
/// not fetched again. Nothing of a bad manifest is written.
pub async fn get_folder(
	blobs: &dyn Blobs,
	cid: &Cid,
	to: &Path,
) -> Result<FolderManifest, StoreError> {
	let manifest = get_manifest(blobs, cid).await?;
	for file in &manifest.files {
		let id = parse_cid(&file.cid)?;
		let path = to.join(&file.name);
		if file_has(&path, &id, file.bytes).await {
			continue;
		}
		let size = blobs.get_to_file(&id, &path).await?;
		if size != file.bytes {
			return Err(StoreError::BadManifest {
				id: cid_hex(cid),
				why: format!("{} has {size} bytes, the manifest says {}", file.name, file.bytes),
			});
		}
	}
	Ok(manifest)
}

async fn file_has(path: &Path, cid: &Cid, bytes: u64) -> bool {
	match tokio::fs::metadata(path).await {
		Ok(meta) if meta.is_file() && meta.len() == bytes => {}
		_ => return false,
	}
	hash_file(path).await.is_ok_and(|(actual, _)| actual == *cid)
}

/// The content id and size of a file, without holding it in memory.
pub async fn hash_file(path: &Path) -> Result<(Cid, u64), StoreError> {
	use futures::TryStreamExt;
	let file = tokio::fs::File::open(path).await.map_err(|e| StoreError::file(path, e))?;
	let mut stream = tokio_util::io::ReaderStream::with_capacity(file, crate::CHUNK);
	let mut tally = crate::Tally::default();
	while let Some(piece) = stream.try_next().await.map_err(|e| StoreError::file(path, e))? {
		tally.update(&piece);
	}
	let size = tally.size();
	Ok((tally.cid(), size))
}
