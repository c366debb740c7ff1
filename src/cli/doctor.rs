//! `pixbridge doctor`: what works here, and why the rest does not.

use std::process::ExitCode;

use clap::Args;
use pixbridge::gl::{Choice, Display, DmabufImport};
use serde::Serialize;
use x11rb::{
    connection::{Connection, RequestConnection},
    protocol::{
        damage::ConnectionExt as _, dri3::ConnectionExt as _, present::ConnectionExt as _,
        shm::ConnectionExt as _, xfixes::ConnectionExt as _,
    },
};

use super::Failure;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    works: bool,
    detail: String,
}

#[derive(Debug, Serialize)]
struct Section {
    title: &'static str,
    findings: Vec<Finding>,
}

fn good(what: impl Into<String>, detail: impl Into<String>) -> Finding {
    Finding {
        what: what.into(),
        works: true,
        detail: detail.into(),
    }
}

fn bad(what: impl Into<String>, detail: impl Into<String>) -> Finding {
    Finding {
        what: what.into(),
        works: false,
        detail: detail.into(),
    }
}

impl Doctor {
    pub(super) fn run(self, gl: Choice) -> Result<ExitCode, Failure> {
        let sections = [
            Section {
                title: "GL host",
                findings: gl_host(gl),
            },
            Section {
                title: "X server",
                findings: x_server(),
            },
            Section {
                title: "Not built yet",
                findings: not_built(),
            },
        ];
        if self.json {
            println!("{}", serde_json::to_string_pretty(&sections)?);
        } else {
            for section in &sections {
                println!("{}", section.title);
                for finding in &section.findings {
                    let mark = if finding.works { "yes" } else { "no " };
                    println!("  {mark} {:<24} {}", finding.what, finding.detail);
                }
            }
        }
        let usable = sections[0].findings.iter().any(|finding| finding.works);
        Ok(if usable {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

fn gl_host(choice: Choice) -> Vec<Finding> {
    let display = match Display::open(choice) {
        Ok(display) => display,
        Err(error) => return vec![bad("GL", error.to_string())],
    };
    let mut findings = vec![good("platform", display.platform().to_string())];
    findings.push(good("attempts", display.report().to_string()));
    let capabilities = display.capabilities();
    findings.push(good("renderer", &capabilities.renderer));
    findings.push(good("version", &capabilities.version_string));
    let useful = [
        ("GL_KHR_robustness", "a lost GPU is noticed"),
        (
            "GL_ARB_shader_stencil_export",
            "stencil can be blitted between formats",
        ),
        (
            "GL_ARB_seamless_cubemap_per_texture",
            "seamless cube maps by sampler",
        ),
        (
            "GL_EXT_texture_mirror_clamp",
            "mirrored clamping as the client asks",
        ),
    ];
    for (extension, use_of_it) in useful {
        findings.push(match capabilities.has(extension) {
            true => good(extension, use_of_it),
            false => bad(extension, format!("without it: not {use_of_it}")),
        });
    }
    findings.extend(shared_memory(&display));
    findings.extend(formats(&display));
    findings
}

/// What of others' memory GL uses, and of GL's memory others can.
fn shared_memory(display: &Display) -> Vec<Finding> {
    let support = display.dmabuf_support();
    let modifiers = || match display.dmabuf_formats() {
        Ok(formats) => format!("with modifiers, {} formats", formats.len()),
        Err(error) => format!("with modifiers, formats not told: {error}"),
    };
    let import = match support.import {
        DmabufImport::None => bad("dmabuf import", "pictures of others are copied into textures"),
        DmabufImport::Implicit => good("dmabuf import", "without modifiers"),
        DmabufImport::Modifiers => good("dmabuf import", modifiers()),
    };
    let export = match support.export {
        true => good("dmabuf export", "textures can be had as dmabufs"),
        false => bad("dmabuf export", "textures cannot be had as dmabufs"),
    };
    let gbm = match display.gbm() {
        Some(device) => good("GBM", format!("buffers from {}", device.node())),
        None => bad("GBM", "no device to allocate buffers on"),
    };
    let memory = display
        .create_context(None)
        .and_then(|context| context.gl().probe_drawable_memory());
    let memory = match memory {
        Ok(memory) => good(
            "drawable memory",
            format!(
                "shared by memfd, rows are multiples of {} bytes",
                memory.row_alignment()
            ),
        ),
        Err(error) => bad("drawable memory", error.to_string()),
    };
    vec![import, export, gbm, memory]
}

fn formats(display: &Display) -> Vec<Finding> {
    let counts = display.create_context(None).and_then(|context| {
        context.make_current()?;
        let support = pixbridge::pipe::caps::FormatSupport::probe(&context.gl())?;
        Ok([
            ("sampled formats", support.sampler),
            ("rendered formats", support.render),
            ("multisampled formats", support.multisample),
        ])
    });
    match counts {
        Ok(masks) => masks
            .into_iter()
            .map(|(what, mask)| good(what, mask.iter().count().to_string()))
            .collect(),
        Err(error) => vec![bad("context", error.to_string())],
    }
}

fn x_server() -> Vec<Finding> {
    let (connection, screen) = match x11rb::connect(None) {
        Ok(connected) => connected,
        Err(error) => return vec![bad("connection", error.to_string())],
    };
    let setup = connection.setup();
    let vendor = String::from_utf8_lossy(&setup.vendor).into_owned();
    let mut findings = vec![good(
        "vendor",
        format!("{vendor} release {}", setup.release_number),
    )];
    if let Some(root) = setup.roots.get(screen) {
        let size = format!(
            "{}x{}, depth {}",
            root.width_in_pixels, root.height_in_pixels, root.root_depth
        );
        findings.push(good("screen", size));
    }
    findings.push(extension("DRI3", || {
        let v = connection.dri3_query_version(1, 4)?.reply()?;
        Ok((v.major_version, v.minor_version))
    }));
    findings.push(extension("Present", || {
        let v = connection.present_query_version(1, 4)?.reply()?;
        Ok((v.major_version, v.minor_version))
    }));
    findings.push(extension("MIT-SHM", || {
        let v = connection.shm_query_version()?.reply()?;
        Ok((v.major_version.into(), v.minor_version.into()))
    }));
    findings.push(extension("XFIXES", || {
        let v = connection.xfixes_query_version(6, 0)?.reply()?;
        Ok((v.major_version, v.minor_version))
    }));
    findings.push(extension("DAMAGE", || {
        let v = connection.damage_query_version(1, 1)?.reply()?;
        Ok((v.major_version, v.minor_version))
    }));
    for name in ["Composite", "SYNC", "RANDR", "GLX"] {
        findings.push(match connection.extension_information(name) {
            Ok(Some(_)) => good(name, "present"),
            Ok(None) => bad(name, "the server does not have it"),
            Err(error) => bad(name, error.to_string()),
        });
    }
    findings
}

/// A version, or why there is none. BadMatch from DRI3 means that the connection is remote.
fn extension(name: &str, query: impl FnOnce() -> Result<(u32, u32), x11rb::errors::ReplyError>) -> Finding {
    match query() {
        Ok((major, minor)) => good(name, format!("{major}.{minor}")),
        Err(error) => bad(name, error.to_string()),
    }
}

/// Parts of the design that this version lacks.
fn not_built() -> Vec<Finding> {
    [
        (
            "present",
            "frames reach the X server by the client's own copy; DRI3 and Present are not used yet",
        ),
        ("texture from pixmap", "pixmaps are not imported yet"),
        (
            "compose",
            "windows of a guest display are not shown on another display yet",
        ),
        (
            "GL 4",
            "tessellation, compute, images and storage buffers are refused",
        ),
    ]
    .map(|(what, detail)| bad(what, detail))
    .into()
}
