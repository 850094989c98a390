//! Which kernels this processor can run, found once.

use std::sync::OnceLock;

/// Instruction sets that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
	/// What every processor of the architecture has.
	Baseline,
	/// AVX2 with FMA and F16C.
	Avx2,
	/// AVX-512 with VNNI.
	Avx512,
}

/// The best level of this processor. `WEFT_CPU=avx2` or `baseline` asks for less, to compare.
pub(crate) fn level() -> Level {
	static LEVEL: OnceLock<Level> = OnceLock::new();
	*LEVEL.get_or_init(|| {
		let found = detect();
		match std::env::var("WEFT_CPU").as_deref() {
			Ok("baseline") => Level::Baseline,
			Ok("avx2") => found.min(Level::Avx2),
			_ => found,
		}
	})
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
	let avx2 = is_x86_feature_detected!("avx2")
		&& is_x86_feature_detected!("fma")
		&& is_x86_feature_detected!("f16c");
	let avx512 = is_x86_feature_detected!("avx512f")
		&& is_x86_feature_detected!("avx512bw")
		&& is_x86_feature_detected!("avx512dq")
		&& is_x86_feature_detected!("avx512vl")
		&& is_x86_feature_detected!("avx512vnni");
	match (avx2, avx512) {
		(true, true) => Level::Avx512,
		(true, false) => Level::Avx2,
		_ => Level::Baseline,
	}
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Level {
	Level::Baseline
}
