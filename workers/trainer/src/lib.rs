//! LoRA fine-tuning of a base model on a snapshot's records.
//!
//! A run is a function of its configuration, its records and its base: the same three give the same adapter
//! bytes, whether or not the run was killed and resumed on the way.

pub mod checkpoint;
pub mod config;
pub mod data;
pub mod encode;
mod error;
pub mod optim;
mod run;

pub use config::{Schedule, TrainConfig, MODULES};
pub use data::{parse_jsonl, Example, Message, Partition, Record};
pub use error::TrainError;
pub use run::{modules, Dataset, Metrics, Outcome, Progress, Run};
