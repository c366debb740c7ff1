//! What the host's GL can do.

use pixbridge::{
    bridge::provider::{Dri3, Unavailable},
    gl::{Choice, Display, DmabufImport},
    pipe::{
        exec::{ExecutorGroup, PicturePlace},
        resource::Placement,
    },
    x11,
};

use super::{
    super::{run::place_for, session::open_to_share},
    Finding, bad, good,
};

pub(super) fn findings(choice: Choice) -> Vec<Finding> {
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
    drop(display);
    findings.push(shared_pictures(choice));
    findings
}

/// Where pictures that applications of `run` show and share are for others.
fn shared_pictures(choice: Choice) -> Finding {
    const WHAT: &str = "shared pictures";
    let takes_dmabufs = match std::env::var_os("DISPLAY") {
        None => true,
        Some(_) => match takes_dmabufs() {
            Ok(takes) => takes,
            Err(error) => return bad(WHAT, format!("applications copy their frames: {error}")),
        },
    };
    let place = place_for(PicturePlace::default(), takes_dmabufs);
    let name = |placement| match placement {
        Placement::InPlace => "in memory that GL draws in",
        Placement::Dmabuf => "in dmabufs",
        Placement::Copied => "in copies",
    };
    let opened = open_to_share(choice, place);
    let group = match opened.and_then(|display| Ok(ExecutorGroup::new(display, place)?)) {
        Ok(group) => group,
        Err(error) => return bad(WHAT, error.to_string()),
    };
    let refused = group.refused_placements().iter();
    let refused = refused.map(|(placement, error)| format!("; not {}: {error}", name(*placement)));
    let text = format!("{}{}", name(group.placement()), refused.collect::<String>());
    match group.placement() {
        Placement::Copied => bad(WHAT, text),
        Placement::InPlace | Placement::Dmabuf => good(WHAT, text),
    }
}

/// Whether the X server takes dmabufs of applications of `run`.
fn takes_dmabufs() -> Result<bool, Unavailable> {
    let server = x11::Display::open(None, &x11::Limits::default())?;
    Dri3::available(&server)
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
