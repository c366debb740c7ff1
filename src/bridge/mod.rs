//! What joins the renderer and the displays: the compositor that shows a guest display's windows on a host display.

pub mod compose;
pub mod provider;
pub mod report;
pub mod session;
pub mod status;
pub mod trial;

mod plot;
