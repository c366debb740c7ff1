//! Rigs for trying a renderer with real X servers and real Mesa clients.

#![forbid(unsafe_code)]

pub mod guest;
