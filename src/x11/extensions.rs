//! Which extensions the server has, in which versions, asked once.
//!
//! A server's version is the lowest that all its screens support, so it is never assumed from the vendor's release.

use std::fmt;

use x11rb::{
    connection::RequestConnection,
    errors::ReplyError,
    protocol::{
        ErrorKind, composite::ConnectionExt as _, damage::ConnectionExt as _, dri3::ConnectionExt as _,
        present::ConnectionExt as _, randr::ConnectionExt as _, shm::ConnectionExt as _,
        sync::ConnectionExt as _, xfixes::ConnectionExt as _, xtest::ConnectionExt as _,
    },
};

use super::{Connection, X11Error};

/// An extension that some part of the bridge uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extension {
    /// [DRI3](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/dri3proto.txt): pixmaps and fences
    /// by file descriptor.
    Dri3,
    /// [Present](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/presentproto.txt): pictures
    /// shown at a time.
    Present,
    /// [MIT-SHM](https://www.x.org/releases/current/doc/xextproto/shm.html): pixmaps and images in shared memory.
    Shm,
    /// XFIXES: regions.
    XFixes,
    /// DAMAGE: what was drawn since.
    Damage,
    /// Composite: windows drawn into pixmaps.
    Composite,
    /// SYNC: fences.
    Sync,
    /// RandR: outputs and their clocks.
    RandR,
    /// XTEST: input made by a client.
    XTest,
}

impl Extension {
    /// All of them, in the order of [`Extensions`].
    pub const ALL: [Self; 9] = [
        Self::Dri3,
        Self::Present,
        Self::Shm,
        Self::XFixes,
        Self::Damage,
        Self::Composite,
        Self::Sync,
        Self::RandR,
        Self::XTest,
    ];

    /// The name that servers know it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dri3 => "DRI3",
            Self::Present => "Present",
            Self::Shm => "MIT-SHM",
            Self::XFixes => "XFIXES",
            Self::Damage => "DAMAGE",
            Self::Composite => "Composite",
            Self::Sync => "SYNC",
            Self::RandR => "RANDR",
            Self::XTest => "XTEST",
        }
    }

    /// The newest version that the bridge knows.
    pub const fn newest(self) -> Version {
        match self {
            Self::Dri3 | Self::Present => Version(1, 4),
            Self::Shm => Version(1, 2),
            Self::XFixes => Version(6, 0),
            Self::Damage => Version(1, 1),
            Self::Composite => Version(0, 4),
            Self::Sync => Version(3, 1),
            Self::RandR => Version(1, 6),
            Self::XTest => Version(2, 2),
        }
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Major and minor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// Why an extension cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Absence {
    /// The server does not list it.
    #[error("the server does not have it")]
    NotOffered,
    /// It was switched off here.
    #[error("switched off")]
    SwitchedOff,
    /// The server has it, but not for connections from elsewhere: that is what BadMatch means in answer to DRI3's
    /// QueryVersion.
    #[error("the connection is remote")]
    Remote,
    /// The server answered the question for the version with an error.
    #[error("the server refuses it: {0:?}")]
    Refused(ErrorKind),
    /// There, but older than what needs it.
    #[error("version {has}, and {wants} is needed")]
    TooOld {
        /// The server's.
        has: Version,
        /// The one needed.
        wants: Version,
    },
}

/// The versions that may be used at most. By default the newest that the bridge knows.
///
/// Forcing an older version, or none, is how each path is tried on a server that would take a better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits([Option<Version>; Extension::ALL.len()]);

impl Default for Limits {
    fn default() -> Self {
        Self(Extension::ALL.map(|extension| Some(extension.newest())))
    }
}

impl Limits {
    /// The same without an extension.
    #[must_use]
    pub fn without(mut self, extension: Extension) -> Self {
        self.0[extension as usize] = None;
        self
    }

    /// The same with no newer version of an extension than this.
    #[must_use]
    pub fn at_most(mut self, extension: Extension, version: Version) -> Self {
        self.0[extension as usize] = Some(version.min(extension.newest()));
        self
    }

    fn of(&self, extension: Extension) -> Option<Version> {
        self.0[extension as usize]
    }
}

/// What the server and we both speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extensions([Result<Version, Absence>; Extension::ALL.len()]);

