//! Is this the same picture, the right way up, with its colours in order?
//!
//! A bound on the error alone would pass a dim picture that is upside down. So a picture must also be
//! clearly closer to the reference than the reference's own turned copies are, and a reference that cannot
//! tell the two apart is itself an error.

use crate::picture::Picture;
use std::env;
use std::fmt;
use std::path::PathBuf;

/// The largest mean absolute error, of 255, that the same drawing may show in the worst channel. Rasterizers
/// of the same family differ in rounding and at edges only.
pub const SAME_DRAWING: f64 = 1.0;

/// How much closer than a wrong copy the picture must be.
const CLEARLY: f64 = 3.0;

/// Below this error a wrong copy of the reference is too much like the reference to tell anything.
const TELLING: f64 = 2.0;

/// A property that can be wrong although each pixel was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// The first row is at the top.
    Upright,
    /// Left is left.
    NotMirrored,
    /// Red is red and blue is blue.
    ColoursInOrder,
}

impl Property {
    fn wrong_copy(self, picture: &Picture) -> Picture {
        match self {
            Self::Upright => picture.flipped(),
            Self::NotMirrored => picture.mirrored(),
            Self::ColoursInOrder => picture.red_blue_exchanged(),
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upright => "upright",
            Self::NotMirrored => "not mirrored",
            Self::ColoursInOrder => "with its colours in order",
        })
    }
}

/// How a picture fails to be like the reference.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unlike {
    /// The sizes differ.
    #[error("the picture is {0}x{1}, the reference {2}x{3}")]
    Size(usize, usize, usize, usize),
    /// Nothing was drawn.
    #[error("the picture has one colour only")]
    Uniform,
    /// Too large an error.
    #[error("mean absolute error {error:.3} of 255 in the worst channel, at most {bound:.3} is allowed")]
    Error {
        /// The worst channel's mean absolute error.
        error: f64,
        /// What was allowed.
        bound: f64,
    },
    /// The picture is no closer to the reference than to a wrong copy of it.
    #[error("the picture is not {property}: error {error:.3} to the reference, {wrong:.3} to its wrong copy")]
    Property {
        /// What does not hold.
        property: Property,
        /// The error to the reference.
        error: f64,
        /// The error to the wrong copy of the reference.
        wrong: f64,
    },
    /// The reference looks the same whether the property holds or not.
    #[error(
        "the reference cannot tell whether a picture is {property}: its wrong copy differs by {difference:.3}"
    )]
    CannotTell {
        /// What cannot be told.
        property: Property,
        /// How much the wrong copy of the reference differs from it.
        difference: f64,
    },
}

/// The mean absolute error of the worst channel, 0 to 255.
///
/// # Errors
/// [`Unlike::Size`] when there is nothing to compare pixel by pixel.
pub fn error(picture: &Picture, reference: &Picture) -> Result<f64, Unlike> {
    let difference = picture.difference(reference).ok_or_else(|| {
        Unlike::Size(
            picture.width(),
            picture.height(),
            reference.width(),
            reference.height(),
        )
    })?;
    Ok(difference.mean().into_iter().fold(0.0, f64::max))
}

/// Checks that a picture shows what the reference shows.
///
/// # Errors
/// What does not hold first: size, something drawn, error within `bound`, then each property.
pub fn check(
    picture: &Picture,
    reference: &Picture,
    bound: f64,
    properties: &[Property],
) -> Result<(), Unlike> {
    let straight = error(picture, reference)?;
    if picture.is_uniform() {
        return Err(Unlike::Uniform);
    }
    for &property in properties {
        let copy = property.wrong_copy(reference);
        let difference = error(&copy, reference)?;
        if difference < TELLING {
            return Err(Unlike::CannotTell { property, difference });
        }
        let wrong = error(picture, &copy)?;
        if straight * CLEARLY > wrong {
            return Err(Unlike::Property {
                property,
                error: straight,
                wrong,
            });
        }
    }
    if straight > bound {
        return Err(Unlike::Error {
            error: straight,
            bound,
        });
    }
    Ok(())
}

