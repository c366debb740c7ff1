//! Where log lines go.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// The variable that says what is logged, such as `debug` or `warn,pixbridge::glsl=trace`.
pub(super) const VARIABLE: &str = "PIXBRIDGE_LOG";

/// Logs to standard error: what the environment asks for, else from `level` on.
pub(super) fn start(level: &str) {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .compact()
        .init();
}
