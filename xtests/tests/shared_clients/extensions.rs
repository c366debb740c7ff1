//! What clients are told that they can do.

use pixbridge_xtests::{clients::programs::Program, renderer::Renderer};

use crate::{LIMIT, Show};

/// What a program prints, which must tell this of its renderer.
fn report(program: &Program, renderer: &str) -> String {
    let show = Show::start(Renderer::Dri3, program).expect("a required program");
    let finished = show.program.finish(LIMIT).expect("a report");
    assert!(finished.stdout.contains(renderer), "{}", finished.output());
    finished.stdout
}

#[track_caller]
fn must_tell(report: &str, extensions: &[&str]) {
    let told: Vec<&str> = report.split([' ', ',', '\n']).collect();
    let missing: Vec<_> = extensions.iter().filter(|name| !told.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?} of {report}");
}

#[test]
fn glx_has_buffer_age_swap_control_and_textures_from_pixmaps() {
    let report = report(&Program::required("glxinfo"), Renderer::Dri3.name_prefix());
    assert!(report.contains("direct rendering: Yes"), "{report}");
    must_tell(
        &report,
        &[
            "GLX_EXT_buffer_age",
            "GLX_EXT_swap_control",
            "GLX_EXT_texture_from_pixmap",
            "GLX_INTEL_swap_event",
            "GLX_MESA_swap_control",
            "GLX_OML_sync_control",
            "GLX_SGI_video_sync",
        ],
    );
}

#[test]
fn egl_has_buffer_age_and_imports_dma_bufs() {
    let report = report(&Program::required("eglinfo"), "driver name: virtio_gpu");
    let (_, of_x11) = report.split_once("X11 platform:").expect("a part for X11");
    let (of_x11, _) = of_x11.split_once(" platform:").unwrap_or((of_x11, ""));
    must_tell(
        of_x11,
        &[
            "EGL_EXT_buffer_age",
            "EGL_EXT_image_dma_buf_import",
            "EGL_KHR_image_pixmap",
            "EGL_MESA_image_dma_buf_export",
            "EGL_NOK_texture_from_pixmap",
        ],
    );
}
