//! Serves many adapters over one resident base model.
//!
//! - [`Engine`] is what serving needs of a model; [`BaseModel`] is the real one.
//! - [`AdapterCache`] loads adapters on demand and evicts them by bytes, never one in use.
//! - [`Scheduler`] is the one thread that runs the model: continuous batching, different adapters
//!   in one decode step, a chunk of prompt in between.
//! - [`Catalogue`], [`Billing`] and [`Attributor`] are what the worker daemon brings.
//! - [`Serving`] ties them together and [`router`] is its OpenAI-compatible face.

mod adapters;
mod answer;
mod api;
mod engine;
mod host;
mod http;
mod metrics;
mod model;
mod receipts;
mod sampling;
mod scheduler;
mod ss58;
mod stop;

pub use adapters::{AdapterCache, AdapterError, AdapterSource, BlobAdapters};
pub use answer::{Payment, Serving, ServingOptions};
pub use api::{ApiError, Request, RequestKind};
pub use engine::{Engine, Message};
pub use host::{
	Attributed, Attribution, Attributor, Billing, Catalogue, Charged, FreeOfCharge, Grant,
	NoAttribution, Refusal, ServedModel, Span, StaticCatalogue,
};
pub use http::router;
pub use metrics::Metrics;
pub use model::BaseModel;
pub use receipts::Receipts;
pub use sampling::{Sampler, Sampling};
pub use scheduler::{Busy, Event, Finish, Job, Limits, Scheduler, Ticket};
pub use ss58::ss58;
pub use stop::StopMatcher;
