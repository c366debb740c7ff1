//! Tables by the numbers that clients choose.
//!
//! They are looked into for nearly every command. Multiplication by an odd number that no client knows spreads the numbers
//! well enough ([Dietzfelbinger et al., A reliable randomized algorithm for the closest-pair
//! problem](https://doi.org/10.1006/jagm.1997.0873)), at a small part of what the standard hash costs.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
};

/// A table by numbers.
pub(super) type IdMap<T> = HashMap<u32, T, Spreading>;

/// Makes the hashers of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spreading {
    factor: u64,
}

impl Default for Spreading {
    fn default() -> Self {
        Self {
            factor: RandomState::new().hash_one(0) | 1,
        }
    }
}

impl BuildHasher for Spreading {
    type Hasher = Spread;

    fn build_hasher(&self) -> Spread {
        Spread {
            factor: self.factor,
            hash: 0,
        }
    }
}

/// Hashes a number.
#[derive(Debug)]
pub(super) struct Spread {
    factor: u64,
    hash: u64,
}

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(byte.into());
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.hash = (self.hash ^ u64::from(number)).wrapping_mul(self.factor);
    }

    fn finish(&self) -> u64 {
        // The upper bits are the well mixed ones; tables take the lowest and the uppermost.
        self.hash.rotate_left(32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_under_a_number_is_found_there() {
        let mut map = IdMap::default();
        for id in (0..5000).map(|n| n * 4096) {
            assert_eq!(map.insert(id, id + 1), None);
        }
        assert!((0..5000).all(|n| map.get(&(n * 4096)) == Some(&(n * 4096 + 1))));
        assert_eq!(map.get(&1), None);
    }

    #[test]
    fn numbers_far_apart_by_a_power_of_two_do_not_meet() {
        let spreading = Spreading::default();
        for shift in 0..20 {
            let places: std::collections::HashSet<u64> = (0..256u32)
                .map(|n| spreading.hash_one(n << shift) & 0xfff)
                .collect();
            assert!(
                places.len() > 128,
                "{} places for 256 numbers shifted by {shift}",
                places.len()
            );
        }
    }
}
