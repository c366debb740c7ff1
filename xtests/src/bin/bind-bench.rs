//! Measures what it costs to bring a texture up to date with a pixmap, path by path.

use std::{process::ExitCode, rc::Rc, time::Instant};

use clap::Parser;
use pixbridge::{
    gl::{self, Choice},
    present::open_gl,
    x11::{
        Display, Extension, ImportError, ImportOptions, ImportStats, ImportedPixmap, Limits, Paths,
        PixmapPath, Rect, SourcePixmap,
    },
};
use pixbridge_xtests::{imports::Rig, stats::median, xvfb::Xvfb};
use x11rb::protocol::xproto::Rectangle;

/// Prints the median time of a bind for each path and each share of changed pixels, in microseconds, with the bytes that
/// were copied from the server. The last row asks for the whole pixmap by GetImage each time, as a client without DAMAGE
/// does.
#[derive(Debug, Parser)]
struct Options {
    /// How many binds make a median
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    /// The display to use instead of an Xvfb of our own
    #[arg(long)]
    display: Option<String>,
    /// The GL platform
    #[arg(long, default_value_t)]
    gl: Choice,
    /// Width and height of the pixmap
    #[arg(long, num_args = 2, value_names = ["WIDTH", "HEIGHT"], default_values_t = [FULL.0, FULL.1],
        value_parser = clap::value_parser!(u16).range(16..=8192))]
    size: Vec<u16>,
}

/// The size that the changed areas are given for.
const FULL: (u16, u16) = (1920, 1080);
const DEPTH: u8 = 24;

/// What is drawn before a bind.
struct Damage {
    name: &'static str,
    areas: &'static [(i16, i16, u16, u16)],
}

const DAMAGES: [Damage; 4] = [
    Damage {
        name: "0 %",
        areas: &[],
    },
    Damage {
        name: "1 %",
        areas: &[(700, 500, 192, 108)],
    },
    Damage {
        name: "10 %",
        areas: &[
            (50, 40, 288, 180),
            (1500, 100, 288, 180),
            (800, 500, 288, 180),
            (200, 850, 288, 180),
        ],
    },
    Damage {
        name: "100 %",
        areas: &[(0, 0, 1920, 1080)],
    },
];

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bind-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let xvfb = match options.display {
        Some(_) => None,
        None => Some(Xvfb::start(FULL.0, FULL.1)?),
    };
    let own = xvfb.as_ref().map(Xvfb::display);
    let name = options.display.as_ref().or(own.as_ref()).ok_or("no display")?;
    let host = open_gl(&Display::open(Some(name), &Limits::default())?, options.gl)?;
    print!("{:24}", "us (MB)");
    DAMAGES.iter().for_each(|damage| print!("{:>18}", damage.name));
    println!();
    for path in PixmapPath::ALL {
        measure_path(options, name, &host, path, &Limits::default(), path.name())?;
    }
    let blind = Limits::default().without(Extension::Damage);
    measure_path(
        options,
        name,
        &host,
        PixmapPath::GetImage,
        &blind,
        "GetImage of everything",
    )
}

/// Prints a row.
fn measure_path(
    options: &Options,
    name: &str,
    host: &Rc<gl::Display>,
    path: PixmapPath,
    limits: &Limits,
    title: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let rig = Rig::on_host(name, limits, host.clone());
    let pixmap = rig.painter.pixmap(DEPTH, (options.size[0], options.size[1]));
    let source = SourcePixmap::of_pixmap(&rig.display, pixmap)?;
    let paths = Paths::only(path);
    let wanted = ImportOptions {
        paths,
        ..ImportOptions::default()
    };
    let mut imported = match rig.importer().import(source, wanted) {
        Ok(imported) => imported,
        Err(ImportError::NoPath(skipped)) => {
            println!("{title:24}{}", skipped[path as usize].reason);
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    imported.bind()?;
    print!("{title:24}");
    for damage in &DAMAGES {
        let (time, bytes) = measure(options.rounds, &rig, &mut imported, damage)?;
        print!("{:>18}", format!("{time:.0} ({:.2})", bytes / 1e6));
    }
    println!();
    Ok(())
}

/// The median microseconds of a bind until GL has done it, and the bytes that one copied.
fn measure(
    rounds: u32,
    rig: &Rig,
    imported: &mut ImportedPixmap,
    damage: &Damage,
) -> Result<(f64, f64), ImportError> {
    let (pixmap, (width, height)) = (imported.source().id(), imported.source().size());
    let of_width = |length: i32| length * i32::from(width) / i32::from(FULL.0);
    let of_height = |length: i32| length * i32::from(height) / i32::from(FULL.1);
    let mut times = Vec::new();
    let ImportStats { bytes_copied, .. } = imported.stats();
    for round in 0..rounds {
        for &(x, y, width, height) in damage.areas {
            let area = Rect {
                x: of_width(x.into()),
                y: of_height(y.into()),
                width: of_width(width.into()).unsigned_abs(),
                height: of_height(height.into()).unsigned_abs(),
            };
            rig.painter
                .fill(pixmap, Rectangle::from(area), round * 0x0001_0305);
        }
        rig.hear(imported);
        let start = Instant::now();
        imported.bind()?;
        rig.gl.finish();
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    let bytes = imported.stats().bytes_copied - bytes_copied;
    Ok((
        median(&times).unwrap_or_default(),
        bytes as f64 / f64::from(rounds),
    ))
}
