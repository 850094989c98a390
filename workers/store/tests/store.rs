//! What a user of the blob store relies on.

use bytes::Bytes;
use futures::{stream, StreamExt, TryStreamExt};
use std::{path::PathBuf, time::Duration};
use weft_store::{
	cid_hex, cid_of, get_folder, parse_cid, put_folder, Blobs, ByteStream, Cid, Store, StoreError,
	StoreOptions, CHUNK,
};

fn bytes(n: usize, seed: u64) -> Vec<u8> {
	let mut x = seed | 1;
	(0..n)
		.map(|_| {
			x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
			(x >> 56) as u8
		})
		.collect()
}

fn pieces(data: &[u8], size: usize) -> ByteStream {
	let parts: Vec<_> =
		data.chunks(size).map(|c| Ok(Bytes::copy_from_slice(c))).collect::<Vec<_>>();
	stream::iter(parts).boxed()
}

fn breaking_off(data: &[u8], size: usize) -> ByteStream {
	pieces(data, size)
		.chain(stream::once(async { Err(std::io::Error::other("the cable was pulled").into()) }))
		.boxed()
}

fn store(dir: &tempfile::TempDir, max_blob: u64) -> Store {
	Store::open_folder(dir.path(), StoreOptions { max_blob }).unwrap()
}

fn file_of(dir: &tempfile::TempDir, cid: &Cid) -> PathBuf {
	let id = cid_hex(cid);
	dir.path().join("blobs").join(&id[..2]).join(id)
}

#[tokio::test]
async fn a_blob_comes_back_under_the_hash_of_its_bytes() {
	let dir = tempfile::tempdir().unwrap();
	let store = store(&dir, 1 << 30);
	let data = bytes(3 * CHUNK + 17, 1);
	let cid = store.put_stream(pieces(&data, 70_001), None).await.unwrap();
	assert_eq!(cid, cid_of(&data));
	assert_eq!(cid, weft_primitives::hash::blake2_256(&data), "one hash for chain and workers");
	assert_eq!(store.get(&cid).await.unwrap(), data);
	assert_eq!(store.size(&cid).await.unwrap(), Some(data.len() as u64));
	assert_eq!(store.put(Bytes::from(data)).await.unwrap(), cid, "putting again changes nothing");
	let empty = store.put_stream(pieces(&[], 1), None).await.unwrap();
	assert_eq!(store.get(&empty).await.unwrap(), Bytes::new());
}

#[tokio::test]
async fn a_range_is_the_same_as_the_slice_of_the_whole() {
	let dir = tempfile::tempdir().unwrap();
	let store = store(&dir, 1 << 30);
	let data = bytes(2 * CHUNK + 100, 2);
	let cid = store.put(Bytes::from(data.clone())).await.unwrap();
	let n = data.len() as u64;
	let c = CHUNK as u64;
	for range in [0..0, 0..1, 0..n, c - 3..c + 3, c..2 * c, n - 1..n, n..n, 5..2 * c + 7] {
		let got = store.get_range(&cid, range.clone()).await.unwrap();
		assert_eq!(got, data[range.start as usize..range.end as usize], "{range:?}");
	}
	let beyond = store.get_range(&cid, 0..n + 1).await.unwrap_err();
	assert!(matches!(beyond, StoreError::BadRange { .. }), "{beyond}");
}

#[tokio::test]
async fn a_corrupt_blob_is_named_and_never_returned() {
	let dir = tempfile::tempdir().unwrap();
	let data = bytes(2 * CHUNK + 5, 3);
	let cid = store(&dir, 1 << 30).put(Bytes::from(data.clone())).await.unwrap();
	let mut bad = data.clone();
	bad[CHUNK + 9] ^= 1;
	std::fs::write(file_of(&dir, &cid), &bad).unwrap();

	let store = store(&dir, 1 << 30);
	let named = |e: StoreError| {
		assert!(matches!(e, StoreError::Corrupt { .. }), "{e}");
		assert!(e.to_string().contains(&cid_hex(&cid)), "{e}");
	};
	named(store.get(&cid).await.unwrap_err());
	named(store.get_range(&cid, 0..10).await.unwrap_err());
	named(store.stream(&cid).await.err().unwrap());
	let target = dir.path().join("out.bin");
	named(store.get_to_file(&cid, &target).await.unwrap_err());
	assert!(!target.exists(), "no half file stays");

	// Putting the original again repairs it.
	store.put(Bytes::from(data.clone())).await.unwrap();
	assert_eq!(store.get(&cid).await.unwrap(), data);
}

