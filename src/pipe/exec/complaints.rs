//! One log line for each thing that goes wrong, not one for each time it does.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::error::ExecError;

/// Distinct complaints that are logged before the session falls silent.
const MAX_COMPLAINTS: usize = 256;

/// What has been complained about.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    seen: HashSet<u64>,
}

impl Complaints {
    /// Logs why `what` was refused, if that is news.
    pub(super) fn refused(&mut self, what: &str, error: &ExecError) {
        let text = error.to_string();
        let mut hasher = DefaultHasher::new();
        (what, &text).hash(&mut hasher);
        if self.seen.len() >= MAX_COMPLAINTS {
            tracing::debug!("{what} refused: {text}");
            return;
        }
        if self.seen.insert(hasher.finish()) {
            tracing::warn!("{what} refused: {text}");
            if self.seen.len() == MAX_COMPLAINTS {
                tracing::warn!("further refusals of this session are logged at debug level only");
            }
        }
    }
}
