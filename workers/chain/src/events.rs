//! Events of a block, decoded against the block's metadata into JSON that people and databases can read.

use crate::{
	config::{AtBlock, BlockHash},
	keys::account_text,
	ChainError, Client,
};
use futures::Stream;
use scale_info::{TypeDef, TypeDefPrimitive};
use serde::{Deserialize, Serialize};
use serde_json::{json, Map, Value as Json};
use std::time::Duration;
use subxt::{
	events::Phase,
	ext::scale_value::{scale::decode_as_type, Composite, Primitive, Value, ValueDef},
	metadata::Metadata,
};

/// One event. `fields` is an object by field name. Bytes are hex without prefix, amounts decimal strings, accounts SS58
/// (Ethereum accounts `0x…`), enums `"Name"` or `{"Name": fields}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainEvent {
	/// Index of the extrinsic in its block; `None` for events of the block itself.
	pub extrinsic: Option<u32>,
	/// Index of the event in its block.
	pub index: u32,
	/// Pallet name.
	pub pallet: String,
	/// Event name.
	pub name: String,
	/// Fields.
	pub fields: Json,
}

/// Events of one finalised block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockEvents {
	/// Block number.
	pub number: u32,
	/// Block hash, hex.
	pub hash: String,
	/// Hash of the parent, hex.
	pub parent: String,
	/// Events in order.
	pub events: Vec<ChainEvent>,
}

/// Reads and decodes the events of a block.
pub async fn events_at(at: &AtBlock) -> Result<Vec<ChainEvent>, ChainError> {
	let number = at.block_number();
	let what = || format!("reading the events of block {number}");
	let events = at.events().fetch().await.map_err(|e| ChainError::rpc(what(), e))?;
	let metadata = at.metadata_ref();
	let mut out = Vec::with_capacity(events.len() as usize);
	for event in events.iter() {
		let event = event.map_err(|e| ChainError::rpc(what(), e))?;
		let extrinsic = match event.phase() {
			Phase::ApplyExtrinsic(i) => Some(i),
			_ => None,
		};
		let variant = metadata
			.pallet_by_event_index(event.pallet_index())
			.and_then(|p| p.event_variant_by_index(event.event_index()));
		let mut bytes = event.field_bytes();
		let mut fields = Map::new();
		for (i, f) in variant.map(|v| v.fields.as_slice()).unwrap_or_default().iter().enumerate() {
			let value = decode_as_type(&mut bytes, f.ty.id, metadata.types())
				.map_err(|e| ChainError::rpc(what(), e))?;
			let name = f.name.clone().unwrap_or_else(|| i.to_string());
			fields.insert(name, to_json(&value, metadata));
		}
		out.push(ChainEvent {
			extrinsic,
			index: event.index(),
			pallet: event.pallet_name().into(),
			name: event.event_name().into(),
			fields: Json::Object(fields),
		});
	}
	Ok(out)
}

impl Client {
	/// Events of the finalised block `number`.
	pub async fn block_events(&self, number: u32) -> Result<BlockEvents, ChainError> {
		let at = self.at_number(number.into()).await?;
		let header = at
			.block_header()
			.await
			.map_err(|e| ChainError::rpc(format!("reading the header of block {number}"), e))?;
		Ok(BlockEvents {
			number,
			hash: hex::encode(at.block_hash().0),
			parent: hex::encode(header.parent_hash.0),
			events: events_at(&at).await?,
		})
	}

	/// Signed extrinsics of a finalised block, and the bytes of all its extrinsics, the timestamp included.
	pub async fn block_size(&self, number: u32) -> Result<(u64, u64), ChainError> {
		let at = self.at_number(number.into()).await?;
		let extrinsics =
			at.extrinsics().fetch().await.map_err(|e| {
				ChainError::rpc(format!("reading the extrinsics of block {number}"), e)
			})?;
		let (mut signed, mut bytes) = (0u64, 0u64);
		for extrinsic in extrinsics.iter().flatten() {
			signed = signed.saturating_add(extrinsic.is_signed().into());
			bytes = bytes.saturating_add(extrinsic.bytes().len() as u64);
		}
		Ok((signed, bytes))
	}