/// The most alike of pictures of the same animation, taken at whatever moments, with their error. `None` where none can be
/// compared.
pub fn nearest<'a>(
    pictures: &'a [Picture],
    references: &'a [Picture],
) -> Option<(&'a Picture, &'a Picture, f64)> {
    let pairs = pictures
        .iter()
        .flat_map(|picture| references.iter().map(move |reference| (picture, reference)));
    pairs
        .filter_map(|(picture, reference)| Some((picture, reference, error(picture, reference).ok()?)))
        .min_by(|one, other| one.2.total_cmp(&other.2))
}

/// Leaves a picture, its reference and their difference as PNG files, and says where.
///
/// They go to the directory that `PIXBRIDGE_PICTURES` names, else to `pixbridge-pictures` in the system's
/// directory for temporary files.
pub fn keep_evidence(name: &str, picture: &Picture, reference: &Picture) -> String {
    let directory = env::var_os("PIXBRIDGE_PICTURES")
        .map_or_else(|| env::temp_dir().join("pixbridge-pictures"), PathBuf::from);
    let difference = picture.difference(reference);
    let pictures = [
        ("", Some(picture)),
        ("-reference", Some(reference)),
        ("-difference", difference.as_ref()),
    ];
    for (suffix, picture) in pictures
        .into_iter()
        .filter_map(|(suffix, picture)| Some((suffix, picture?)))
    {
        if let Err(error) = picture.save(&directory.join(format!("{name}{suffix}.png"))) {
            return format!("pictures could not be kept in {}: {error}", directory.display());
        }
    }
    format!("see {}/{name}*.png", directory.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Property; 3] = [Property::Upright, Property::NotMirrored, Property::ColoursInOrder];

    /// Red in the upper left quarter, blue below it, black elsewhere.
    fn reference() -> Picture {
        let pixel = |x, y| match (x < 8, y < 4) {
            (true, true) => [200, 0, 0],
            (true, false) => [0, 0, 90],
            (false, _) => [0, 0, 0],
        };
        Picture::new(
            16,
            (0..16).flat_map(|y| (0..16).map(move |x| pixel(x, y))).collect(),
        )
    }

    #[test]
    fn a_picture_is_like_itself_in_all_properties() {
        assert_eq!(check(&reference(), &reference(), SAME_DRAWING, &ALL), Ok(()));
    }

    #[test]
    fn each_wrong_copy_is_told_by_its_property_whatever_the_bound() {
        for property in ALL {
            let wrong = property.wrong_copy(&reference());
            let verdict = check(&wrong, &reference(), 255.0, &[property]);
            assert!(matches!(verdict, Err(Unlike::Property { property: found, .. }) if found == property));
        }
    }

    #[test]
    fn a_symmetrical_reference_is_refused_as_a_judge() {
        let picture = Picture::new(2, vec![[255; 3], [0; 3], [255; 3], [0; 3]]);
        let verdict = check(&picture, &picture, SAME_DRAWING, &[Property::Upright]);
        assert!(matches!(
            verdict,
            Err(Unlike::CannotTell {
                property: Property::Upright,
                ..
            })
        ));
    }

    #[test]
    fn a_small_error_everywhere_stays_within_the_bound_and_a_larger_one_does_not() {
        let dimmed = |by: u8| {
            let pixels = reference()
                .pixels()
                .iter()
                .map(|p| p.map(|c| c.saturating_sub(by)))
                .collect();
            Picture::new(16, pixels)
        };
        assert_eq!(check(&dimmed(1), &reference(), SAME_DRAWING, &ALL), Ok(()));
        let verdict = check(&dimmed(6), &reference(), SAME_DRAWING, &ALL);
        assert!(matches!(verdict, Err(Unlike::Error { .. })), "{verdict:?}");
    }

    #[test]
    fn the_nearest_of_two_animations_are_what_both_showed() {
        let (shown, other) = (reference(), reference().mirrored());
        let (ours, theirs) = ([other.flipped(), shown.clone()], [other, shown]);
        let (picture, reference, error) = nearest(&ours, &theirs).unwrap();
        assert_eq!((picture, reference, error), (&ours[1], &theirs[1], 0.0));
        assert_eq!(nearest(&ours, &[]), None);
    }

    #[test]
    fn an_empty_window_is_called_so() {
        let black = Picture::new(16, vec![[0; 3]; 256]);
        assert_eq!(check(&black, &reference(), 255.0, &[]), Err(Unlike::Uniform));
    }
}
