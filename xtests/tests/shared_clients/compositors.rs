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
