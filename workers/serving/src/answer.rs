//! From a request to an answer, its receipt and its price.

use crate::{
	api::Prompt, AdapterCache, AdapterError, AdapterSource, ApiError, Attribution, Attributor,
	Billing, Busy, Catalogue, Engine, Event, Finish, Grant, Job, Limits, Metrics, Receipts,
	Refusal, Request, RequestKind, Scheduler, ServedModel, Ticket,
};
use axum::http::StatusCode;
use serde_json::{json, Value};
use std::{
	sync::Arc,
	time::{Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::mpsc;
use weft_primitives::{
	hash::blake2_256,
	ids::{AccountBytes, Hash32},
	pricing,
	receipt::Receipt,
};

/// How a worker serves.
#[derive(Clone, Debug)]
pub struct ServingOptions {
	/// What runs at once.
	pub limits: Limits,
	/// Bytes of adapters kept in memory.
	pub adapter_bytes: u64,
	/// Tokens of an answer whose request does not say.
	pub default_max_tokens: u32,
	/// Bytes a request may have.
	pub max_body: usize,
	/// The owner account of this worker, shown by `/health` so that a gateway can route vouchers.
	pub owner: Option<AccountBytes>,
	/// Prefix of accounts in text.
	pub ss58_prefix: u8,
}

impl Default for ServingOptions {
	fn default() -> Self {
		Self {
			limits: Limits::default(),
			adapter_bytes: 512 << 20,
			default_max_tokens: 512,
			max_body: 1 << 20,
			owner: None,
			ss58_prefix: 42,
		}
	}
}

/// Who pays for a request.
#[derive(Clone, Debug)]
pub enum Payment {
	/// A voucher (the text of the `weft-voucher` header), or none.
	Voucher(Option<String>),
	/// It is paid elsewhere, up to `max_fee`: an inference job on the chain.
	Granted {
		/// Payer, worker and nonce of the receipt.
		grant: Grant,
		/// The most it may cost.
		max_fee: u128,
	},
}

/// A piece of an answer on its way to the client.
pub(crate) enum Piece {
	Text(String),
	Finished(Finished),
	Failed(ApiError),
}

/// A complete answer.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
	pub finish: Finish,
	pub tokens_in: u32,
	pub tokens_out: u32,
	/// The receipt, fee, shares and spans.
	pub weft: Value,
}

impl Finished {
	pub(crate) fn usage(&self) -> Value {
		json!({
			"prompt_tokens": self.tokens_in,
			"completion_tokens": self.tokens_out,
			"total_tokens": self.tokens_in.saturating_add(self.tokens_out),
		})
	}
}

/// An answer that has begun.
pub(crate) struct Started {
	pub id: String,
	pub created: u64,
	pub model: String,
	pub pieces: mpsc::UnboundedReceiver<Piece>,
}

/// Everything a worker needs to answer.
pub struct Serving<E: Engine> {
	pub(crate) engine: Arc<E>,
	pub(crate) scheduler: Arc<Scheduler<E>>,
	pub(crate) adapters: AdapterCache<E>,
	pub(crate) catalogue: Arc<dyn Catalogue>,
	billing: Arc<dyn Billing>,
	attributor: Arc<dyn Attributor>,
	pub(crate) receipts: Receipts,
	pub(crate) metrics: Arc<Metrics>,
	pub(crate) options: ServingOptions,
}

fn now() -> u64 {
	SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

impl<E: Engine> Serving<E> {
	/// Starts the scheduler over a loaded model.
	pub fn start(
		engine: Arc<E>,
		source: Arc<dyn AdapterSource>,
		catalogue: Arc<dyn Catalogue>,
		billing: Arc<dyn Billing>,
		attributor: Arc<dyn Attributor>,
		receipts: Receipts,
		options: ServingOptions,
	) -> std::io::Result<Arc<Self>> {
		let metrics = Arc::new(Metrics::default());
		let scheduler = Scheduler::start(engine.clone(), options.limits.clone(), metrics.clone())?;
		let adapters =
			AdapterCache::new(engine.clone(), source, options.adapter_bytes, metrics.clone());
		Ok(Arc::new(Self {
			engine,
			scheduler,
			adapters,
			catalogue,
			billing,
			attributor,
			receipts,
			metrics,
			options,
		}))
	}

	/// The metrics, for the daemon to add to its own.
	pub fn metrics(&self) -> &Metrics {
		&self.metrics
	}

	/// The adapters in memory.
	pub fn adapters(&self) -> &AdapterCache<E> {
		&self.adapters
	}

	/// Answers a request in one piece: the body of a `chat.completion` or `text_completion` with
	/// its `weft` part. This is what an inference job on the chain runs.
	pub async fn complete(
		self: &Arc<Self>,
		kind: RequestKind,
		body: &[u8],
		payment: Payment,
	) -> Result<Value, ApiError> {
		let request = Request::parse(kind, body)?;
		self.collect(self.begin(request, blake2_256(body), payment).await?, kind).await
	}

	pub(crate) async fn collect(
		&self,
		mut started: Started,
		kind: RequestKind,
	) -> Result<Value, ApiError> {
		let mut text = String::new();
		while let Some(piece) = started.pieces.recv().await {
			match piece {
				Piece::Text(more) => text.push_str(&more),
				Piece::Failed(e) => return Err(e),
				Piece::Finished(done) => {
					let reason = done.finish.as_str();
					let (object, choice) = match kind {
						RequestKind::Chat => (
							"chat.completion",
							json!({
								"index": 0,
								"message": { "role": "assistant", "content": text, "refusal": null },
								"logprobs": null,
								"finish_reason": reason,
							}),
						),
						RequestKind::Completion => (
							"text_completion",
							json!({
								"index": 0, "text": text, "logprobs": null, "finish_reason": reason,
							}),
						),
					};
					return Ok(json!({
						"id": started.id,
						"object": object,
						"created": started.created,
						"model": started.model,
						"choices": [choice],
						"usage": done.usage(),
						"weft": done.weft,
					}));
				}
			}
		}
		Err(ApiError::server("the answer ended early"))
	}

	fn model(&self, name: &str) -> Result<ServedModel, ApiError> {
		self.catalogue.find(name).ok_or_else(|| {
			let mut e = ApiError::new(
				StatusCode::NOT_FOUND,
				"invalid_request_error",
				"model_not_found",
				format!(
					"the model `{}` does not exist here; /v1/models lists what does",
					name.chars().take(80).collect::<String>()
				),
			);
			e.param = Some("model".into());
			e
		})
	}

	fn tokens(&self, prompt: &Prompt) -> Result<Vec<u32>, ApiError> {
		let (tokens, param) = match prompt {
			Prompt::Chat(messages) => (self.engine.chat(messages), "messages"),
			Prompt::Text(text) => (self.engine.encode(text), "prompt"),
			Prompt::Tokens(tokens) => (Ok(tokens.clone()), "prompt"),
		};
		let tokens = tokens.map_err(|e| ApiError::invalid(param, e))?;
		if tokens.is_empty() {
			return Err(ApiError::invalid(param, format!("`{param}` has no tokens")));
		}
		let most = self.engine.vocabulary();
		if let Some(bad) = tokens.iter().find(|token| **token as usize >= most) {
			return Err(ApiError::invalid(
				param,
				format!("the token {bad} does not exist: the vocabulary has {most}"),
			));
		}
		Ok(tokens)
	}

	fn room(&self, request: &Request, tokens_in: usize) -> Result<u32, ApiError> {
		let context = self.engine.context();
		let left = context.saturating_sub(tokens_in);
		let asked = request.max_tokens.map(|n| n as usize);
		if left == 0 || asked.is_some_and(|asked| asked > left) {
			let mut e = ApiError::invalid(
				if request.kind == RequestKind::Chat { "messages" } else { "prompt" },
				format!(
					"this model's context is {context} tokens; the prompt has {tokens_in} and {} \
					 were asked for",
					asked.unwrap_or(1)
				),
			);
			e.code = "context_length_exceeded";
			return Err(e);
		}
		let given = asked.unwrap_or(left.min(self.options.default_max_tokens as usize));
		u32::try_from(given).map_err(|_| ApiError::invalid("max_tokens", "too large"))
	}

	/// Checks, prices and queues a request.
	pub(crate) async fn begin(
		self: &Arc<Self>,
		request: Request,
		request_hash: Hash32,
		payment: Payment,
	) -> Result<Started, ApiError> {
		let result = self.try_begin(request, request_hash, payment).await;
		if let Err(e) = &result {
			self.metrics.count(e.code);
		}
		result
	}

	async fn try_begin(
		self: &Arc<Self>,
		request: Request,
		request_hash: Hash32,
		payment: Payment,
	) -> Result<Started, ApiError> {
		let model = self.model(&request.model)?;
		let prompt = self.tokens(&request.prompt)?;
		let max_tokens = self.room(&request, prompt.len())?;
		let tokens_in = u32::try_from(prompt.len())
			.map_err(|_| ApiError::invalid("messages", "the prompt is too long"))?;
		let max_fee = pricing::fee(model.price_in, model.price_out, tokens_in, max_tokens)
			.ok_or_else(|| ApiError::invalid("max_tokens", "the price does not fit 128 bits"))?;
		// A place in the queue comes first: a full worker neither checks vouchers nor loads.
		let ticket = self
			.scheduler
			.reserve(u64::from(tokens_in).saturating_add(u64::from(max_tokens)))
			.map_err(busy)?;
		let (grant, external) = match payment {
			Payment::Voucher(voucher) => {
				let authorised = self.billing.authorise(&model, voucher.as_deref(), max_fee).await;
				(authorised.map_err(refused)?, false)
			}
			Payment::Granted { max_fee: most, .. } if max_fee > most => {
				let mut e = ApiError::new(
					StatusCode::PAYMENT_REQUIRED,
					"payment_required",
					"payment_required",
					format!("the answer may cost {max_fee} plancks, {most} are granted"),
				);
				e.weft = Some(json!({ "max_fee": max_fee.to_string() }));
				return Err(e);
			}
			Payment::Granted { grant, .. } => (grant, true),
		};
		let mut run = Run {
			serving: self.clone(),
			model,
			grant: Some(grant),
			external,
			request_hash,
			tokens_in,
			messages: request.messages(),
		};
		let adapter = match &run.model.adapter {
			None => None,
			Some(cid) => match self.adapters.get(cid).await {
				Ok(adapter) => Some(adapter),
				Err(e) => {
					run.release().await;
					return Err(not_loaded(e));
				}
			},
		};
		let job = Job {
			prompt,
			adapter,
			sampling: request.sampling.clone(),
			stop: request.stop.clone(),
			max_tokens,
		};
		let prefix = if request.kind == RequestKind::Chat { "chatcmpl" } else { "cmpl" };
		let id = format!("{prefix}-{}", hex::encode(rand::random::<[u8; 12]>()));
		let model = run.model.canonical_name();
		let (sender, pieces) = mpsc::unbounded_channel();
		// Not the connection's task: a client that leaves still pays for what it was given.
		tokio::spawn(run.drive(job, ticket, sender));
		Ok(Started { id, created: now(), model, pieces })
	}
}

fn busy(busy: Busy) -> ApiError {
	let mut e = ApiError::new(
		StatusCode::TOO_MANY_REQUESTS,
		"tokens",
		"rate_limit_exceeded",
		format!("the queue of this worker is full; try again in {} s", busy.retry_after),
	);
	e.retry_after = Some(busy.retry_after);
	e
}

fn refused(refusal: Refusal) -> ApiError {
	match refusal {
		Refusal::PaymentRequired { message, details } => {
			let mut e = ApiError::new(
				StatusCode::PAYMENT_REQUIRED,
				"payment_required",
				"payment_required",
				message,
			);
			e.weft = Some(details);
			e
		}
		Refusal::Invalid(message) => {
			let mut e = ApiError::invalid("weft-voucher", message);
			e.code = "invalid_voucher";
			e
		}
		Refusal::Unavailable(message) => {
			let mut e = ApiError::new(
				StatusCode::SERVICE_UNAVAILABLE,
				"server_error",
				"billing_unavailable",
				message,
			);
			e.retry_after = Some(6);
			e
		}
	}
}

fn not_loaded(error: AdapterError) -> ApiError {
	let (code, retry) = match &error {
		AdapterError::Load { .. } => ("adapter_unavailable", Some(10)),
		AdapterError::TooLarge { .. } => ("adapter_too_large", None),
		AdapterError::NoRoom { .. } => ("adapter_no_room", Some(5)),
	};
	let mut e =
		ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", code, error.to_string());
	e.retry_after = retry;
	e
}

/// One answer from the queue to its receipt.
struct Run<E: Engine> {
	serving: Arc<Serving<E>>,
	model: ServedModel,
	/// Taken when it is charged or released.
	grant: Option<Grant>,
	external: bool,
	request_hash: Hash32,
	tokens_in: u32,
	messages: Vec<crate::Message>,
}

/// A request dropped half-way (its client left while an adapter was loading) gives back what was
/// set aside.
impl<E: Engine> Drop for Run<E> {
	fn drop(&mut self) {
		let Some(grant) = self.grant.take().filter(|_| !self.external) else { return };
		let billing = self.serving.billing.clone();
		if let Ok(runtime) = tokio::runtime::Handle::try_current() {
			runtime.spawn(async move { billing.release(&grant).await });
		}
	}
}

impl<E: Engine> Run<E> {
	async fn release(&mut self) {
		if let Some(grant) = self.grant.take().filter(|_| !self.external) {
			self.serving.billing.release(&grant).await;
		}
	}

	async fn drive(mut self, job: Job<E>, ticket: Ticket, client: mpsc::UnboundedSender<Piece>) {
		let metrics = self.serving.metrics.clone();
		let mut events = self.serving.scheduler.submit(job, ticket);
		let (mut answer, mut tokens_out) = (String::new(), 0u32);
		let finish = loop {
			let event = tokio::select! {
				event = events.recv() => event,
				() = client.closed() => {
					// Dropping the receiver takes the sequence out of the batch.
					break None;
				},
			};
			match event {
				Some(Event::Token { text, tokens }) => {
					tokens_out = tokens;
					answer.push_str(&text);
					if !text.is_empty() {
						let _ = client.send(Piece::Text(text));
					}
				}
				Some(Event::Done { text, tokens, finish }) => {
					tokens_out = tokens;
					answer.push_str(&text);
					if !text.is_empty() {
						let _ = client.send(Piece::Text(text));
					}
					break Some(finish);
				}
				Some(Event::Failed(why)) => {
					self.release().await;
					metrics.count("failed");
					let _ = client.send(Piece::Failed(ApiError::server(why)));
					return;
				}
				None => {
					self.release().await;
					metrics.count("failed");
					let _ = client.send(Piece::Failed(ApiError::server("the scheduler stopped")));
					return;
				}
			}
		};
		drop(events);
		if tokens_out == 0 {
			self.release().await;
			metrics.count("cancelled");
			return;
		}
		metrics.count(if finish.is_some() { "ok" } else { "cancelled" });
		match self.settle(&answer, tokens_out).await {
			Ok(weft) => {
				let _ = client.send(Piece::Finished(Finished {
					finish: finish.unwrap_or(Finish::Stop),
					tokens_in: self.tokens_in,
					tokens_out,
					weft,
				}));
			}
			Err(e) => {
				let _ = client.send(Piece::Failed(e));
			}
		}
	}

	/// Attributes and charges the answer, and keeps its receipt.
	async fn settle(&mut self, answer: &str, tokens_out: u32) -> Result<Value, ApiError> {
		let Some(grant) = self.grant.clone() else {
			return Err(ApiError::server("the answer was not granted"));
		};
		let (serving, model) = (&self.serving, &self.model);
		let started = Instant::now();
		let attributed = match model.index {
			None => Ok(Attribution::withheld(model.index_root)),
			Some(_) => serving.attributor.attribute(model, &self.messages, answer).await,
		};
		serving.metrics.attribution_seconds.observe(started.elapsed().as_secs_f64());
		// The answer is not lost when attribution fails: its contributors' part is withheld.
		let (attribution, problem) = match attributed {
			Ok(attribution) => (attribution, None),
			Err(why) => {
				tracing::warn!(model = %model.name, why, "attribution failed");
				(Attribution::withheld(model.index_root), Some(why))
			}
		};
		let fee = pricing::fee(model.price_in, model.price_out, self.tokens_in, tokens_out)
			.ok_or_else(|| ApiError::server("the fee does not fit 128 bits"))?;
		let mut receipt = Receipt {
			model: model.id.unwrap_or_default(),
			worker: grant.worker,
			payer: grant.payer,
			nonce: grant.nonce,
			request: self.request_hash,
			response: blake2_256(answer.as_bytes()),
			tokens_in: self.tokens_in,
			tokens_out,
			fee,
			index_root: attribution.index_root,
			shares: attribution.record_shares(),
			withheld_ppm: attribution.withheld_ppm,
		};
		let mut attribution = attribution;
		let mut problem = problem;
		if !receipt.is_balanced() {
			tracing::error!(model = %model.name, "attribution does not sum to one; withheld");
			problem = Some("the shares do not sum to 1,000,000".into());
			attribution = Attribution::withheld(model.index_root);
			receipt.shares = Vec::new();
			receipt.withheld_ppm = attribution.withheld_ppm;
		}
		let charged = if self.external {
			None
		} else {
			let charged = serving.billing.charge(&grant, &receipt).await.map_err(|why| {
				// Dropping this run releases what was set aside.
				ApiError::server(format!("the answer cannot be charged: {why}"))
			})?;
			Some(charged)
		};
		let serving = self.serving.clone();
		self.grant = None;
		serving.metrics.fees.inc_by(u64::try_from(fee).unwrap_or(u64::MAX));
		let id = hex::encode(receipt.hash());
		let mut body = serde_json::to_value(&receipt)
			.map_err(|e| ApiError::server(format!("the receipt cannot be written: {e}")))?;
		body["id"] = json!(id);
		let mut weft = json!({
			"receipt": body,
			"fee": fee.to_string(),
			"spent": charged.map(|c| c.spent.to_string()),
			"withheld_ppm": receipt.withheld_ppm,
			"shares": attribution.by_contributor(serving.options.ss58_prefix),
			"spans": attribution.spans,
		});
		if let Some(problem) = problem {
			weft["attribution_error"] = json!(problem);
		}
		if let Err(e) = serving.receipts.put(&id, &weft).await {
			tracing::error!(%e, id, "the receipt could not be kept");
		}
		Ok(weft)
	}
}
