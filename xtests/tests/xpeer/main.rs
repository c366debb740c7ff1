//! The fault peer itself: it serves x11rb clients as an X server does, and its faults really happen.

mod client;
mod faults;
mod guarded;
mod presenting;
mod serving;
