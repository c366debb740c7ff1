//! Draws with GL into a window of an X server, as the server has it best: `cargo run --example spinning_cube`.
//!
//! The order of things: a display, a window, a GL context, a swapchain that brings the context's pictures to the window.
//! Then, for ever: take a frame, draw, present it, listen until it was shown.

mod common;

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use clap::Parser;
use common::{Failure, TopLevel};
use pixbridge::{
    gl::{self, Choice, Gl, Program, ShaderKind, VertexArray},
    present::{Canvas, CanvasAllocator, ChannelOrder, Frame, Progress, Setup, Submission, Swapchain},
    x11::{Display, Limits, Rect},
};

/// Shows a spinning cube until its window is closed.
#[derive(Debug, Parser)]
struct Options {
    /// End after so many frames
    #[arg(long)]
    frames: Option<u64>,
}

const PATIENCE: Duration = Duration::from_secs(1);
const BACKGROUND: [f32; 4] = [0.08, 0.09, 0.12, 1.0];
const TURNS_A_SECOND: f32 = 0.2;

/// Six faces of two triangles, made from vertex numbers. Row 0 of a frame is its top row, so y points down.
const VERTEX: &str = "#version 450 core
layout(location = 0) uniform vec4 view; // an angle, width and height of the frame
flat out vec3 shade;
const vec3 COLORS[6] = vec3[](vec3(0.9, 0.3, 0.2), vec3(0.3, 0.7, 0.3), vec3(0.2, 0.4, 0.9),
                              vec3(0.9, 0.7, 0.2), vec3(0.7, 0.3, 0.8), vec3(0.2, 0.7, 0.8));
mat2 turned(float angle) {
    return mat2(cos(angle), sin(angle), -sin(angle), cos(angle));
}
vec3 turn(vec3 at) {
    at.xz = turned(view.x) * at.xz;
    at.yz = turned(0.5 + 0.2 * sin(view.x)) * at.yz;
    return at;
}
void main() {
    int face = gl_VertexID / 6, axis = face % 3;
    int corner = int[](0, 1, 2, 2, 1, 3)[gl_VertexID % 6];
    float side = face < 3 ? 1.0 : -1.0;
    vec3 normal = vec3(0.0), at = vec3(0.0);
    normal[axis] = at[axis] = side;
    at[(axis + 1) % 3] = side * float(2 * (corner & 1) - 1);
    at[(axis + 2) % 3] = float(2 * (corner >> 1) - 1);
    vec3 place = turn(at) - vec3(0.0, 0.0, 4.5);
    vec2 square = min(view.y, view.z) / view.yz;
    gl_Position = vec4(2.0 * square * vec2(place.x, -place.y), 0.0, -place.z);
    float light = max(dot(turn(normal), normalize(vec3(-0.3, 0.6, 1.0))), 0.0);
    shade = COLORS[face] * (0.35 + 0.65 * light);
}
";
const VIEW: i32 = 0;

/// A program for each order of channels that frames may have.
struct Cube {
    native: Program,
    exchanged: Program,
    array: VertexArray,
}

impl Cube {
    fn new(gl: &Gl) -> Result<Self, Failure> {
        let program = |channels| {
            let fragment = format!(
                "#version 450 core\nflat in vec3 shade;\nout vec4 color;
                void main() {{ color = vec4(shade, 1.0).{channels}; }}"
            );
            gl.create_program(&[(ShaderKind::Vertex, VERTEX), (ShaderKind::Fragment, &fragment)])
        };
        Ok(Self {
            native: program("rgba")?,
            exchanged: program("bgra")?,
            array: gl.create_vertex_array()?,
        })
    }

    fn draw(&self, gl: &Gl, frame: &mut Frame<Canvas>, angle: f32) -> Result<(), Failure> {
        let (canvas, size) = (frame.target(), frame.size());
        let (width, height) = (f32::from(size.width), f32::from(size.height));
        let [red, green, blue, alpha] = BACKGROUND;
        let (program, background) = match canvas.order() {
            ChannelOrder::Native => (&self.native, BACKGROUND),
            ChannelOrder::Exchanged => (&self.exchanged, [blue, green, red, alpha]),
        };
        gl.bind_framebuffer(glow::FRAMEBUFFER, Some(canvas.framebuffer()));
        gl.viewport_array(&[[0.0, 0.0, width, height]]);
        gl.clear_framebuffer_f(canvas.framebuffer(), 0, background);
        // A cube needs no depth buffer: of its faces those that look away are hidden, and no others.
        gl.set_enabled(glow::CULL_FACE, true);
        gl.front_face(glow::CW);
        gl.use_program(Some(program));
        gl.program_uniform_4f(program, VIEW, [angle, width, height, 0.0]);
        gl.bind_vertex_array(Some(&self.array));
        gl.draw_arrays(glow::TRIANGLES, 0, 36, 1, 0)?;
        let whole = Rect::of_size(size.width.into(), size.height.into());
        Ok(frame.finish_drawing(gl, whole)?)
    }
}

fn main() -> Result<(), Failure> {
    let frames = Options::parse().frames.unwrap_or(u64::MAX);
    let display = Rc::new(Display::open(None, &Limits::default())?);
    let window = TopLevel::open(&display, "cube", (400, 400))?;
    let context = gl::Display::open(Choice::Auto)?.create_context(None)?;
    let gl = context.gl();
    let allocator = CanvasAllocator::new(&gl);
    let mut swapchain = Swapchain::new(&display, window.id, allocator, Setup::default())?;
    let cube = Cube::new(&gl)?;
    let (start, mut shown) = (Instant::now(), 0);
    // Drawing starts when the frame before is on the screen, so a picture is never older than a refresh.
    let mut due = true;
    loop {
        if due && let Some(mut frame) = swapchain.acquire()? {
            let angle = start.elapsed().as_secs_f32() * TURNS_A_SECOND * std::f32::consts::TAU;
            cube.draw(&gl, &mut frame, angle)?;
            swapchain.present(frame, &Submission::default())?;
            due = false;
        }
        let mut progress = swapchain.tick()?;
        if progress.is_none() {
            let limit = swapchain.next_tick().unwrap_or(PATIENCE);
            if let Some(happening) = display.wait(limit)? {
                if window.is_closed_by(&happening) {
                    break;
                }
                progress = swapchain.handle(&happening)?;
            }
        }
        match progress {
            Some(Progress::Completed(_)) => (due, shown) = (true, shown + 1),
            Some(Progress::Dropped(_)) => due = true,
            Some(Progress::WindowGone) => break,
            // A new size is the next frame's.
            Some(Progress::Resized(_) | Progress::Idle | Progress::SteppedDown(_)) | None => {}
        }
        if shown >= frames {
            break;
        }
    }
    let (stats, rate) = (swapchain.stats(), shown as f64 / start.elapsed().as_secs_f64());
    println!("{shown} frames, {rate:.1} frames/s by {}", swapchain.rung());
    println!(
        "copies: {} here, {} in the server; {} flips",
        stats.copies_cpu, stats.copies_server, stats.flips
    );
    Ok(())
}
