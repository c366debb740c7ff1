//! Piglit through pixbridge: what came out, what the C renderer passes, and what of the difference is known.

mod known;
mod log;
mod memory;
mod results;
mod service;
mod verdict;

pub use known::{Known, KnownError, List, list};
pub use log::{Complaints, LogError};
pub use memory::{Memory, resident};
pub use results::{Baseline, PiglitError, Results, baseline, results};
pub use service::{Mode, Service, ServiceError};
pub use verdict::{Lost, Verdict};
