//! One file per group of commands; the demo calls the same functions.

pub mod chat;
pub mod datanet;
pub mod doctor;
pub mod model;
pub mod money;
pub mod train;
pub mod worker;
