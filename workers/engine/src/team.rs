//! A few threads that go through a token together.
//!
//! Decoding has hundreds of short phases per token; waking a pool for each costs more than the work.
//! The team is woken once per call and its members take pieces of each phase.

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
const SPINS: usize = 1_000;

/// The pieces of one phase: how many were taken, how many are done. On a cache line of its own.
#[derive(Default)]
#[repr(align(64))]
struct Phase {
	taken: AtomicUsize,
	done: AtomicUsize,
}

/// The phases of one run. Members take pieces of the current phase until none is left and then wait
/// for those still in work, so a member that the system does not schedule holds up nobody.
pub(crate) struct Phases {
	phases: Vec<Phase>,
	broken: AtomicBool,
}

impl Phases {
	/// Does some of the `pieces` of phase `index` and returns when all of them are done. All members
	/// must go through the same phases in the same order.
	pub(crate) fn run(&self, index: usize, pieces: usize, mut work: impl FnMut(usize)) {
		let phase = &self.phases[index];
		loop {
			let piece = phase.taken.fetch_add(1, Ordering::Relaxed);
			if piece >= pieces {
				break;
			}
			work(piece);
			phase.done.fetch_add(1, Ordering::Release);
		}
		let mut spins = 0;
		while phase.done.load(Ordering::Acquire) < pieces {
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

type Task<'a> = dyn Fn(&Phases) + Sync + 'a;

#[derive(Clone, Copy)]
struct Job {
	task: *const Task<'static>,
	phases: *const Phases,
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
					.spawn(move || work(&common))
					.ok()
			})
			.collect();
		Self { common, threads, turn: Mutex::new(()) }
	}

	/// Runs the task on the caller and every other member, with so many phases.
	pub(crate) fn run(&self, phases: usize, task: &Task<'_>) {
		let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
		let phases = Phases {
			phases: (0..phases).map(|_| Phase::default()).collect(),
			broken: AtomicBool::new(false),
		};
		if !self.threads.is_empty() {
			// SAFETY: the lifetime is only shortened again: below, this function waits until no
			// member uses the task any more.
			let task: *const Task<'static> =
				unsafe { std::mem::transmute::<&Task<'_>, &'static Task<'static>>(task) };
			let mut state = self.common.state.lock().unwrap_or_else(PoisonError::into_inner);
			state.generation += 1;
			state.job = Some(Job { task, phases: &phases });
			state.running = self.threads.len();
			state.panicked = false;
			drop(state);
			self.common.wake.notify_all();
		}
		let own = catch_unwind(AssertUnwindSafe(|| task(&phases)));
		if own.is_err() {
			phases.broken.store(true, Ordering::Relaxed);
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

fn work(common: &Common) {
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
		let (task, phases) = unsafe { (&*job.task, &*job.phases) };
		let result = catch_unwind(AssertUnwindSafe(|| task(phases)));
		if result.is_err() {
			phases.broken.store(true, Ordering::Relaxed);
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
