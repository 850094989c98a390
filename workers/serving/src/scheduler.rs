//! The one thread that runs the model.
//!
//! Each turn of its loop admits what fits, feeds one chunk of one prompt, and takes one decode
//! step of every sequence that has its prompt behind it, whatever its adapter. A long prompt
//! therefore delays the others by a chunk, not by its whole length.

use crate::{Engine, Metrics, Sampler, Sampling, StopMatcher};
use std::{
	collections::VecDeque,
	panic::{catch_unwind, AssertUnwindSafe},
	sync::{
		atomic::{AtomicU64, Ordering},
		mpsc, Arc,
	},
	time::Instant,
};
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};

/// What the scheduler allows at once.
#[derive(Clone, Debug)]
pub struct Limits {
	/// Tokens (prompt and answer) that may wait; above it requests are refused.
	pub waiting_tokens: u64,
	/// Tokens (prompt and answer) of the sequences that run.
	pub running_tokens: u64,
	/// Sequences that run.
	pub running: usize,
	/// Prompt tokens fed between two decode steps.
	pub prefill_chunk: usize,
	/// Prompt tokens fed at once when nothing else runs.
	pub prefill_alone: usize,
}

impl Default for Limits {
	fn default() -> Self {
		Self {
			waiting_tokens: 65_536,
			running_tokens: 32_768,
			running: 16,
			prefill_chunk: 64,
			prefill_alone: 256,
		}
	}
}

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
	/// When to try again, in seconds.
	pub retry_after: u64,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
	/// The model ended it, or a stop string did.
	Stop,
	/// `max_tokens` was reached.
	Length,
}

impl Finish {
	/// As OpenAI's API writes it.
	pub fn as_str(self) -> &'static str {
		match self {
			Self::Stop => "stop",
			Self::Length => "length",
		}
	}
}

/// What happens to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
	/// A token was generated. The text may be empty while a character or a stop string is open.
	Token {
		/// Text to show.
		text: String,
		/// Tokens generated so far.
		tokens: u32,
	},
	/// The answer is complete.
	Done {
		/// Text that was still held back.
		text: String,
		/// Tokens generated.
		tokens: u32,
		/// Why it ended.
		finish: Finish,
	},
	/// The model failed.
	Failed(String),
}

/// A place in the queue, given back when dropped.
pub struct Ticket {
	tokens: u64,
	waiting: Arc<AtomicU64>,
	metrics: Arc<Metrics>,
}

impl Drop for Ticket {
	fn drop(&mut self) {
		let before = self.waiting.fetch_sub(self.tokens, Ordering::Relaxed);
		self.metrics.waiting_tokens.set(before.saturating_sub(self.tokens) as i64);
	}
}

/// One answer to generate. It is cancelled by dropping the receiver of its events.
pub struct Job<E: Engine> {
	/// The prompt; not empty.
	pub prompt: Vec<u32>,
	/// The adapter; `None` for the base.
	pub adapter: Option<Arc<E::Adapter>>,
	/// How tokens are chosen.
	pub sampling: Sampling,
	/// Strings that end the answer.
	pub stop: Vec<String>,
	/// The most tokens to generate.
	pub max_tokens: u32,
}

struct Queued<E: Engine> {
	job: Job<E>,
	ticket: Ticket,
	events: UnboundedSender<Event>,
	at: Instant,
}

struct Active<E: Engine> {
	sequence: E::Sequence,
	prompt: Vec<u32>,
	fed: usize,
	next: Option<u32>,
	sampler: Sampler,
	detokenizer: E::Detokenizer,
	stop: StopMatcher,
	generated: u32,
	max_tokens: u32,
	room: u64,
	events: UnboundedSender<Event>,
	queued_at: Instant,
	last_at: Instant,
	over: bool,
}

/// The handle of the scheduler thread. The thread ends when every handle is gone and the work is
/// done.
pub struct Scheduler<E: Engine> {
	sender: parking_lot::Mutex<mpsc::Sender<Queued<E>>>,
	waiting: Arc<AtomicU64>,
	/// Tokens per second of late, times 1,000.
	speed: Arc<AtomicU64>,
	limits: Limits,
	metrics: Arc<Metrics>,
}

impl<E: Engine> Scheduler<E> {
	/// Starts the thread.
	pub fn start(
		engine: Arc<E>,
		limits: Limits,
		metrics: Arc<Metrics>,
	) -> std::io::Result<Arc<Self>> {
		let (sender, receiver) = mpsc::channel();
		let speed = Arc::new(AtomicU64::new(0));
		let worker = Loop {
			engine,
			limits: limits.clone(),
			metrics: metrics.clone(),
			speed: speed.clone(),
			waiting: VecDeque::new(),
			active: Vec::new(),
		};
		std::thread::Builder::new()
			.name("weft-scheduler".into())
			.spawn(move || worker.run(receiver))?;
		Ok(Arc::new(Self {
			sender: parking_lot::Mutex::new(sender),
			waiting: Arc::default(),
			speed,
			limits,
			metrics,
		}))
	}