#[tokio::test]
async fn a_blob_that_rots_after_it_was_verified_is_still_caught() {
	let dir = tempfile::tempdir().unwrap();
	let store = store(&dir, 1 << 30);
	let data = bytes(2 * CHUNK, 4);
	let cid = store.put(Bytes::from(data.clone())).await.unwrap();
	store.get_range(&cid, 0..1).await.unwrap();
	let mut bad = data.clone();
	bad[CHUNK + 1] ^= 0x80;
	std::fs::write(file_of(&dir, &cid), &bad).unwrap();
	assert_eq!(store.get_range(&cid, 0..9).await.unwrap(), data[..9], "the sound piece is sound");
	let e = store.get_range(&cid, CHUNK as u64 - 1..CHUNK as u64 + 3).await.unwrap_err();
	assert!(matches!(e, StoreError::Corrupt { .. }), "{e}");
	let streamed: Result<Vec<_>, _> = store.stream(&cid).await.unwrap().try_collect().await;
	assert!(streamed.is_err());
}

#[tokio::test]
async fn a_blob_above_the_limit_is_refused_and_leaves_nothing_behind() {
	let dir = tempfile::tempdir().unwrap();
	let store = store(&dir, 1000);
	let data = bytes(1001, 5);
	let e = store.put(Bytes::from(data.clone())).await.unwrap_err();
	assert!(matches!(e, StoreError::TooLarge { limit: 1000 }), "{e}");
	let e = store.put_stream(pieces(&data, 100), None).await.unwrap_err();
	assert!(matches!(e, StoreError::TooLarge { limit: 1000 }), "{e}");
	let e = store.create_upload(1001, None).await.unwrap_err();
	assert!(matches!(e, StoreError::TooLarge { limit: 1000 }), "{e}");
	assert_eq!(files_under(dir.path()), Vec::<PathBuf>::new());
	assert_eq!(store.size(&cid_of(&data)).await.unwrap(), None);
}

