//! Memory in whole cache lines, so that no vector straddles two.

use bytemuck::{Pod, Zeroable};

/// Bytes of a cache line, and of the widest vector.
pub(crate) const LINE: usize = 64;

/// One cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

// SAFETY: an array of bytes of the struct's size and alignment: no padding, and every bit pattern is a value.
#[allow(unsafe_code)]
unsafe impl Zeroable for Line {}
// SAFETY: as above, and it is Copy.
#[allow(unsafe_code)]
unsafe impl Pod for Line {}

/// A vector of numbers that starts at a cache line.
#[derive(Clone, Default)]
pub(crate) struct Aligned<T> {
    lines: Vec<Line>,
    length: usize,
    of: std::marker::PhantomData<T>,
}

// === impl Aligned ===

impl<T: Pod> Aligned<T> {
    /// `length` zeros.
    pub(crate) fn zeroed(length: usize) -> Self {
        let mut zeros = Self { lines: Vec::new(), length: 0, of: std::marker::PhantomData };
        zeros.resize(length);
        zeros
    }

    /// Makes it `length` long: what was there stays or is cut off, what is new is zero or what an earlier length left.
    /// Allocates only beyond the greatest length so far.
    pub(crate) fn resize(&mut self, length: usize) {
        let lines = (length * size_of::<T>()).div_ceil(LINE);
        if lines > self.lines.len() {
            self.lines.resize(lines, Line::zeroed());
        }
        self.length = length;
    }
}

impl<T: Pod> std::ops::Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &bytemuck::cast_slice(&self.lines)[..self.length]
    }
}

impl<T: Pod> std::ops::DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.length]
    }
}