	/// The limits it was started with.
	pub fn limits(&self) -> &Limits {
		&self.limits
	}

	/// Takes a place in the queue for `tokens` (prompt and answer). A request is always admitted
	/// to an empty queue.
	pub fn reserve(&self, tokens: u64) -> Result<Ticket, Busy> {
		let limit = self.limits.waiting_tokens;
		let taken = self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
			let after = now.saturating_add(tokens);
			(now == 0 || after <= limit).then_some(after)
		});
		match taken {
			Ok(before) => {
				self.metrics.waiting_tokens.set(before.saturating_add(tokens) as i64);
				let (waiting, metrics) = (self.waiting.clone(), self.metrics.clone());
				Ok(Ticket { tokens, waiting, metrics })
			}
			Err(now) => {
				let speed = self.speed.load(Ordering::Relaxed).max(1_000) / 1_000;
				Err(Busy { retry_after: now.div_ceil(speed).clamp(1, 60) })
			}
		}
	}

	/// Queues a job; its events arrive on the receiver.
	pub fn submit(&self, job: Job<E>, ticket: Ticket) -> UnboundedReceiver<Event> {
		let (events, receiver) = unbounded_channel();
		let queued = Queued { job, ticket, events, at: Instant::now() };
		if let Err(mpsc::SendError(queued)) = self.sender.lock().send(queued) {
			let _ = queued.events.send(Event::Failed("the scheduler has stopped".into()));
		}
		receiver
	}
}

struct Loop<E: Engine> {
	engine: Arc<E>,
	limits: Limits,
	metrics: Arc<Metrics>,
	speed: Arc<AtomicU64>,
	waiting: VecDeque<Queued<E>>,
	active: Vec<Active<E>>,
}

/// Runs a step of the model; a panic in it is an error of the step, not the end of the thread.
fn guarded<T>(step: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
	catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|panic| {
		let why = panic
			.downcast_ref::<String>()
			.map(String::as_str)
			.or_else(|| panic.downcast_ref::<&str>().copied())
			.unwrap_or("unknown");
		tracing::error!(why, "the model panicked");
		Err(format!("the model failed: {why}"))
	})
}

impl<E: Engine> Loop<E> {
	fn run(mut self, receiver: mpsc::Receiver<Queued<E>>) {
		loop {
			if self.waiting.is_empty() && self.active.is_empty() {
				match receiver.recv() {
					Ok(queued) => self.waiting.push_back(queued),
					Err(_) => return,
				}
			}
			self.waiting.extend(receiver.try_iter());
			let started = Instant::now();
			self.admit();
			let tokens = self.prefill().saturating_add(self.decode());
			self.active.retain(|a| !a.over && !a.events.is_closed());
			self.metrics.running.set(self.active.len() as i64);
			self.metrics.waiting.set(self.waiting.len() as i64);
			self.note_speed(tokens, started);
		}
	}

	fn note_speed(&self, tokens: u64, started: Instant) {
		let seconds = started.elapsed().as_secs_f64();
		if tokens == 0 || seconds <= 0.0 {
			return;
		}
		let now = tokens as f64 / seconds * 1_000.0;
		let old = self.speed.load(Ordering::Relaxed) as f64;
		let new = if old == 0.0 { now } else { old * 0.9 + now * 0.1 };
		self.speed.store(new as u64, Ordering::Relaxed);
	}

	fn admit(&mut self) {
		self.waiting.retain(|queued| !queued.events.is_closed());
		let mut room: u64 = self.active.iter().map(|a| a.room).sum();
		while self.active.len() < self.limits.running {
			let Some(first) = self.waiting.front() else { break };
			let needed = first.ticket.tokens;
			let fits = room.saturating_add(needed) <= self.limits.running_tokens;
			if !fits && !self.active.is_empty() {
				break;
			}
			let Some(Queued { job, ticket, events, at }) = self.waiting.pop_front() else { break };
			let made = guarded(|| {
				let total = job.prompt.len().saturating_add(job.max_tokens as usize);
				self.engine.sequence(job.adapter.clone(), total)
			});
			let sequence = match made {
				Ok(_) if job.prompt.is_empty() => {
					let _ = events.send(Event::Failed("the prompt is empty".into()));
					continue;
				}
				Ok(sequence) => sequence,
				Err(why) => {
					let _ = events.send(Event::Failed(why));
					continue;
				}
			};
			room = room.saturating_add(needed);
			drop(ticket);
			self.active.push(Active {
				sequence,
				prompt: job.prompt,
				fed: 0,
				next: None,
				sampler: Sampler::new(job.sampling),
				detokenizer: self.engine.detokenizer(),
				stop: StopMatcher::new(job.stop),
				generated: 0,
				max_tokens: job.max_tokens,
				room: needed,
				events,
				queued_at: at,
				last_at: at,
				over: false,
			});
		}
	}

