//! Clients whose picture does not change.

use std::time::Duration;

use pixbridge_xtests::{
    clients::{glmark2, programs::Program, renderer_name},
    likeness::Property,
    process,
    renderer::{Renderer, Stand},
    xvfb::Xvfb,
};

use crate::both;

pub(crate) const ALL: [Property; 3] = [Property::Upright, Property::NotMirrored, Property::ColoursInOrder];
/// A picture that is its own mirror image.
pub(crate) const SYMMETRICAL: [Property; 2] = [Property::Upright, Property::ColoursInOrder];

/// A program's first window shows the same straight and through us.
#[track_caller]
fn looks_the_same(program: &Program, properties: &[Property]) {
    let Some((straight, through)) = both(program) else {
        return;
    };
    let reference = straight.reference(straight.window(), properties);
    through.must_show(through.window(), &reference, properties, program.name());
    through.program.stop().expect("a program that was still running");
}

#[test]
fn a_triangle_drawn_by_gles() {
    looks_the_same(&Program::required("es2tri"), &SYMMETRICAL);
}

#[test]
fn a_film_that_mpv_shows() {
    let mpv = Program::optional("mpv", "mpv")
        .arguments(["--no-config", "--vo=gpu", "--no-osc", "--no-audio", "--pause"])
        .arguments(["--gpu-context=x11egl", "--geometry=640x480+0+0"])
        .arguments(["av://lavfi:testsrc=size=640x480:rate=25"]);
    looks_the_same(&mpv, &ALL);
}

#[test]
fn a_film_that_sdl_shows_by_opengl() {
    let ffplay = Program::optional("ffmpeg", "ffplay")
        .arguments([
            "-loglevel",
            "warning",
            "-nostats",
            "-left",
            "0",
            "-top",
            "0",
            "-f",
            "lavfi",
        ])
        .arguments(["-i", "testsrc=size=480x360:rate=25:duration=0.04"])
        .with("SDL_RENDER_DRIVER", "opengl")
        .with("SDL_AUDIODRIVER", "dummy");
    looks_the_same(&ffplay, &ALL);
}

/// Coloured lines, printed at once.
const COLOURS: &str = r#"for i in 1 2 3 4 5 6; do
    printf '\033[4%dm%-30s\033[0m\n' $i 'colour number '$i
done; exec sleep 600"#;

#[test]
fn the_terminal_kitty() {
    let kitty = Program::optional("kitty", "kitty")
        .arguments(["--config", "NONE", "-o", "shell_integration=disabled"])
        .arguments(["-o", "cursor_blink_interval=0", "-o", "update_check_interval=0"])
        .arguments(["sh", "-c", COLOURS]);
    looks_the_same(&kitty, &ALL);
}

/// It wants configurations of EGL that can wait for a refresh, and Mesa has none of those where vblank_mode is 0.
#[test]
fn the_terminal_alacritty() {
    let alacritty = Program::optional("alacritty", "alacritty").with("vblank_mode", "1");
    looks_the_same(&alacritty.arguments(["-e", "sh", "-c", COLOURS]), &ALL);
}

#[test]
fn a_qt_program_by_glx() {
    looks_the_same(&hellogl2().called("hellogl2-glx"), &ALL);
}

#[test]
fn a_qt_program_by_egl() {
    let program = hellogl2().called("hellogl2-egl");
    looks_the_same(&program.with("QT_XCB_GL_INTEGRATION", "xcb_egl"), &ALL);
}

/// One of Qt's examples: widgets, with one that GL draws among them.
fn hellogl2() -> Program {
    let executable = "/usr/lib/x86_64-linux-gnu/qt5/examples/opengl/hellogl2/hellogl2";
    Program::optional("qtbase5-examples", executable).with("QT_QPA_PLATFORM", "xcb")
}

const SCENE: &str = r##"import QtQuick 2.0
Rectangle {
    width: 400; height: 300
    gradient: Gradient {
        GradientStop { position: 0; color: "#d02010" }
        GradientStop { position: 1; color: "#1040a0" }
    }
    Rectangle { x: 30; y: 20; width: 120; height: 80; radius: 20; color: "#20c040"; rotation: 15; antialiasing: true }
    Text { x: 40; y: 200; text: "Pixels"; font.pixelSize: 48; color: "white" }
}
"##;

#[test]
fn a_qt_quick_scene() {
    let directory = tempfile::tempdir().expect("a directory");
    let scene = directory.path().join("scene.qml");
    std::fs::write(&scene, SCENE).expect("a file");
    let qml = Program::optional("qmlscene", "qmlscene").with("QT_QPA_PLATFORM", "xcb");
    looks_the_same(&qml.arguments([scene.display().to_string()]), &ALL);
}

/// Scenes of glmark2 that check their own picture.
fn validate(renderer: Renderer, program: &str) -> Vec<(String, glmark2::Report)> {
    let xvfb = Xvfb::start(1024, 768).expect("Xvfb");
    let stand = Stand::prepare(renderer).unwrap_or_else(|error| panic!("{error}"));
    let mut command = stand.command(&xvfb, program);
    command.arg("--validate");
    let finished = process::run(command, Duration::from_secs(300)).expect("glmark2");
    let name = renderer_name(&finished.stdout).unwrap_or_default();
    assert!(name.starts_with(renderer.name_prefix()), "{}", finished.output());
    assert!(!finished.stderr.contains("refused"), "{}", finished.stderr);
    glmark2::reports(&finished.stdout)
}

#[test]
fn glmark2_validates_wherever_llvmpipe_does() {
    for program in ["glmark2", "glmark2-es2"] {
        let through = validate(Renderer::Dri3, program);
        assert!(through.len() > 30, "{through:?}");
        assert_eq!(through, validate(Renderer::Direct, program), "{program}");
    }
}
