//! Whether a preload library can reach a program.
//!
//! The dynamic loader carries out `LD_PRELOAD`: it must be there, of the library's kind, and not on its guard against
//! whoever started the program ([ld.so(8)](https://man7.org/linux/man-pages/man8/ld.so.8.html), secure-execution mode).

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Read},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{FileExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use rustix::process::{getgid, getuid};

/// Interpreters of scripts that are scripts themselves, as deep as the kernel follows them.
const MAX_SCRIPTS: usize = 4;
/// Bytes of a script's first line that the kernel looks at.
const SCRIPT_LINE: usize = 256;
/// Entries of an ELF program header table that are looked at; real programs have a dozen.
const MAX_SEGMENTS: u64 = 256;
/// The segment that names the dynamic loader.
const PT_INTERP: u32 = 3;
const CAPABILITIES: &str = "security.capability";

/// Why a program cannot be brought to use pixbridge.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub(super) enum Unreachable {
    #[error("{} is not found in PATH", .0.display())]
    NotFound(OsString),
    #[error("{}: {error}", .path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error(
        "{} is statically linked: no library can be loaded into it. If it only starts the application, name that one, or \
         start it from a shell: run -- sh -c ...",
        .0.display()
    )]
    Static(PathBuf),
    #[error("{} gains privileges when it runs ({by}): no library of ours may be loaded into it", .path.display())]
    Privileged { path: PathBuf, by: &'static str },
    #[error("{} is a program for another machine or word size than this one", .0.display())]
    Foreign(PathBuf),
    #[error("{} is a script whose interpreters are scripts, {MAX_SCRIPTS} deep", .0.display())]
    Scripts(PathBuf),
}

/// Checks that a preload library reaches what runs by this name.
///
/// # Errors
/// If it does not, or there is no such program.
pub(super) fn check(name: &OsStr) -> Result<(), Unreachable> {
    let mut path = find(name)?;
    for _ in 0..=MAX_SCRIPTS {
        match look(&path)? {
            Kind::Script(interpreter) => path = interpreter,
            Kind::Dynamic => return Ok(()),
            Kind::Static => return Err(Unreachable::Static(path)),
            Kind::Foreign => return Err(Unreachable::Foreign(path)),
        }
    }
    Err(Unreachable::Scripts(path))
}

/// What the kernel makes of a file.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Dynamic,
    Static,
    Foreign,
    Script(PathBuf),
}

fn find(name: &OsStr) -> Result<PathBuf, Unreachable> {
    if name.as_bytes().contains(&b'/') {
        return Ok(name.into());
    }
    let directories = env::var_os("PATH").unwrap_or_default();
    let mut candidates = env::split_paths(&directories).map(|directory| directory.join(name));
    candidates
        .find(|path| {
            fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        })
        .ok_or_else(|| Unreachable::NotFound(name.into()))
}

fn look(path: &Path) -> Result<Kind, Unreachable> {
    let unreadable = |error| Unreachable::Unreadable {
        path: path.into(),
        error,
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        // One may be allowed to run what one may not read; then there is nothing to look at.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(Kind::Dynamic),
        Err(error) => return Err(unreadable(error)),
    };
    if let Some(by) = privilege(path, &file.metadata().map_err(unreadable)?) {
        let path = path.into();
        return Err(Unreachable::Privileged { path, by });
    }
    let mut head = Vec::new();
    let limit = SCRIPT_LINE as u64;
    Read::take(&mut file, limit)
        .read_to_end(&mut head)
        .map_err(unreadable)?;
    if let Some(line) = head.strip_prefix(b"#!") {
        return Ok(Kind::Script(interpreter(line)));
    }
    // What has neither form is for a shell to run, and that is a program by itself.
    match Segments::of(&head) {
        Some(segments) => segments.kind(&file).map_err(unreadable),
        None => Ok(Kind::Dynamic),
    }
}

/// What gives a program more rights than its caller has.
fn privilege(path: &Path, file: &fs::Metadata) -> Option<&'static str> {
    let mode = file.permissions().mode();
    if mode & 0o4000 != 0 && file.uid() != getuid().as_raw() {
        return Some("set-user-ID");
    }
    if mode & 0o2010 == 0o2010 && file.gid() != getgid().as_raw() {
        return Some("set-group-ID");
    }
    let has_capabilities =
        rustix::fs::getxattr(path, CAPABILITIES, &mut [0u8; 64]).is_ok_and(|length| length > 0);
    (has_capabilities && !getuid().is_root()).then_some("file capabilities")
}

/// The path in the first line of a script.
fn interpreter(line: &[u8]) -> PathBuf {
    let line = line.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let path = line.trim_ascii().split(u8::is_ascii_whitespace).next();
    OsString::from_vec(path.unwrap_or_default().to_vec()).into()
}