	fn prefill(&mut self) -> u64 {
		let alone = !self.active.iter().any(|a| a.next.is_some());
		let chunk = if alone { self.limits.prefill_alone } else { self.limits.prefill_chunk };
		let Some(active) = self.active.iter_mut().find(|a| !a.over && a.next.is_none()) else {
			return 0;
		};
		let end = active.fed.saturating_add(chunk.max(1)).min(active.prompt.len());
		let tokens = active.prompt.get(active.fed..end).unwrap_or_default();
		let fed = tokens.len() as u64;
		let sequence = &mut active.sequence;
		match guarded(|| self.engine.prefill(sequence, tokens)) {
			Err(why) => active.fail(why),
			Ok(mut logits) => {
				active.fed = end;
				self.metrics.tokens_in.inc_by(fed);
				if end == active.prompt.len() {
					active.take(self.engine.as_ref(), &mut logits, &self.metrics);
				}
			}
		}
		fed
	}

	fn decode(&mut self) -> u64 {
		let mut ready: Vec<&mut Active<E>> =
			self.active.iter_mut().filter(|a| !a.over && a.next.is_some()).collect();
		if ready.is_empty() {
			return 0;
		}
		let count = ready.len();
		self.metrics.batch_size.observe(count as f64);
		let result = {
			let mut batch: Vec<_> = ready
				.iter_mut()
				.filter_map(|a| a.next.map(|token| (&mut a.sequence, token)))
				.collect();
			guarded(|| self.engine.decode(&mut batch))
		};
		match result {
			Ok(all) if all.len() == count => {
				for (active, mut logits) in ready.into_iter().zip(all) {
					active.take(self.engine.as_ref(), &mut logits, &self.metrics);
				}
			}
			Ok(all) => {
				for active in ready {
					active.fail(format!("the model answered {} of {count} sequences", all.len()));
				}
			}
			Err(why) => {
				for active in ready {
					active.fail(why.clone());
				}
			}
		}
		count as u64
	}
}

impl<E: Engine> Active<E> {
	fn fail(&mut self, why: String) {
		self.over = true;
		let _ = self.events.send(Event::Failed(why));
	}

	/// Samples the next token from `logits` and passes its text on.
	fn take(&mut self, engine: &E, logits: &mut [f32], metrics: &Metrics) {
		let token = match self.sampler.next(logits) {
			Ok(token) => token,
			Err(why) => return self.fail(why),
		};
		let now = Instant::now();
		if self.generated == 0 {
			let waited = now.duration_since(self.queued_at);
			metrics.first_token_seconds.observe(waited.as_secs_f64());
		} else {
			let waited = now.duration_since(self.last_at);
			metrics.between_tokens_seconds.observe(waited.as_secs_f64());
		}
		self.last_at = now;
		self.generated = self.generated.saturating_add(1);
		metrics.tokens_out.inc();
		self.next = Some(token);
		let tokens = self.generated;
		if engine.is_end(token) {
			return self.finish(engine, String::new(), Finish::Stop);
		}
		let piece = engine.push(&mut self.detokenizer, token).unwrap_or_default();
		let (text, stopped) = self.stop.push(&piece);
		if stopped {
			return self.done(text, Finish::Stop);
		}
		if tokens >= self.max_tokens {
			return self.finish(engine, text, Finish::Length);
		}
		if self.events.send(Event::Token { text, tokens }).is_err() {
			self.over = true;
		}
	}

	/// Ends without a stop string: what was held back is shown after all, unless its last
	/// characters make a stop string.
	fn finish(&mut self, engine: &E, text: String, finish: Finish) {
		let rest = engine.rest(&mut self.detokenizer).unwrap_or_default();
		let (more, stopped) = self.stop.push(&rest);
		let held = if stopped { String::new() } else { self.stop.finish() };
		self.done(text + &more + &held, if stopped { Finish::Stop } else { finish });
	}

	fn done(&mut self, text: String, finish: Finish) {
		self.over = true;
		let _ = self.events.send(Event::Done { text, tokens: self.generated, finish });
	}
}