	/// Finalised blocks from `from` on, for ever. A lost connection is opened again; no block is skipped or repeated.
	pub fn follow(&self, from: u32) -> impl Stream<Item = BlockEvents> + Send {
		let client = self.clone();
		futures::stream::unfold((client, from, 0u32), |(client, next, mut head)| async move {
			loop {
				if next <= head {
					match client.block_events(next).await {
						Ok(block) => return Some((block, (client, next.saturating_add(1), head))),
						Err(e) => {
							tracing::warn!(block = next, error = %e, "cannot read a block, trying again");
							let _ = client.reconnect().await;
						}
					}
				} else {
					match client.finalised().await {
						Ok((n, _)) if n > head => {
							head = n;
							continue;
						}
						Ok(_) => {}
						Err(e) => {
							tracing::warn!(error = %e, "no connection to the node, trying again")
						}
					}
				}
				tokio::time::sleep(Duration::from_millis(500)).await;
			}
		})
	}
}

/// Writes a decoded value as JSON.
pub fn to_json(value: &Value<u32>, metadata: &Metadata) -> Json {
	let types = metadata.types();
	match &value.value {
		ValueDef::Primitive(p) => match p {
			Primitive::Bool(b) => json!(b),
			Primitive::Char(c) => json!(c.to_string()),
			Primitive::String(s) => json!(s),
			Primitive::U128(n) => number(*n, value.context, metadata),
			Primitive::I128(n) => json!(n.to_string()),
			Primitive::U256(b) | Primitive::I256(b) => json!(format!("0x{}", hex::encode(b))),
		},
		ValueDef::BitSequence(bits) => {
			json!(bits.iter().map(|b| if b { '1' } else { '0' }).collect::<String>())
		}
		ValueDef::Variant(v) => {
			if v.values.is_empty() {
				return json!(v.name);
			}
			let inner = composite(&v.values, false, metadata);
			match v.name.as_str() {
				"Some" => inner,
				name => json!({ name: inner }),
			}
		}
		ValueDef::Composite(c) => {
			let sequence = types.resolve(value.context).is_some_and(|t| {
				matches!(t.type_def, TypeDef::Sequence(_) | TypeDef::Array(_) | TypeDef::Tuple(_))
			});
			if let Some(bytes) = as_bytes(value, metadata) {
				let is_account = types
					.resolve(value.context)
					.is_some_and(|t| t.path.segments.last().is_some_and(|s| s == "AccountId32"));
				return match <[u8; 32]>::try_from(bytes.as_slice()) {
					Ok(id) if is_account => json!(account_text(&id)),
					_ => json!(hex::encode(bytes)),
				};
			}
			composite(c, sequence, metadata)
		}
	}
}

/// `sequence`: a list stays a list even with one element; a newtype with one field is unwrapped.
fn composite(c: &Composite<u32>, sequence: bool, metadata: &Metadata) -> Json {
	match c {
		Composite::Named(fields) => Json::Object(
			fields.iter().map(|(name, v)| (name.clone(), to_json(v, metadata))).collect(),
		),
		Composite::Unnamed(values) => match values.as_slice() {
			[one] if !sequence => to_json(one, metadata),
			many => Json::Array(many.iter().map(|v| to_json(v, metadata)).collect()),
		},
	}
}

/// Amounts are u128 on this chain and become strings; smaller integers stay numbers.
fn number(n: u128, ty: u32, metadata: &Metadata) -> Json {
	let wide = match metadata.types().resolve(ty).map(|t| &t.type_def) {
		Some(TypeDef::Primitive(p)) => *p == TypeDefPrimitive::U128,
		Some(TypeDef::Compact(c)) => metadata
			.types()
			.resolve(c.type_param.id)
			.is_some_and(|t| t.type_def == TypeDef::Primitive(TypeDefPrimitive::U128)),
		_ => true,
	};
	match u64::try_from(n) {
		Ok(small) if !wide => json!(small),
		_ => json!(n.to_string()),
	}
}

/// The bytes of a `[u8; N]`, `Vec<u8>` or a newtype around one; `None` for anything else.
fn as_bytes(value: &Value<u32>, metadata: &Metadata) -> Option<Vec<u8>> {
	let ValueDef::Composite(Composite::Unnamed(items)) = &value.value else { return None };
	let is_byte = |v: &Value<u32>| {
		matches!(v.value, ValueDef::Primitive(Primitive::U128(_)))
			&& metadata
				.types()
				.resolve(v.context)
				.is_some_and(|t| t.type_def == TypeDef::Primitive(TypeDefPrimitive::U8))
	};
	match items.as_slice() {
		[] => None,
		[one] if matches!(one.value, ValueDef::Composite(_)) => as_bytes(one, metadata),
		items if items.iter().all(is_byte) => items
			.iter()
			.map(|v| match v.value {
				ValueDef::Primitive(Primitive::U128(n)) => u8::try_from(n).ok(),
				_ => None,
			})
			.collect(),
		_ => None,
	}
}

/// Hash of a block as hex.
pub fn hash_text(hash: BlockHash) -> String {
	hex::encode(hash.0)
}
