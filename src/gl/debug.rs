//! The host GL's own messages
//! ([KHR_debug](https://registry.khronos.org/OpenGL/extensions/KHR/KHR_debug.txt)), handed to the log.
//!
//! Drivers repeat themselves with every draw: a message is logged when it first comes, then when it has come
//! 2, 4, 8 ... times.

use std::{
    collections::HashMap,
    ffi::{c_char, c_void},
    hash::{DefaultHasher, Hash, Hasher},
    panic,
    sync::{LazyLock, Mutex, PoisonError},
};

use tracing::Level;

use super::{Gl, api::ResetStatus};

/// Messages that are counted. When there are more, counting starts afresh.
const MAX_KNOWN: usize = 1024;
/// Longest message that is logged, in bytes.
const MAX_LENGTH: usize = 4096;

/// How often messages have come.
#[derive(Debug, Default)]
struct Repeats {
    seen: HashMap<u64, u64>,
}

impl Repeats {
    /// Counts a message; gives how often it has come if it is to be logged.
    fn count(&mut self, message: impl Hash) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        message.hash(&mut hasher);
        let key = hasher.finish();
        if self.seen.len() >= MAX_KNOWN && !self.seen.contains_key(&key) {
            self.seen.clear();
        }
        let times = self.seen.entry(key).or_default();
        *times = times.saturating_add(1);
        times.is_power_of_two().then_some(*times)
    }
}

/// Logs the messages of a context.
pub(super) fn enable(gl: &Gl) {
    if gl.graphics_reset_status() != ResetStatus::None {
        return;
    }
    gl.set_enabled(glow::DEBUG_OUTPUT, true);
    gl.set_enabled(glow::DEBUG_OUTPUT_SYNCHRONOUS, true);
    // SAFETY: the callback has no user data, and is there for as long as the program.
    unsafe { gl.f().DebugMessageCallback(Some(callback), std::ptr::null()) };
}

impl Gl {
    /// Tries what GL may well refuse, without its messages about that.
    pub fn quietly<T>(&self, trial: impl FnOnce() -> T) -> T {
        let logged = self.f().IsEnabled(glow::DEBUG_OUTPUT) != 0;
        self.set_enabled(glow::DEBUG_OUTPUT, false);
        let result = trial();
        self.set_enabled(glow::DEBUG_OUTPUT, logged);
        result
    }
}

extern "system" fn callback(
    source: u32,
    kind: u32,
    id: u32,
    severity: u32,
    length: i32,
    message: *const c_char,
    _user: *const c_void,
) {
    let Ok(length) = usize::try_from(length) else {
        return;
    };
    if message.is_null() {
        return;
    }
    // SAFETY: GL gives `length` bytes that live during the call.
    let bytes = unsafe { std::slice::from_raw_parts(message.cast::<u8>(), length.min(MAX_LENGTH)) };
    // A panic must not cross the driver. What a log subscriber does is not ours to vouch for.
    let _ = panic::catch_unwind(|| log(source, kind, id, severity, &String::from_utf8_lossy(bytes)));
}

fn log(source: u32, kind: u32, id: u32, severity: u32, message: &str) {
    static REPEATS: LazyLock<Mutex<Repeats>> = LazyLock::new(Mutex::default);
    let times = REPEATS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .count((kind, id, message));
    let Some(times) = times else { return };
    let message = message.trim_end();
    match level(source, kind, severity) {
        Level::ERROR => tracing::error!(target: "pixbridge::gl::driver", times, "{message}"),
        Level::WARN => tracing::warn!(target: "pixbridge::gl::driver", times, "{message}"),
        _ => tracing::debug!(target: "pixbridge::gl::driver", times, "{message}"),
    }
}

/// How much a message matters. Drivers take everything that a compiler says for important, but its warnings are about
/// shaders of clients, and what they find slow is what clients ask for.
fn level(source: u32, kind: u32, severity: u32) -> Level {
    let warning = source == glow::DEBUG_SOURCE_SHADER_COMPILER && kind != glow::DEBUG_TYPE_ERROR;
    match severity {
        _ if warning || kind == glow::DEBUG_TYPE_PERFORMANCE => Level::DEBUG,
        glow::DEBUG_SEVERITY_HIGH => Level::ERROR,
        glow::DEBUG_SEVERITY_MEDIUM => Level::WARN,
        _ => Level::DEBUG,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compilers_warnings_matter_less_than_errors() {
        use glow::*;
        let compiler = |kind| level(DEBUG_SOURCE_SHADER_COMPILER, kind, DEBUG_SEVERITY_HIGH);
        assert_eq!(compiler(DEBUG_TYPE_ERROR), Level::ERROR);
        assert_eq!(compiler(DEBUG_TYPE_OTHER), Level::DEBUG);
        assert_eq!(
            level(DEBUG_SOURCE_API, DEBUG_TYPE_PORTABILITY, DEBUG_SEVERITY_MEDIUM),
            Level::WARN
        );
    }

    #[test]
    fn a_repeated_message_is_logged_ever_more_rarely() {
        let mut repeats = Repeats::default();
        let logged: Vec<_> = (0..9).filter_map(|_| repeats.count("slow path")).collect();
        assert_eq!(logged, [1, 2, 4, 8]);
        assert_eq!(repeats.count("another"), Some(1));
    }

    #[test]
    fn the_memory_of_messages_is_bounded() {
        let mut repeats = Repeats::default();
        for number in 0..3 * MAX_KNOWN {
            repeats.count(number);
        }
        assert!(repeats.seen.len() <= MAX_KNOWN);
    }
}
