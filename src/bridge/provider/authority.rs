//! Who may speak to a display of ours: those who know a secret that is kept in a file of the user's own.
//!
//! The file has the form of [Xauthority](https://gitlab.freedesktop.org/xorg/lib/libxau/-/blob/master/README.md), with one
//! `MIT-MAGIC-COOKIE-1` for the display's number on whatever host.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rustix::rand::{GetRandomFlags, getrandom};
use tempfile::TempDir;

const PROTOCOL: &[u8] = b"MIT-MAGIC-COOKIE-1";
const SECRET: usize = 16;
/// The family that stands for all addresses.
const FAMILY_WILD: u16 = 0xffff;

/// The secret of a display. Its file goes with it.
#[derive(Debug)]
pub struct Authority {
    secret: [u8; SECRET],
    directory: TempDir,
}

impl Authority {
    /// Makes a secret for the display of this number, and the file that tells it.
    ///
    /// # Errors
    /// If the system has no random numbers, or the file cannot be made.
    pub fn create(display: u32) -> io::Result<Self> {
        let mut secret = [0; SECRET];
        let filled = getrandom(&mut secret, GetRandomFlags::empty())?;
        if filled != SECRET {
            return Err(io::Error::other("the system is short of random numbers"));
        }
        // A directory that nobody else can enter, from its first moment on.
        let directory = tempfile::Builder::new()
            .prefix("pixbridge-x-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir()?;
        let authority = Self { secret, directory };
        fs::write(authority.path(), entry(display, &secret))?;
        Ok(authority)
    }

    /// The file, for `XAUTHORITY` of those who are let in.
    pub fn path(&self) -> PathBuf {
        Path::join(self.directory.path(), "Xauthority")
    }

    /// Whether somebody knows the secret.
    pub(super) fn admits(&self, protocol: &[u8], proof: &[u8]) -> bool {
        // The time that it takes must not say how much of a guess was right.
        protocol == PROTOCOL
            && proof.len() == SECRET
            && (proof.iter().zip(&self.secret))
                .fold(0, |differences, (guess, byte)| differences | (guess ^ byte))
                == 0
    }
}

fn entry(display: u32, secret: &[u8]) -> Vec<u8> {
    let number = display.to_string();
    let mut bytes = FAMILY_WILD.to_be_bytes().to_vec();
    for field in [b"", number.as_bytes(), PROTOCOL, secret] {
        bytes.extend((field.len() as u16).to_be_bytes());
        bytes.extend(field);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_is_admitted() {
        let authority = Authority::create(20).unwrap();
        let secret = authority.secret;
        assert!(authority.admits(PROTOCOL, &secret));
        assert!(!authority.admits(b"", &secret) && !authority.admits(PROTOCOL, &[]));
        assert!(!authority.admits(PROTOCOL, &secret[1..]));
        for byte in 0..SECRET {
            let mut guess = secret;
            guess[byte] ^= 0x80;
            assert!(!authority.admits(PROTOCOL, &guess));
        }
        assert_ne!(Authority::create(20).unwrap().secret, secret);
    }

    #[test]
    fn the_file_is_the_users_alone_and_goes_with_the_secret() {
        let authority = Authority::create(20).unwrap();
        let path = authority.path();
        let directory = fs::metadata(path.parent().unwrap()).unwrap();
        assert_eq!(directory.permissions().mode() & 0o777, 0o700);
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes[..6], [0xff, 0xff, 0, 0, 0, 2]);
        assert!(bytes.ends_with(&authority.secret));
        drop(authority);
        assert!(!path.exists());
    }
}
