//! One file for each call, one for payments of jobs, and one for what holds over all of them.

mod claim;
mod close;
mod deposit;
mod pay_inference;
mod properties;
mod reject_root;
mod settle;
mod settle_trees;
mod setup;
mod signatures;
mod withdraw;
