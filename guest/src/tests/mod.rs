//! Tests with a session of our own at the other end.

mod device;
mod hooks;
pub(crate) mod session;
