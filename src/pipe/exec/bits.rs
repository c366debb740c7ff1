//! Masks of slots.

/// The numbers of the bits of a mask, ascending.
pub(super) fn bits(mut mask: u32) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (mask != 0).then(|| mask.trailing_zeros());
        mask &= mask.wrapping_sub(1);
        bit
    })
}

/// The lowest `count` bits, at most 32.
pub(super) fn low_bits(count: u32) -> u32 {
    u32::MAX.checked_shr(32 - count.min(32)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_have_as_many_bits_as_there_are_slots() {
        assert_eq!(
            [0, 1, 31, 32, 80].map(low_bits),
            [0, 1, u32::MAX >> 1, u32::MAX, u32::MAX]
        );
        assert_eq!(bits(1 << 31 | 0b101).collect::<Vec<_>>(), [0, 2, 31]);
        assert_eq!(bits(0).count(), 0);
    }
}
