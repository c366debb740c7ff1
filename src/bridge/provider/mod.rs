//! A display of our own in front of an X server: what clients and server say passes a relay, and an interceptor may decide
//! on it.

mod control;
mod dri3;
mod intercept;

pub use control::Control;
pub use dri3::{Dri3, Unavailable};
pub use intercept::{
    Asking, Batch, ClientId, Descriptors, FdQueue, Interceptor, Look, Message, Newcomer, Onward, Request,
    SourceId, Telling, Transparent, Verdict, Watch, Wishes,
};
