//! u8 × i8 → i32 matrix products, one kernel for each instruction set, chosen by what the CPU has.
//!
//! All of them read the same packed weights and give the same sums, to the last bit: products of a u8 and an i8 are
//! summed in i32, which cannot overflow within [`MAX_DEPTH`].
//!
//! Weights lie in panels of [`WIDTH`] output channels. Within a panel, the [`GROUP`] inputs that one dot-product
//! instruction takes lie together, channel after channel: `panel[depth / GROUP][WIDTH][GROUP]`.

#![allow(unsafe_code, reason = "vector instructions; each block says why it is sound")]

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512_vnni;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
mod portable;

use std::sync::OnceLock;

/// Output channels in a panel.
pub const WIDTH: usize = 64;

/// Inputs of a channel that lie together.
pub const GROUP: usize = 4;

/// Inputs that a panel's depth is a multiple of, padded with zeros: a cache line of activations, and a tile's row.
pub const DEPTH_STEP: usize = 64;

/// Rows that a block has at most.
pub const ROWS: usize = 32;

/// Inputs of a channel whose products cannot overflow an i32: `MAX_DEPTH × 255 × 128 < 2³¹`.
pub const MAX_DEPTH: usize = 65_536;

/// Sums for up to [`ROWS`] rows of one panel.
#[derive(Clone)]
#[repr(C, align(64))]
pub struct Block(pub [[i32; WIDTH]; ROWS]);

/// One way to multiply that this machine has. There is no other way to get one than to ask what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Path);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    #[cfg(target_arch = "x86_64")]
    AmxInt8,
}

/// The operands of one block: `rows` rows of activations and one panel, each `depth` deep.
#[derive(Clone, Copy)]
struct Operands<'a> {
    /// `[rows][depth]`
    activations: &'a [u8],
    /// `[depth / GROUP][WIDTH][GROUP]`
    panel: &'a [i8],
    depth: usize,
    rows: usize,
}

// === impl Block ===

impl Default for Block {
    fn default() -> Self {
        Self([[0; WIDTH]; ROWS])
    }
}

// === impl Kernel ===

impl Kernel {
    /// The fastest that this machine has.
    pub fn best() -> Self {
        static BEST: OnceLock<Kernel> = OnceLock::new();
        *BEST.get_or_init(|| Self::all().next_back().unwrap_or(Self(Path::Portable)))
    }

    /// All that this machine has, the fastest last.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let faster = [
            (Path::Avx2, avx2::is_available as fn() -> bool),
            (Path::AvxVnni, avx_vnni::is_available),
            (Path::Avx512Vnni, avx512_vnni::is_available),
            (Path::AmxInt8, amx::is_available),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let faster: [(Path, fn() -> bool); 0] = [];
        let faster = faster.into_iter().filter(|(_, is_available)| is_available()).map(|(path, _)| Self(path));
        std::iter::once(Self(Path::Portable)).chain(faster)
    }

    /// Its name, such as `avx512-vnni`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Path::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Path::AvxVnni => "avx-vnni",
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Vnni => "avx512-vnni",
            #[cfg(target_arch = "x86_64")]
            Path::AmxInt8 => "amx-int8",
        }
    }

    /// `block[r][c] = Σ activations[r][k] × weights[k][c]` for the `activations.len() / depth` rows; what the block holds
    /// of further rows is unspecified.
    ///
    /// # Panics
    /// If `depth` is no multiple of [`DEPTH_STEP`] or beyond [`MAX_DEPTH`], the panel is not `depth` deep, or the
    /// activations are not 1 to [`ROWS`] whole rows.
    pub fn multiply(self, activations: &[u8], panel: &[i8], depth: usize, block: &mut Block) {
        assert!(depth > 0 && depth.is_multiple_of(DEPTH_STEP) && depth <= MAX_DEPTH, "a depth of {depth}");
        assert!(panel.len() == depth * WIDTH, "a panel of another depth");
        let rows = activations.len() / depth;
        assert!((1..=ROWS).contains(&rows) && activations.len() == rows * depth, "rows of another depth");
        let operands = Operands { activations, panel, depth, rows };
        match self.0 {
            Path::Portable => portable::multiply(operands, block),
            // SAFETY (all four): the kernel was handed out by `all`, which saw that the CPU and, for AMX, the operating
            // system have what it needs; the operands' sizes were checked above.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { avx2::multiply(operands, block) },
            #[cfg(target_arch = "x86_64")]
            Path::AvxVnni => unsafe { avx_vnni::multiply(operands, block) },
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Vnni => unsafe { avx512_vnni::multiply(operands, block) },
            #[cfg(target_arch = "x86_64")]
            Path::AmxInt8 => unsafe { amx::multiply(operands, block) },
        }
    }
}

// === impl Operands ===

impl<'a> Operands<'a> {
    /// Row `row` of the activations, in as many groups as there are [`Self::steps`].
    #[inline(always)]
    fn row(&self, row: usize) -> &'a [[u8; GROUP]] {
        let (groups, _) = self.activations[row * self.depth..(row + 1) * self.depth].as_chunks();
        assert!(groups.len() == self.depth / GROUP);
        groups
    }

    /// The panel, group after group.
    #[inline(always)]
    fn steps(&self) -> &'a [[i8; WIDTH * GROUP]] {
        let (steps, _) = self.panel.as_chunks();
        assert!(steps.len() == self.depth / GROUP);
        steps
    }
}

/// `rows` rows in parts of at most `most`, as even as they can be.
fn even_parts(rows: usize, most: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let parts = rows.div_ceil(most);
    (0..parts).map(move |part| part * rows / parts..(part + 1) * rows / parts)
}

#[cfg(test)]
mod tests;
