//! What the environment says. Read once, without allocating: hooks run inside allocators too.

use std::{ffi::CStr, sync::OnceLock};

#[cfg(not(test))]
const SOCKET: &CStr = c"PIXBRIDGE_SOCKET";
#[cfg(not(test))]
const NODE: &CStr = c"PIXBRIDGE_NODE";
/// A render node of a number that no real device has: libdrm would take a real one's place in `/sys` for ours.
pub(crate) const DEFAULT_NODE: &CStr = c"/dev/dri/renderD191";
const DEFAULT_MINOR: u32 = 191;
/// As long as a Unix socket's path can be.
const PATH_SIZE: usize = 108;

/// Where the session is, and where its device seems to be.
pub(crate) struct Config {
    socket: Path,
    node: Path,
    minor: u32,
}

impl Config {
    /// The environment's word at the first call; none without a session.
    pub(crate) fn get() -> Option<&'static Self> {
        static CONFIG: OnceLock<Option<Config>> = OnceLock::new();
        CONFIG.get_or_init(Self::read).as_ref()
    }

    #[cfg(test)]
    fn read() -> Option<Self> {
        crate::tests::session::shared()
    }

    #[cfg(not(test))]
    fn read() -> Option<Self> {
        Self::new(variable(SOCKET)?, variable(NODE).unwrap_or(DEFAULT_NODE))
    }

    pub(crate) fn new(socket: &CStr, node: &CStr) -> Option<Self> {
        Some(Self {
            socket: Path::absolute(socket)?,
            node: Path::absolute(node)?,
            minor: trailing_number(node.to_bytes()).unwrap_or(DEFAULT_MINOR),
        })
    }

    /// The address of the session's socket.
    pub(crate) fn socket(&self) -> &CStr {
        self.socket.as_c_str()
    }

    /// The path of the device that there seems to be.
    pub(crate) fn node(&self) -> &CStr {
        self.node.as_c_str()
    }

    /// The minor number of the device that there seems to be.
    pub(crate) fn minor(&self) -> u32 {
        self.minor
    }
}

/// A path in a place of its own.
struct Path([u8; PATH_SIZE]);

impl Path {
    fn absolute(path: &CStr) -> Option<Self> {
        let path = path.to_bytes_with_nul();
        let mut bytes = [0; PATH_SIZE];
        bytes.get_mut(..path.len())?.copy_from_slice(path);
        (path[0] == b'/').then_some(Self(bytes))
    }

    fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }
}

/// The value of a variable of the environment.
#[cfg(not(test))]
fn variable(name: &CStr) -> Option<&'static CStr> {
    // SAFETY: the name is a C string.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: getenv gives a C string. It is copied before anything else runs in this thread.
    Some(unsafe { CStr::from_ptr(value) })
}

/// The number at the end of a name.
fn trailing_number(name: &[u8]) -> Option<u32> {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    str::from_utf8(&name[name.len() - digits..]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_minor_number_is_the_one_in_the_nodes_name() {
        let config = Config::new(c"/run/session", c"/dev/dri/renderD200").unwrap();
        assert_eq!(config.minor(), 200);
        assert_eq!(config.node(), c"/dev/dri/renderD200");
        assert_eq!(
            Config::new(c"/run/session", c"/dev/gpu").unwrap().minor(),
            super::DEFAULT_MINOR
        );
    }

    #[test]
    fn paths_are_absolute_and_fit_an_address() {
        assert!(Config::new(c"session", super::DEFAULT_NODE).is_none());
        assert!(Config::new(c"", super::DEFAULT_NODE).is_none());
        let long = std::ffi::CString::new([b'/'; 108]).unwrap();
        assert!(Config::new(&long, super::DEFAULT_NODE).is_none());
    }
}
