//! A frame of many small draws, over and over: what a draw costs, with and without changes between one and the next.
//!
//! GL is whatever Mesa finds. Each draw fills a pixel of its own, and after the last frame all pixels are looked at, so
//! nothing that was left out counts as fast.

mod scene;

use std::{
    collections::VecDeque,
    error::Error,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum};

use self::scene::Scene;

/// Prints the frames per second of frames that consist of many small draws.
#[derive(Debug, Parser)]
struct Options {
    /// What changes between the draws
    #[arg(value_enum)]
    changes: Changes,
    /// Frames are drawn for so many seconds
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

/// What changes between one draw and the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Changes {
    /// Nothing but the vertices that are drawn
    Nothing,
    /// A uniform of the vertex shader
    Uniforms,
    /// A uniform of the fragment shader
    Lights,
    /// The texture
    Textures,
    /// The blend function
    Blend,
    /// The vertex buffer
    Buffers,
    /// A few bytes of the vertex buffer
    Uploads,
    /// All of these but the bytes
    All,
}

/// Frames that may be unfinished when another one is begun.
const QUEUED: usize = 2;
/// Frames before the clock starts.
const WARM_UP: u32 = 3;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("storm: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut scene = Scene::open()?;
    println!("GL_RENDERER = {}", scene.renderer());
    for _ in 0..WARM_UP {
        scene.draw(options.changes)?;
    }
    scene.finish();
    let (start, length) = (Instant::now(), Duration::from_secs(options.seconds));
    let mut frames = 0;
    let mut queued = VecDeque::new();
    while frames == 0 || start.elapsed() < length {
        scene.draw(options.changes)?;
        queued.push_back(scene.fence()?);
        if queued.len() > QUEUED
            && let Some(oldest) = queued.pop_front()
        {
            scene.wait(oldest);
        }
        frames += 1;
    }
    scene.finish();
    let seconds = start.elapsed().as_secs_f64();
    scene.look(options.changes)?;
    let rate = f64::from(frames) / seconds;
    println!("{frames} frames in {seconds:.1} seconds = {rate:.3} FPS");
    Ok(())
}
