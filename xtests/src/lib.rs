//! Rigs for trying a renderer with real X servers and real Mesa clients, and with a guest of our own.
//!
//! A test with real clients starts an [`xvfb::Xvfb`] of its own, prepares a [`renderer::Stand`] (direct llvmpipe, the C
//! renderer, or pixbridge) and runs unmodified programs on both. What a program says is read by [`clients`]; what it draws
//! is taken from the X server by [`screen`] and judged by [`likeness`].
//!
//! A test of what happens when an X server fails starts an [`xpeer::Peer`], which fails on demand.
//!
//! A test that wants to say exact commands is a [`guest::Guest`] itself; it needs no X server.
//!
//! Build order: the stand for pixbridge runs the binary that lies beside the test executable's directory, so
//! `cargo build --workspace` comes first, and `cargo build --examples` for the tests of the examples. `PIXBRIDGE_BIN`
//! names another binary.

#![deny(unsafe_code)]

pub mod brush;
pub mod canvas;
pub mod clients;
pub mod composer;
pub mod desktop;
pub mod guest;
pub mod held;
pub mod imports;
pub mod likeness;
pub mod load;
pub mod machine;
pub mod pacing;
pub mod painter;
pub mod picture;
pub mod piglit;
pub mod process;
pub mod proxied;
pub mod renderer;
pub mod sampled;
pub mod screen;
pub mod sharers;
pub mod sharing;
pub mod stage;
pub mod stats;
pub mod surfaceless;
pub mod timelines;
pub mod xpeer;
pub mod xvfb;