#[tokio::test]
async fn bytes_that_are_not_the_announced_ones_are_not_stored() {
	let dir = tempfile::tempdir().unwrap();
	let store = store(&dir, 1 << 20);
	let announced = cid_of(b"something else");
	let e = store.put_stream(pieces(b"these bytes", 4), Some(announced)).await.unwrap_err();
	assert!(matches!(e, StoreError::WrongHash { .. }), "{e}");
	assert!(e.to_string().contains(&cid_hex(&announced)), "{e}");
	assert_eq!(files_under(dir.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_missing_blob_and_a_malformed_id_are_told_apart() {
	let dir = tempfile::tempdir().unwrap();
	let store = store(&dir, 1 << 20);
	let e = store.get(&[7; 32]).await.unwrap_err();
	assert!(matches!(e, StoreError::NotFound(_)), "{e}");
	for text in ["", "abc", &"G".repeat(64), &"A".repeat(64), &format!("0x{}", "0".repeat(62))] {
		let e = parse_cid(text).unwrap_err();
		assert!(matches!(e, StoreError::BadId(_)), "{e}");
	}
	assert_eq!(parse_cid(&cid_hex(&[7; 32])).unwrap(), [7; 32]);
}

#[tokio::test]
async fn an_interrupted_upload_resumes_after_a_restart() {
	let dir = tempfile::tempdir().unwrap();
	let data = bytes(9 << 20, 6);
	let half = 5 << 20;
	let id = {
		let store = store(&dir, 1 << 30);
		let state = store.create_upload(data.len() as u64, Some(cid_of(&data))).await.unwrap();
		let e = store.append_upload(&state.id, 0, breaking_off(&data[..half], 1000)).await;
		assert!(matches!(e, Err(StoreError::Interrupted(_))));
		state.id
	};
	// A new process on the same folder.
	let store = store(&dir, 1 << 30);
	let state = store.upload(&id).await.unwrap();
	assert_eq!((state.offset, state.cid.clone()), (half as u64, None));
	let e = store.append_upload(&id, 0, pieces(&data, 1000)).await.unwrap_err();
	assert!(matches!(e, StoreError::WrongOffset { expected, given: 0 } if expected == half as u64));
	let done = store.append_upload(&id, half as u64, pieces(&data[half..], 4096)).await.unwrap();
	assert_eq!(done.cid, Some(cid_hex(&cid_of(&data))));
	assert_eq!(store.get(&cid_of(&data)).await.unwrap(), data);
	assert_eq!(store.upload(&id).await.unwrap().cid, done.cid, "a lost answer can be asked again");
	// Only the blob and the small state stay.
	assert_eq!(files_under(dir.path()).len(), 2);
	assert_eq!(store.expire_uploads(Duration::from_secs(3600)).await.unwrap(), 0);
	assert_eq!(store.expire_uploads(Duration::ZERO).await.unwrap(), 1);
	assert!(matches!(store.upload(&id).await, Err(StoreError::UploadNotFound(_))));
	assert_eq!(store.get(&cid_of(&data)).await.unwrap(), data, "expiry never takes a blob");
}

#[tokio::test]
async fn an_upload_never_grows_beyond_what_was_announced() {
	let dir = tempfile::tempdir().unwrap();
	let store = store(&dir, 1 << 30);
	let id = store.create_upload(10, None).await.unwrap().id;
	let e = store.append_upload(&id, 0, pieces(b"twelve bytes", 5)).await.unwrap_err();
	assert!(matches!(e, StoreError::BeyondLength { length: 10 }), "{e}");
	let e = store.append_upload("../../etc", 0, pieces(b"x", 5)).await.unwrap_err();
	assert!(matches!(e, StoreError::UploadNotFound(_)), "{e}");
}

#[tokio::test]
async fn an_upload_of_other_bytes_than_announced_is_dropped_whole() {
	let dir = tempfile::tempdir().unwrap();
	let store = store(&dir, 1 << 30);
	let id = store.create_upload(5, Some(cid_of(b"right"))).await.unwrap().id;
	let e = store.append_upload(&id, 0, pieces(b"wrong", 5)).await.unwrap_err();
	assert!(matches!(e, StoreError::WrongHash { .. }), "{e}");
	assert_eq!(files_under(dir.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_folder_comes_back_the_same_and_has_one_id() {
	let dir = tempfile::tempdir().unwrap();
	let store = store(&dir, 1 << 30);
	let source = tempfile::tempdir().unwrap();
	std::fs::create_dir(source.path().join("sub")).unwrap();
	let weights = bytes(CHUNK + 3, 7);
	std::fs::write(source.path().join("b.safetensors"), &weights).unwrap();
	std::fs::write(source.path().join("a.json"), b"{}").unwrap();
	std::fs::write(source.path().join("sub/c.txt"), b"deep").unwrap();
	std::fs::write(source.path().join(".hidden"), b"not this").unwrap();
	let cid = put_folder(&store, source.path()).await.unwrap();
	let manifest: serde_json::Value =
		serde_json::from_slice(&store.get(&cid).await.unwrap()).unwrap();
	let names: Vec<_> =
		manifest["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
	assert_eq!(names, ["a.json", "b.safetensors", "sub/c.txt"]);
	assert_eq!(manifest["kind"], "folder");

	let target = tempfile::tempdir().unwrap();
	get_folder(&store, &cid, target.path()).await.unwrap();
	assert_eq!(std::fs::read(target.path().join("b.safetensors")).unwrap(), weights);
	assert_eq!(std::fs::read(target.path().join("sub/c.txt")).unwrap(), b"deep");
	assert_eq!(put_folder(&store, target.path()).await.unwrap(), cid);
	// A damaged local copy is fetched again.
	std::fs::write(target.path().join("a.json"), b"[]").unwrap();
	get_folder(&store, &cid, target.path()).await.unwrap();
	assert_eq!(std::fs::read(target.path().join("a.json")).unwrap(), b"{}");
}

#[tokio::test]
async fn a_manifest_cannot_write_outside_its_folder() {
	let dir = tempfile::tempdir().unwrap();
	let store = store(&dir, 1 << 30);
	let file = cid_hex(&store.put(Bytes::from_static(b"x")).await.unwrap());
	for name in ["../x", "/etc/x", "a/../../x", "", "a//b", "c:\\x", "a\0b"] {
		let text = serde_json::json!({
			"kind": "folder", "files": [{ "name": name, "cid": file, "bytes": 1 }]
		});
		let cid = store.put(Bytes::from(text.to_string())).await.unwrap();
		let target = tempfile::tempdir().unwrap();
		let e = get_folder(&store, &cid, target.path()).await.unwrap_err();
		assert!(matches!(e, StoreError::BadManifest { .. }), "{name:?}: {e}");
		assert_eq!(files_under(target.path()), Vec::<PathBuf>::new());
	}
}

#[tokio::test]
async fn a_store_opens_by_address_and_an_unknown_one_says_why() {
	let dir = tempfile::tempdir().unwrap();
	let url = format!("file://{}/new", dir.path().display());
	let cid = Store::open(&url, StoreOptions::default())
		.unwrap()
		.put(Bytes::from_static(b"hello"))
		.await
		.unwrap();
	let again = Store::open(&format!("{}/new", dir.path().display()), StoreOptions::default());
	assert_eq!(again.unwrap().get(&cid).await.unwrap(), "hello");
	let memory = Store::open("memory:///", StoreOptions::default()).unwrap();
	let cid = memory.put_stream(pieces(b"in memory", 3), None).await.unwrap();
	assert_eq!(memory.get_range(&cid, 3..9).await.unwrap(), "memory");
	let e = Store::open("gopher://example", StoreOptions::default()).err().unwrap();
	assert!(e.to_string().contains("gopher://example"), "{e}");
}

/// Regular files, the empty folders of the layout left out.
fn files_under(dir: &std::path::Path) -> Vec<PathBuf> {
	let mut found = Vec::new();
	let mut open = vec![dir.to_owned()];
	while let Some(dir) = open.pop() {
		for entry in std::fs::read_dir(dir).unwrap() {
			let path = entry.unwrap().path();
			if path.is_dir() {
				open.push(path);
			} else {
				found.push(path);
			}
		}
	}
	found
}