impl Extensions {
    /// Asks the server for every extension that `limits` allow.
    ///
    /// # Errors
    /// If the connection breaks. An extension that the server lacks or refuses is no error.
    pub(super) fn negotiate(connection: &Connection, limits: &Limits) -> Result<Self, X11Error> {
        for extension in Extension::ALL {
            connection.prefetch_extension_information(extension.name())?;
        }
        let mut found = Extension::ALL.map(|_| Err(Absence::NotOffered));
        for extension in Extension::ALL {
            found[extension as usize] = match limits.of(extension) {
                None => Err(Absence::SwitchedOff),
                Some(_) if connection.extension_information(extension.name())?.is_none() => {
                    Err(Absence::NotOffered)
                }
                Some(limit) => match query(connection, extension, limit) {
                    Ok(version) => Ok(version.min(limit)),
                    Err(ReplyError::ConnectionError(error)) => return Err(error.into()),
                    Err(ReplyError::X11Error(error)) => Err(match error.error_kind {
                        ErrorKind::Match if extension == Extension::Dri3 => Absence::Remote,
                        kind => Absence::Refused(kind),
                    }),
                },
            };
        }
        Ok(Self(found))
    }

    /// The version in use.
    ///
    /// # Errors
    /// Why there is none.
    pub fn version(&self, extension: Extension) -> Result<Version, Absence> {
        self.0[extension as usize].clone()
    }

    /// Whether at least this version is in use.
    pub fn has(&self, extension: Extension, wants: Version) -> bool {
        self.need(extension, wants).is_ok()
    }

    /// The version in use, if it is at least `wants`.
    ///
    /// # Errors
    /// Why it is not.
    pub fn need(&self, extension: Extension, wants: Version) -> Result<Version, Absence> {
        match self.version(extension)? {
            has if has < wants => Err(Absence::TooOld { has, wants }),
            has => Ok(has),
        }
    }
}

fn query(c: &Connection, extension: Extension, limit: Version) -> Result<Version, ReplyError> {
    let Version(major, minor) = limit;
    // Where the protocol has a byte, our limits fit one.
    let small = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    Ok(match extension {
        Extension::Dri3 => {
            let v = c.dri3_query_version(major, minor)?.reply()?;
            Version(v.major_version, v.minor_version)
        }
        Extension::Present => {
            let v = c.present_query_version(major, minor)?.reply()?;
            Version(v.major_version, v.minor_version)
        }
        Extension::Shm => {
            let v = c.shm_query_version()?.reply()?;
            Version(v.major_version.into(), v.minor_version.into())
        }
        Extension::XFixes => {
            let v = c.xfixes_query_version(major, minor)?.reply()?;
            Version(v.major_version, v.minor_version)
        }
        Extension::Damage => {
            let v = c.damage_query_version(major, minor)?.reply()?;
            Version(v.major_version, v.minor_version)
        }
        Extension::Composite => {
            let v = c.composite_query_version(major, minor)?.reply()?;
            Version(v.major_version, v.minor_version)
        }
        Extension::Sync => {
            let v = c.sync_initialize(small(major), small(minor))?.reply()?;
            Version(v.major_version.into(), v.minor_version.into())
        }
        Extension::RandR => {
            let v = c.randr_query_version(major, minor)?.reply()?;
            Version(v.major_version, v.minor_version)
        }
        Extension::XTest => {
            let v = c.xtest_get_version(small(major), small(minor).into())?.reply()?;
            Version(v.major_version.into(), v.minor_version.into())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_never_newer_than_what_we_know() {
        let limits = Limits::default().at_most(Extension::Dri3, Version(9, 0));
        assert_eq!(limits.of(Extension::Dri3), Some(Version(1, 4)));
        assert_eq!(limits.without(Extension::Dri3).of(Extension::Dri3), None);
    }

    #[test]
    fn an_old_version_says_what_is_needed() {
        let mut found = Extension::ALL.map(|_| Err(Absence::NotOffered));
        found[Extension::Dri3 as usize] = Ok(Version(1, 0));
        let extensions = Extensions(found);
        assert!(extensions.has(Extension::Dri3, Version(1, 0)));
        let absence = extensions.need(Extension::Dri3, Version(1, 2)).unwrap_err();
        assert_eq!(absence.to_string(), "version 1.0, and 1.2 is needed");
        assert_eq!(
            extensions.need(Extension::Present, Version(1, 0)),
            Err(Absence::NotOffered)
        );
    }
}
