//! `eth_subscribe` over WebSocket.

use super::{
	error::{Error, Result},
	filters,
	methods::Eth,
	params::Args,
	record::{to_value, LogFilter},
};
use futures::StreamExt;
use jsonrpsee::{
	core::{RegisterMethodError, StringError},
	PendingSubscriptionSink, RpcModule, SubscriptionMessage, SubscriptionSink,
};
use polkadot_sdk::{sp_core::H256, sp_crypto_hashing::keccak_256};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

enum Kind {
	Heads,
	Logs(LogFilter),
	Pending,
	Syncing,
}

fn kind(args: &Args) -> Result<Kind> {
	const ALLOWED: &str =
		"\"newHeads\", \"logs\", \"newPendingTransactions\" or \"syncing\" is allowed";
	match args.value(0).and_then(Value::as_str) {
		Some("newHeads") => Ok(Kind::Heads),
		Some("logs") => {
			Ok(Kind::Logs(args.value(1).map_or(Ok(LogFilter::default()), filters::log_filter)?))
		}
		Some("newPendingTransactions") => Ok(Kind::Pending),
		Some("syncing") => Ok(Kind::Syncing),
		Some(other) => {
			Err(Error::InvalidParams(format!("invalid parameter 0 (kind): {other}; {ALLOWED}")))
		}
		None => Err(Error::InvalidParams(format!("missing parameter 0 (kind): {ALLOWED}"))),
	}
}

fn message(value: &Value) -> std::result::Result<SubscriptionMessage, StringError> {
	Ok(SubscriptionMessage::from_json(value)?)
}

/// Registers `eth_subscribe` and `eth_unsubscribe`.
pub fn register(module: &mut RpcModule<Eth>) -> std::result::Result<(), RegisterMethodError> {
	module.register_subscription(
		"eth_subscribe",
		"eth_subscription",
		"eth_unsubscribe",
		|params, pending, eth, _| async move {
			match Args::parse(&params).and_then(|args| kind(&args)) {
				Ok(kind) => serve(kind, pending, eth).await,
				Err(error) => {
					pending.reject(error).await;
					Ok(())
				}
			}
		},
	)?;
	Ok(())
}

async fn serve(
	kind: Kind,
	pending: PendingSubscriptionSink,
	eth: Arc<Eth>,
) -> std::result::Result<(), StringError> {
	match kind {
		Kind::Heads => {
			follow(pending, eth, |update| {
				update.enacted.iter().map(|record| record.header_json()).collect()
			})
			.await
		}
		Kind::Logs(filter) => {
			follow(pending, eth, move |update| {
				let lost =
					update.retracted.iter().flat_map(|block| block.matching_logs(&filter, true));
				let won =
					update.enacted.iter().flat_map(|block| block.matching_logs(&filter, false));
				Ok(lost.chain(won).collect())
			})
			.await
		}
		Kind::Pending => {
			let mut stream = eth.chain.pool_stream();
			let sink = pending.accept().await?;
			loop {
				let payload = tokio::select! {
					payload = stream.next() => payload,
					() = sink.closed() => return Ok(()),
				};
				let Some(payload) = payload else { return Ok(()) };
				send(&sink, &to_value(&H256(keccak_256(&payload)))?).await?;
			}
		}
		Kind::Syncing => {
			let sink = pending.accept().await?;
			let mut last = None;
			loop {
				let state = eth.chain.sync_state().await;
				if last.replace(state.syncing) != Some(state.syncing) {
					send(&sink, &Value::Bool(state.syncing)).await?;
				}
				tokio::select! {
					() = tokio::time::sleep(std::time::Duration::from_secs(2)) => {},
					() = sink.closed() => return Ok(()),
				}
			}
		}
	}
}

/// Sends what `items` makes of every move of the best chain.
async fn follow(
	pending: PendingSubscriptionSink,
	eth: Arc<Eth>,
	items: impl Fn(&super::index::Update) -> Result<Vec<Value>>,
) -> std::result::Result<(), StringError> {
	// From before the answer, so that nothing falls between.
	let mut updates = eth.index.updates();
	let sink = pending.accept().await?;
	loop {
		let update = tokio::select! {
			update = updates.recv() => update,
			() = sink.closed() => return Ok(()),
		};
		match update {
			Ok(update) => {
				for item in items(&update)? {
					send(&sink, &item).await?;
				}
			}
			Err(RecvError::Closed) => return Ok(()),
			Err(RecvError::Lagged(missed)) => {
				let text =
					format!("{missed} blocks were missed by this connection: subscribe again");
				return Err(text.into());
			}
		}
	}
}

async fn send(sink: &SubscriptionSink, value: &Value) -> std::result::Result<(), StringError> {
	sink.send(message(value)?).await?;
	Ok(())
}
