//! Sessions with a renderer that only takes notes, seen from the clients' ends of the sockets.

mod client;
mod fences;
mod notes;
mod plain;
mod resolving;
mod sharing;
mod strain;
