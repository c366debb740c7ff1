//! The windows of one display on another: unmodified programs look the same there, and obey a user there.

mod input;
mod pictures;
mod screen;
mod windows;
