//! Clients whose picture never stands still: of all that they show, one picture is what they show without us.

use pixbridge_xtests::{
    clients::programs::Program,
    likeness::{self, Property},
    picture::Picture,
};

use crate::{LIMIT, LOOK_AGAIN, Show, both, still::ALL};

/// How far apart, of 255, the nearest pictures of two runs may be: they are of slightly different moments.
const NEAR: f64 = 4.0;

impl Show {
    /// Looks at the first window until it has shown so many different pictures.
    fn look_on(&self, count: usize) -> Vec<Picture> {
        let start = std::time::Instant::now();
        let window = self.window();
        let mut pictures: Vec<Picture> = Vec::with_capacity(count);
        while pictures.len() < count {
            assert!(
                start.elapsed() < LIMIT,
                "{} pictures: {}",
                pictures.len(),
                self.program.output()
            );
            let picture = self.screen.look(window).expect("a picture");
            if !picture.is_uniform() && pictures.last() != Some(&picture) {
                pictures.push(picture);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        pictures
    }
}

#[track_caller]
fn moves_the_same(program: &Program, count: usize, properties: &[Property]) {
    let Some((straight, through)) = both(program) else {
        return;
    };
    let (references, pictures) = (straight.look_on(count), through.look_on(count));
    let (picture, reference, _) =
        likeness::nearest(&pictures, &references).expect("pictures of the same size");
    if let Err(unlike) = likeness::check(picture, reference, NEAR, properties) {
        let evidence = likeness::keep_evidence(program.name(), picture, reference);
        panic!(
            "{}: {unlike}: {evidence}\n{}",
            program.name(),
            through.program.output()
        );
    }
    through.program.stop().expect("a program that was still running");
}

#[test]
fn gears_by_glx() {
    moves_the_same(&Program::required("glxgears"), 30, &ALL);
}

#[test]
fn gears_by_egl() {
    moves_the_same(&Program::required("es2gears_x11"), 30, &ALL);
}
