//! Compositors that draw the windows of others with GL, all of them clients of the same `run`.

use pixbridge_xtests::clients::programs::Program;

use crate::{WHOLE, both, still::ALL};

/// Translucent windows show who draws them. The compositor says when it has begun.
const PICOM: &str = r#"picom --daemon --config /dev/null --backend "$BACKEND" --no-vsync --use-damage \
    --active-opacity 0.6 --inactive-opacity 0.6 --shadow || exit
xterm -bg darkred -geometry 60x20+350+40 -e sh -c 'echo drawn by the X server; exec sleep 600' &
exec es2tri"#;

fn picom(backend: &'static str) -> Program {
    Program::required("sh")
        .arguments(["-c", PICOM])
        .with("BACKEND", backend)
}

#[track_caller]
fn composites_the_same(program: &Program) {
    let Some((straight, through)) = both(program) else {
        return;
    };
    let reference = straight.reference(WHOLE, &ALL);
    through.must_show(WHOLE, &reference, &ALL, program.name());
    through.program.stop().expect("a program that was still running");
}

#[test]
fn picom_draws_with_glx() {
    composites_the_same(&picom("glx").called("picom-glx"));
}

#[test]
fn picom_draws_with_xrender_over_windows_of_gl() {
    composites_the_same(&picom("xrender").called("picom-xrender"));
}

/// A window manager whose frames are pixmaps that it makes and repeats as tiles. The window of GL comes last and has the focus.
const XFWM: &str = r#"dbus-run-session -- xfwm4 --compositor=on --vblank=glx &
until xprop -root _NET_SUPPORTING_WM_CHECK | grep -q window; do sleep 0.1; done
xterm -bg darkred -geometry 60x20+350+40 -e sh -c 'exec sleep 600' &
until xwininfo -name sh >/dev/null 2>&1; do sleep 0.1; done
exec es2tri"#;

#[test]
fn xfwm4_draws_frames_around_windows_of_gl() {
    let xfwm = Program::optional("xfwm4", "xfwm4");
    if xfwm.find().is_some() {
        composites_the_same(&Program::required("sh").arguments(["-c", XFWM]).called("xfwm4"));
    }
}
