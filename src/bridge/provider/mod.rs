//! A display of our own in front of an X server: what clients and server say passes a relay, and an interceptor may decide
//! on it. [`Dri3`] is the one that gives clients DRI3.

mod authority;
mod control;
mod display;
mod dri3;
mod front;
mod intercept;
mod relay;
mod upstream;

pub use authority::Authority;
pub use control::Control;
pub use display::{ClaimError, DisplaySocket, Places};
pub use dri3::{Dri3, Unavailable};
pub use front::{Front, FrontError};
pub use intercept::{
    Asking, Batch, ClientId, Descriptors, FdQueue, Interceptor, Look, Message, Newcomer, Onward, Request,
    SourceId, Telling, Transparent, Verdict, Watch, Wishes,
};
pub use relay::{Relay, RelayError, Stopper};
pub use upstream::Upstream;
