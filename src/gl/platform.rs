//! Ways to a display, mostly without a window system, and the record of which were tried.

use std::{fmt, str::FromStr};

use super::GlError;

/// An EGL platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// A DRM device picked from EGL's list:
    /// [EGL_EXT_platform_device](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_platform_device.txt).
    Device,
    /// A GBM device on a DRM node, which buffers can be allocated with:
    /// [EGL_KHR_platform_gbm](https://registry.khronos.org/EGL/extensions/KHR/EGL_KHR_platform_gbm.txt).
    Gbm,
    /// Whatever Mesa picks, software included:
    /// [EGL_MESA_platform_surfaceless](https://registry.khronos.org/EGL/extensions/MESA/EGL_MESA_platform_surfaceless.txt).
    Surfaceless,
    /// The X display that `DISPLAY` names, whose pixmaps EGL may then know:
    /// [EGL_KHR_platform_x11](https://registry.khronos.org/EGL/extensions/KHR/EGL_KHR_platform_x11.txt). Never tried
    /// unless asked for.
    X11,
}

impl Platform {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Device, Self::Gbm, Self::Surfaceless, Self::X11];
    /// Those that are tried without being asked for, in order: real hardware first.
    pub const AUTO: [Self; 3] = [Self::Device, Self::Gbm, Self::Surfaceless];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Gbm => "gbm",
            Self::Surfaceless => "surfaceless",
            Self::X11 => "x11",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which platforms to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// In the order of [`Platform::AUTO`], until one works.
    #[default]
    Auto,
    /// This one or none.
    Only(Platform),
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Only(platform) => platform.fmt(f),
        }
    }
}

impl Choice {
    /// The platforms to try, in order.
    pub fn platforms(self) -> Vec<Platform> {
        match self {
            Self::Auto => Platform::AUTO.to_vec(),
            Self::Only(platform) => vec![platform],
        }
    }
}

impl FromStr for Choice {
    type Err = GlError;

    fn from_str(name: &str) -> Result<Self, GlError> {
        if name == "auto" {
            return Ok(Self::Auto);
        }
        Platform::ALL
            .into_iter()
            .find(|platform| platform.name() == name)
            .map(Self::Only)
            .ok_or_else(|| GlError::UnknownPlatform(name.to_owned()))
    }
}

/// What a platform that works is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The DRM node, on the device and the GBM platform.
    pub device: Option<String>,
    /// Version of EGL.
    pub egl: (i32, i32),
    /// `GL_VERSION`.
    pub version: String,
    /// `GL_RENDERER`.
    pub renderer: String,
    /// Whether contexts have robust access and tell of resets.
    pub robust: bool,
}

/// One platform that was tried.
#[derive(Debug)]
pub struct Attempt {
    /// The platform.
    pub platform: Platform,
    /// What it gave, or why it did not work.
    pub result: Result<Opened, GlError>,
}

/// Everything that was tried, in order.
#[derive(Debug, Default)]
pub struct ProbeReport {
    /// The attempts; the last one is the one in use if its result is good.
    pub attempts: Vec<Attempt>,
}

impl ProbeReport {
    pub(super) fn refused(&mut self, platform: Platform, error: GlError) {
        self.attempts.push(Attempt {
            platform,
            result: Err(error),
        });
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.platform)?;
        match &self.result {
            Err(error) => write!(f, "{error}"),
            Ok(opened) => {
                write!(f, "{}, GL {}", opened.renderer, opened.version)?;
                write!(f, ", EGL {}.{}", opened.egl.0, opened.egl.1)?;
                if let Some(device) = &opened.device {
                    write!(f, ", {device}")?;
                }
                f.write_str(if opened.robust { ", robust" } else { ", not robust" })
            }
        }
    }
}

impl fmt::Display for ProbeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attempt) in self.attempts.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{attempt}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_is_found_by_its_name() {
        for platform in Platform::ALL {
            assert_eq!(platform.name().parse::<Choice>().unwrap(), Choice::Only(platform));
        }
        assert_eq!("auto".parse::<Choice>().unwrap(), Choice::Auto);
    }

    #[test]
    fn a_display_of_the_x_server_is_opened_only_by_request() {
        assert!(!Choice::Auto.platforms().contains(&Platform::X11));
    }

    #[test]
    fn an_unknown_platform_is_named_in_the_error() {
        let error = "glx".parse::<Choice>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown GL platform \"glx\": use auto, device, gbm, surfaceless or x11"
        );
    }
}
