//! What can go wrong with a blob, said so that the reader knows which one and what to do.

use crate::{cid_hex, Cid};
use std::path::Path;

/// An error of the store or of a gateway in front of one.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
	/// Text that is not a content id.
	#[error("`{0}` is not a content id: 64 lower-case hex digits are expected")]
	BadId(String),
	/// No such blob.
	#[error("blob {0} is not in the store")]
	NotFound(String),
	/// The stored bytes are not what their name says.
	#[error(
		"blob {id} is corrupt: its bytes hash to {actual}. They were not returned; put the \
		 original again to repair it"
	)]
	Corrupt {
		/// The id asked for.
		id: String,
		/// What the bytes hash to.
		actual: String,
	},
	/// The bytes sent are not those announced.
	#[error("the bytes hash to {actual}, not to the announced {expected}; nothing was stored")]
	WrongHash {
		/// The id announced.
		expected: String,
		/// The id of the bytes received.
		actual: String,
	},
	/// Above the limit of the store.
	#[error("the blob is larger than the limit of {limit} bytes; nothing was stored")]
	TooLarge {
		/// The most a blob may have.
		limit: u64,
	},
	/// A range outside the blob.
	#[error("range {start}..{end} does not lie in blob {id}, which has {size} bytes")]
	BadRange {
		/// The blob.
		id: String,
		/// First byte asked for.
		start: u64,
		/// One past the last byte asked for.
		end: u64,
		/// The blob's size.
		size: u64,
	},
	/// No such upload.
	#[error("upload `{0}` is unknown: it never existed, was cancelled, or expired")]
	UploadNotFound(String),
	/// The upload is at another offset.
	#[error("the upload is at offset {expected}, but the bytes sent start at {given}")]
	WrongOffset {
		/// Where the next bytes must start.
		expected: u64,
		/// Where they were said to start.
		given: u64,
	},
	/// More bytes than announced.
	#[error("more bytes were sent than the announced length of {length}; the surplus was dropped")]
	BeyondLength {
		/// The announced length.
		length: u64,
	},
	/// Someone else is writing to the upload.
	#[error("upload `{0}` is being written by another request; retry when that has ended")]
	UploadBusy(String),
	/// The sender broke off; what arrived is kept.
	#[error("the sender broke off: {0}. What arrived is kept; resume at the offset of the upload")]
	Interrupted(String),
	/// A folder manifest that cannot be used.
	#[error("folder manifest {id}: {why}")]
	BadManifest {
		/// The manifest's id, or the folder's path when putting.
		id: String,
		/// What is wrong.
		why: String,
	},
	/// The address of a store that cannot be opened.
	#[error("cannot open the blob store `{url}`: {why}")]
	Open {
		/// The address given.
		url: String,
		/// What is wrong.
		why: String,
	},
	/// A file on this machine.
	#[error("{path}: {source}")]
	File {
		/// The file.
		path: String,
		/// What the system says.
		source: std::io::Error,
	},
	/// Reading or writing bytes failed.
	#[error(transparent)]
	Io(#[from] std::io::Error),
	/// The store behind failed.
	#[error("the blob store failed: {0}")]
	Backend(#[from] object_store::Error),
	/// The gateway could not be reached or answered with an error.
	#[error("gateway {url}: {why}")]
	Http {
		/// The address asked.
		url: String,
		/// What it said.
		why: String,
	},
}

impl StoreError {
	pub(crate) fn corrupt(id: &Cid, actual: &Cid) -> Self {
		Self::Corrupt { id: cid_hex(id), actual: cid_hex(actual) }
	}

	pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
		Self::File { path: path.display().to_string(), source }
	}

	/// A short stable word for API clients.
	pub fn code(&self) -> &'static str {
		match self {
			Self::BadId(_) => "bad_id",
			Self::NotFound(_) => "blob_not_found",
			Self::Corrupt { .. } => "blob_corrupt",
			Self::WrongHash { .. } => "wrong_hash",
			Self::TooLarge { .. } => "too_large",
			Self::BadRange { .. } => "bad_range",
			Self::UploadNotFound(_) => "upload_not_found",
			Self::WrongOffset { .. } => "wrong_offset",
			Self::BeyondLength { .. } => "beyond_length",
			Self::UploadBusy(_) => "upload_busy",
			Self::Interrupted(_) => "interrupted",
			Self::BadManifest { .. } => "bad_manifest",
			Self::Open { .. } | Self::File { .. } | Self::Io(_) | Self::Backend(_) => "storage",
			Self::Http { .. } => "gateway",
		}
	}
}
