//! What the X display has, and which ways between it and GL work: each is gone once.

use std::rc::Rc;

use pixbridge::{
    bridge::{provider::Dri3, trial},
    gl::{self, Choice, Gl, GlError},
    present::{CanvasAllocator, Ladder, PresentError, Rung, open_gl},
    x11::{Display, Extension, ImportError, Limits, Paths, PixmapImporter, PixmapPath, Version},
};
use x11rb::connection::{Connection as _, RequestConnection as _};

use super::{Finding, Section, bad, good};

pub(super) fn sections(choice: Choice) -> Vec<Section> {
    let display = match Display::open(None, &Limits::default()) {
        Ok(display) => Rc::new(display),
        Err(error) => {
            let findings = vec![bad("connection", error.to_string())];
            return vec![Section {
                title: "X server",
                findings,
            }];
        }
    };
    let (present, import) = match open(&display, choice) {
        Ok((renderer, gl)) => (
            frames(&display, &renderer, &gl),
            pixmaps(&display, &renderer, &gl),
        ),
        Err(error) => (
            vec![bad("GL", error.to_string())],
            vec![bad("GL", error.to_string())],
        ),
    };
    [
        ("X server", server(&display)),
        ("Frames to windows", present),
        ("Pixmaps to textures", import),
        ("As the guest of compose", guest(&display)),
    ]
    .map(|(title, findings)| Section { title, findings })
    .into()
}

fn open(display: &Display, choice: Choice) -> Result<(Rc<gl::Display>, Gl), GlError> {
    let renderer = open_gl(display, choice)?;
    let gl = renderer.create_context(None)?.gl();
    Ok((renderer, gl))
}

fn server(display: &Display) -> Vec<Finding> {
    let setup = display.connection().setup();
    let vendor = String::from_utf8_lossy(&setup.vendor);
    let screen = display.screen();
    let size = format!(
        "{}x{}, depth {}",
        screen.width_in_pixels, screen.height_in_pixels, screen.root_depth
    );
    let mut findings = vec![
        good("vendor", format!("{vendor} release {}", setup.release_number)),
        good("screen", size),
    ];
    findings.extend(
        Extension::ALL.map(|extension| match display.extensions().version(extension) {
            Ok(version) => good(extension.name(), version.to_string()),
            Err(absence) => bad(extension.name(), absence.to_string()),
        }),
    );
    findings.push(match display.connection().extension_information("GLX") {
        Ok(Some(_)) => good("GLX", "present"),
        Ok(None) => bad("GLX", "the server does not have it"),
        Err(error) => bad("GLX", error.to_string()),
    });
    findings.push(match Dri3::available(display) {
        Ok(_) => good("DRI3 by run", "applications of run share their frames"),
        Err(error) => bad("DRI3 by run", error.to_string()),
    });
    findings
}

/// The device that GL is on here.
fn device(renderer: &gl::Display) -> Finding {
    let capabilities = renderer.capabilities();
    let node = renderer.gbm().map_or("no device", |gbm| gbm.node());
    let (platform, name) = (renderer.platform(), &capabilities.renderer);
    good("GL", format!("{name} on {node}, platform {platform}"))
}

/// The ways of presenting.
fn frames(display: &Rc<Display>, renderer: &Rc<gl::Display>, gl: &Gl) -> Vec<Finding> {
    let allocator = CanvasAllocator::new(gl).with_dmabufs(renderer);
    let ways = Rung::ALL.map(|rung| {
        let tried = trial::present(display, allocator.clone(), Ladder::force(rung));
        let detail = match rung {
            Rung::Syncobj => "as modifiers, and timelines say when it is drawn and read",
            Rung::Modifiers | Rung::Linear => "drawn in memory that the server shows: no copy",
            Rung::ShmPixmap => "drawn in, or read back to, memory that the server copies",
            Rung::ShmPutImage => "as shm-pixmap, without Present",
            Rung::PutImage => "sent through the connection",
        };
        match tried {
            Ok(_) => good(rung.name(), detail),
            Err(error) => bad(rung.name(), why_not(&error, rung)),
        }
    });
    [device(renderer)].into_iter().chain(ways).collect()
}

/// Why a way alone did not do; that it is the only one that was allowed is no news.
fn why_not(error: &PresentError, rung: Rung) -> String {
    match error {
        PresentError::NoPath(reasons) => reasons.trim_start_matches(&format!("{rung}: ")).to_owned(),
        error => error.to_string(),
    }
}

/// The ways of importing.
fn pixmaps(display: &Rc<Display>, renderer: &Rc<gl::Display>, gl: &Gl) -> Vec<Finding> {
    let importer = PixmapImporter::new(display.clone(), renderer.clone(), gl.clone());
    let importer = Rc::new(importer);
    let try_path = |path: PixmapPath| {
        let detail = match path {
            PixmapPath::DmabufModifiers | PixmapPath::Dmabuf | PixmapPath::EglPixmap => {
                "the texture is the pixmap's memory: no copy"
            }
            PixmapPath::ShmImage => "what changed is copied to shared memory and uploaded",
            PixmapPath::GetImage => "what changed is sent through the connection and uploaded",
        };
        match trial::import(display, &importer, Paths::only(path)) {
            Ok(_) => good(path.name(), detail),
            Err(error) => bad(path.name(), reason(&error, path)),
        }
    };
    PixmapPath::ALL.map(try_path).into()
}

/// Why a path alone did not do; that the others were switched off is no news.
fn reason(error: &ImportError, path: PixmapPath) -> String {
    let ImportError::NoPath(skipped) = error else {
        return error.to_string();
    };
    let own = skipped.iter().find(|skipped| skipped.path == path);
    own.map_or_else(|| error.to_string(), |skipped| skipped.reason.to_string())
}

/// What windows can be shown elsewhere with.
fn guest(display: &Display) -> Vec<Finding> {
    let needs = [
        (Extension::Composite, Version(0, 2), "windows have pixmaps"),
        (Extension::Damage, Version(1, 0), "changes are told of"),
        (Extension::XTest, Version(2, 0), "keyboard and pointer go back"),
        (Extension::XFixes, Version(2, 0), "the pointer's picture is known"),
    ];
    needs
        .map(
            |(extension, version, use_of_it)| match display.extensions().need(extension, version) {
                Ok(_) => good(extension.name(), use_of_it),
                Err(absence) => bad(
                    extension.name(),
                    format!("without it: not {use_of_it}: {absence}"),
                ),
            },
        )
        .into()
}
