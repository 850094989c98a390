//! A few threads that go through a token together.
//!
//! Decoding has hundreds of short phases per token; waking a pool for each costs more than the work.
//! The team is woken once per call and its members wait for each other by spinning, then yielding.

use std::{
	panic::{catch_unwind, resume_unwind, AssertUnwindSafe},
	sync::{
		atomic::{AtomicBool, AtomicUsize, Ordering},
		Arc, Condvar, Mutex, PoisonError,
	},
	thread::JoinHandle,
};

/// More threads than this gain nothing for small models.
const MOST: usize = 8;
/// Turns of waiting before the thread offers its core to others.
const SPINS: usize = 4_000;

/// Where members wait for each other.
pub(crate) struct Barrier {
	members: usize,
	arrived: AtomicUsize,
	turn: AtomicUsize,
	broken: AtomicBool,
}

impl Barrier {
	/// Waits until all members are here.
	pub(crate) fn wait(&self) {
		if self.members == 1 {
			return;
		}
		let turn = self.turn.load(Ordering::Acquire);
		if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.members {
			self.arrived.store(0, Ordering::Relaxed);
			self.turn.store(turn.wrapping_add(1), Ordering::Release);
			return;
		}
		let mut spins = 0;
		while self.turn.load(Ordering::Acquire) == turn {
			assert!(!self.broken.load(Ordering::Relaxed), "another thread of the team panicked");
			spins += 1;
			if spins < SPINS {
				std::hint::spin_loop();
			} else {
				std::thread::yield_now();
			}
		}
	}
}

type Task<'a> = dyn Fn(usize, &Barrier) + Sync + 'a;

#[derive(Clone, Copy)]
struct Job {
	task: *const Task<'static>,
	barrier: *const Barrier,
}
// SAFETY: the task is `Sync`, and `run` keeps both alive until every member is done.
unsafe impl Send for Job {}

#[derive(Default)]
struct State {
	generation: u64,
	job: Option<Job>,
	running: usize,
	panicked: bool,
	stop: bool,
}

#[derive(Default)]
struct Common {
	state: Mutex<State>,
	wake: Condvar,
	done: Condvar,
}

/// See the module's documentation.
pub(crate) struct Team {
	common: Arc<Common>,
	threads: Vec<JoinHandle<()>>,
	turn: Mutex<()>,
}

fn threads_wanted() -> usize {
	std::env::var("RAYON_NUM_THREADS")
		.ok()
		.and_then(|n| n.parse::<usize>().ok())
		.filter(|n| *n > 0)
		.or_else(|| std::thread::available_parallelism().ok().map(|n| n.get()))
		.unwrap_or(1)
		.min(MOST)
}

impl Team {
	pub(crate) fn new() -> Self {
		let common = Arc::new(Common::default());
		let threads = (1..threads_wanted())
			.filter_map(|member| {
				let common = common.clone();
				std::thread::Builder::new()
					.name(format!("weft-decode-{member}"))
					.spawn(move || work(&common, member))
					.ok()
			})
			.collect();
		Self { common, threads, turn: Mutex::new(()) }
	}

	/// Members, the caller among them.
	pub(crate) fn size(&self) -> usize {
		self.threads.len() + 1
	}

	/// Runs the task on every member, the caller being member 0.
	pub(crate) fn run(&self, task: &Task<'_>) {
		let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
		let barrier = Barrier {
			members: self.size(),
			arrived: AtomicUsize::new(0),
			turn: AtomicUsize::new(0),
			broken: AtomicBool::new(false),
		};
		if !self.threads.is_empty() {
			// SAFETY: the lifetime is only shortened again: below, this function waits until no
			// member uses the task any more.
			let task: *const Task<'static> =
				unsafe { std::mem::transmute::<&Task<'_>, &'static Task<'static>>(task) };
			let mut state = self.common.state.lock().unwrap_or_else(PoisonError::into_inner);
			state.generation += 1;
			state.job = Some(Job { task, barrier: &barrier });
			state.running = self.threads.len();
			state.panicked = false;
			drop(state);
			self.common.wake.notify_all();
		}
		let own = catch_unwind(AssertUnwindSafe(|| task(0, &barrier)));
		if own.is_err() {
			barrier.broken.store(true, Ordering::Relaxed);
		}
		let mut state = self.common.state.lock().unwrap_or_else(PoisonError::into_inner);
		while state.running > 0 {
			state = self.common.done.wait(state).unwrap_or_else(PoisonError::into_inner);
		}
		state.job = None;
		let panicked = state.panicked;
		drop(state);
		if let Err(panic) = own {
			resume_unwind(panic);
		}
		assert!(!panicked, "a thread of the team panicked");
	}
}

fn work(common: &Common, member: usize) {
	let mut seen = 0;
	loop {
		let mut state = common.state.lock().unwrap_or_else(PoisonError::into_inner);
		let job = loop {
			if state.stop {
				return;
			}
			match state.job {
				Some(job) if state.generation != seen => break job,
				_ => state = common.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
			}
		};
		seen = state.generation;
		drop(state);
		// SAFETY: `run` waits for `running` to reach zero before either goes away.
		let (task, barrier) = unsafe { (&*job.task, &*job.barrier) };
		let result = catch_unwind(AssertUnwindSafe(|| task(member, barrier)));
		if result.is_err() {
			barrier.broken.store(true, Ordering::Relaxed);
		}
		let mut state = common.state.lock().unwrap_or_else(PoisonError::into_inner);
		state.panicked |= result.is_err();
		state.running -= 1;
		if state.running == 0 {
			common.done.notify_one();
		}
	}
}

impl Drop for Team {
	fn drop(&mut self) {
		self.common.state.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
		self.common.wake.notify_all();
		for thread in self.threads.drain(..) {
			// A member that panicked has already said so.
			let _ = thread.join();
		}
	}
}