/// Where an ELF file of this machine's kind has its program headers.
#[derive(Debug)]
enum Segments {
    Table { offset: u64, size: u64, count: u64 },
    Foreign,
}

impl Segments {
    /// `None` if the bytes do not begin an ELF file.
    fn of(head: &[u8]) -> Option<Self> {
        let identity = head.strip_prefix(b"\x7fELF")?;
        let class = if cfg!(target_pointer_width = "64") { 2 } else { 1 };
        let order = if cfg!(target_endian = "little") { 1 } else { 2 };
        if identity.get(..2) != Some(&[class, order][..]) {
            return Some(Self::Foreign);
        }
        let half = |at: usize| {
            head.get(at..)?
                .first_chunk()
                .map(|bytes| u16::from_ne_bytes(*bytes))
        };
        let word = |at: usize| {
            head.get(at..)?
                .first_chunk()
                .map(|bytes| usize::from_ne_bytes(*bytes))
        };
        let after = 0x18 + 3 * size_of::<usize>();
        let table = || {
            Some(Self::Table {
                offset: word(0x18 + size_of::<usize>())? as u64,
                size: half(after + 6)?.into(),
                count: half(after + 8)?.into(),
            })
        };
        Some(table().unwrap_or(Self::Foreign))
    }

    fn kind(self, file: &File) -> io::Result<Kind> {
        let Self::Table { offset, size, count } = self else {
            return Ok(Kind::Foreign);
        };
        let mut kind = [0; 4];
        for entry in 0..count.min(MAX_SEGMENTS) {
            file.read_exact_at(&mut kind, offset.saturating_add(entry * size))?;
            if u32::from_ne_bytes(kind) == PT_INTERP {
                return Ok(Kind::Dynamic);
            }
        }
        Ok(Kind::Static)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(directory: &tempfile::TempDir, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// The smallest ELF file with one program header of the given kind.
    fn elf(segment: u32) -> Vec<u8> {
        let word = size_of::<usize>();
        let mut bytes = fs::read("/proc/self/exe").unwrap()[..0x18 + 3 * word + 16].to_vec();
        let table = bytes.len();
        bytes[0x18 + word..0x18 + 2 * word].copy_from_slice(&table.to_ne_bytes());
        bytes[0x18 + 3 * word + 8..][..2].copy_from_slice(&1u16.to_ne_bytes());
        bytes.extend_from_slice(&segment.to_ne_bytes());
        bytes.resize(table + 56, 0);
        bytes
    }

    #[test]
    fn a_program_found_in_the_path_is_reached() {
        check(OsStr::new("sh")).unwrap();
        assert!(matches!(
            check(OsStr::new("no such program")),
            Err(Unreachable::NotFound(_))
        ));
    }

    #[test]
    fn a_script_is_as_reachable_as_its_interpreter() {
        let directory = tempfile::tempdir().unwrap();
        let good = script(&directory, "good", "#! /bin/sh -e\nexit", 0o755);
        check(good.as_os_str()).unwrap();
        let bad = script(&directory, "bad", "#!/no/such/interpreter\n", 0o755);
        assert!(matches!(
            check(bad.as_os_str()),
            Err(Unreachable::Unreadable { path, .. }) if path == Path::new("/no/such/interpreter")
        ));
        let own = directory.path().join("own");
        fs::write(&own, format!("#!{}", own.display())).unwrap();
        assert!(matches!(check(own.as_os_str()), Err(Unreachable::Scripts(_))));
    }

    #[test]
    fn a_program_without_a_loader_is_static() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        fs::write(&path, elf(1)).unwrap();
        assert!(matches!(check(path.as_os_str()), Err(Unreachable::Static(_))));
        fs::write(&path, elf(PT_INTERP)).unwrap();
        check(path.as_os_str()).unwrap();
    }

    #[test]
    fn a_program_of_another_word_size_is_foreign_and_one_cut_short_is_no_panic() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        let mut other = elf(PT_INTERP);
        other[4] ^= 3;
        fs::write(&path, other).unwrap();
        assert!(matches!(check(path.as_os_str()), Err(Unreachable::Foreign(_))));
        let whole = elf(PT_INTERP);
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let _ = check(path.as_os_str());
        }
    }

    #[test]
    fn a_program_that_runs_as_somebody_else_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = script(&directory, "program", "#!/bin/sh\n", 0o4755);
        check(path.as_os_str()).expect("it is our own");
        if getuid().is_root() {
            std::os::unix::fs::chown(&path, Some(1), None).unwrap();
            // A change of owner takes the bit away.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o4755)).unwrap();
            let refused = check(path.as_os_str());
            assert!(matches!(
                refused,
                Err(Unreachable::Privileged {
                    by: "set-user-ID",
                    ..
                })
            ));
        }
    }
}
