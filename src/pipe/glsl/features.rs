//! What the body of a shader turned out to need from its head.

use super::{error::EmitError, key::Host};

/// Collected while instructions are emitted.
#[derive(Debug, Default)]
pub(super) struct Features {
    /// Extensions to require.
    extensions: Vec<&'static str>,
    /// The system block is read.
    pub system_block: bool,
    /// Doubles are packed or unpacked.
    pub doubles: bool,
    /// Bit n: some output is addressed and written with mask n.
    pub put_masks: u16,
    /// Bit n of word n / 64: temporary n is used.
    temporaries: Vec<u64>,
    /// Bit n of word n / 64: array n is used.
    arrays: Vec<u64>,
    /// Bit 4 * n + c: component c of address register n is used.
    addresses: u64,
}

impl Features {
    pub(super) fn require(&mut self, extension: &'static str) {
        if !self.extensions.contains(&extension) {
            self.extensions.push(extension);
        }
    }

    /// 64-bit integers, an extension in every version.
    pub(super) fn require_long_integers(&mut self, host: &Host) -> Result<(), EmitError> {
        if !host.int64 {
            return Err(EmitError::HostLacks("ARB_gpu_shader_int64"));
        }
        self.require("GL_ARB_gpu_shader_int64");
        Ok(())
    }

    pub(super) fn extensions(&self) -> &[&'static str] {
        &self.extensions
    }

    pub(super) fn use_temporary(&mut self, n: u32) {
        set(&mut self.temporaries, n as usize);
    }

    pub(super) fn temporaries(&self) -> impl Iterator<Item = usize> {
        bits(&self.temporaries)
    }

    pub(super) fn use_array(&mut self, n: usize) {
        set(&mut self.arrays, n);
    }

    pub(super) fn arrays(&self) -> impl Iterator<Item = usize> {
        bits(&self.arrays)
    }

    /// `register` is below 16.
    pub(super) fn use_address(&mut self, register: u32, component: u8) {
        self.addresses |= 1 << (register * 4 + u32::from(component & 3));
    }

    /// Register and component.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (usize, usize)> {
        let addresses = self.addresses;
        (0..64)
            .filter(move |n| addresses >> n & 1 != 0)
            .map(|n| (n / 4, n % 4))
    }
}

fn set(words: &mut Vec<u64>, bit: usize) {
    if words.len() <= bit / 64 {
        words.resize(bit / 64 + 1, 0);
    }
    words[bit / 64] |= 1 << (bit % 64);
}

fn bits(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(n, word)| {
        (0..64)
            .filter(move |b| word >> b & 1 != 0)
            .map(move |b| n * 64 + b)
    })
}
