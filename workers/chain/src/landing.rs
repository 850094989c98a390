//! Following an extrinsic into its block, and reading there what it did.

use crate::{
	config::AtBlock,
	events,
	tx::{Sent, Until, MORTALITY},
	Call, ChainError, ChainEvent, Client, Key, TxReceipt,
};
use std::{collections::HashMap, time::Duration};
use subxt::tx::TransactionStatus;

/// How long to wait for a block before asking the chain again.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until an extrinsic that was sent is far enough, and says what it did.
pub(crate) async fn watch(
	client: &Client,
	key: &Key,
	call: &Call,
	sent: Sent,
	until: Until,
) -> Result<TxReceipt, ChainError> {
	let Sent { watched, hash, nonce, bytes, at } = sent;
	let lost = |reason: String| ChainError::Lost { call: call.label(), reason };
	let Some((mut progress, mut first)) = watched else {
		// Sent over a connection that broke: the pool or the chain has it, nobody reports on it.
		return find(client, key, call, hash, nonce, at, bytes).await;
	};
	loop {
		let next = match first.take() {
			Some(status) => Ok(Some(Ok(status))),
			None => tokio::time::timeout(PATIENCE, progress.next()).await,
		};
		match next {
			Ok(Some(Ok(TransactionStatus::InBestBlock(b)))) if until == Until::InBlock => {
				return receipt(
					call,
					b.at().await.map_err(|e| lost(e.to_string()))?,
					b.extrinsic_hash().0,
					bytes,
				)
				.await;
			}
			Ok(Some(Ok(TransactionStatus::InFinalizedBlock(b)))) => {
				return receipt(
					call,
					b.at().await.map_err(|e| lost(e.to_string()))?,
					b.extrinsic_hash().0,
					bytes,
				)
				.await;
			}
			Ok(Some(Ok(TransactionStatus::Invalid { message }))) => return Err(lost(message)),
			// The stream broke or went silent, or the node no longer reports: the chain is the truth.
			Ok(Some(Ok(TransactionStatus::Dropped { .. } | TransactionStatus::Error { .. })))
			| Ok(Some(Err(_)))
			| Ok(None)
			| Err(_) => {
				return find(client, key, call, hash, nonce, at, bytes).await;
			}
			Ok(Some(Ok(_))) => {}
		}
	}
}

/// Looks for an extrinsic in the blocks since it was sent.
async fn find(
	client: &Client,
	key: &Key,
	call: &Call,
	hash: [u8; 32],
	nonce: u64,
	from: u32,
	bytes: usize,
) -> Result<TxReceipt, ChainError> {
	let mut next = from;
	for _ in 0..120 {
		if let Ok((head, _)) = client.finalised().await {
			while next <= head {
				let Ok(at) = client.at_number(next.into()).await else { break };
				let Ok(xts) = at.extrinsics().fetch().await else { break };
				let hit = xts.iter().flatten().any(|x| x.hash().0 == hash);
				if hit {
					return receipt(call, at, hash, bytes).await;
				}
				next = next.saturating_add(1);
			}
			if u64::from(head) > u64::from(from).saturating_add(MORTALITY) {
				let used = u64::from(client.account(&key.account()).await?.nonce) > nonce;
				return Err(ChainError::Lost {
					call: call.label(),
					reason: format!(
						"its era ended without it; nonce {nonce} was {}used by another extrinsic",
						if used { "" } else { "not " }
					),
				});
			}
		}
		tokio::time::sleep(Duration::from_secs(2)).await;
	}
	Err(ChainError::Lost { call: call.label(), reason: "the node did not answer".into() })
}

async fn receipt(
	call: &Call,
	at: AtBlock,
	hash: [u8; 32],
	bytes: usize,
) -> Result<TxReceipt, ChainError> {
	let label = call.label();
	let xts = at
		.extrinsics()
		.fetch()
		.await
		.map_err(|e| ChainError::rpc(format!("reading the block of {label}"), e))?;
	let index =
		xts.iter().flatten().find(|x| x.hash().0 == hash).map(|x| x.index() as u32).ok_or_else(
			|| ChainError::Lost {
				call: label.clone(),
				reason: "it is not in the block that was announced".into(),
			},
		)?;
	let events: Vec<ChainEvent> =
		events::events_at(&at).await?.into_iter().filter(|e| e.extrinsic == Some(index)).collect();
	if let Some(failed) =
		events.iter().find(|e| e.pallet == "System" && e.name == "ExtrinsicFailed")
	{
		return Err(ChainError::Dispatch {
			call: label,
			error: explain(&at, &failed.fields["dispatch_error"]),
		});
	}
	Ok(TxReceipt {
		call: label,
		block: at.block_number() as u32,
		block_hash: hex::encode(at.block_hash().0),
		extrinsic: index,
		bytes,
		events,
	})
}

/// A dispatch error in words: `Pallet.Error: its documentation`.
pub fn explain(at: &AtBlock, error: &serde_json::Value) -> String {
	let module = &error["Module"];
	let index = module["index"].as_u64().and_then(|i| u8::try_from(i).ok());
	let code =
		module["error"].as_str().and_then(|h| hex::decode(h).ok()).and_then(|b| b.first().copied());
	if let (Some(index), Some(code)) = (index, code) {
		let metadata = at.metadata_ref();
		if let Some(pallet) = metadata.pallet_by_error_index(index) {
			if let Some(variant) = pallet.error_variant_by_index(code) {
				let docs = variant.docs.iter().map(|d| d.trim()).collect::<Vec<_>>().join(" ");
				return format!("{}.{}: {docs}", pallet.name(), variant.name);
			}
		}
	}
	let names: HashMap<&str, &str> = HashMap::from([
		("BadOrigin", "this account may not do that"),
		("CannotLookup", "unknown account"),
		("Exhausted", "the block is full"),
	]);
	match error.as_str().and_then(|s| names.get(s)) {
		Some(words) => (*words).into(),
		None => error.to_string(),
	}
}
