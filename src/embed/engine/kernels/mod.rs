//! u8 × i8 → i32 matrix products, and the rotation before them, one kernel for each instruction set, chosen by what the
//! CPU has.
//!
//! All of them read the same packed weights and give the same results, to the last bit, and neither saturate nor overflow.
//!
//! Weights lie in panels of [`WIDTH`] output channels. Within a panel, the [`QUAD`] inputs that one dot-product
//! instruction takes lie together, channel after channel: `panel[depth / QUAD][WIDTH][QUAD]`.

#![allow(unsafe_code, reason = "vector instructions; each block says why it is sound")]

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod amx_bf16;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512_vnni;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
mod portable;
mod rotation;
#[cfg(target_arch = "x86_64")]
mod tiles;

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
pub(crate) use amx_bf16::{BLOCK, Bf16};

/// Output channels in a panel.
pub const WIDTH: usize = 64;

/// What a panel's depth is a multiple of: a tile's row, and a cache line of activations.
pub const STEP: usize = 64;

/// Inputs of a channel whose products cannot overflow an i32: `MAX_DEPTH × 255 × 128 < 2³¹`.
pub const MAX_DEPTH: usize = 65_536;

/// Numbers that are rotated together.
pub const TURN: usize = 128;

/// Inputs of a channel that lie together.
pub const QUAD: usize = 4;

/// Rows that a block has at most.
pub const ROWS: usize = 32;

/// Sums for up to [`ROWS`] rows of one panel.
#[derive(Clone)]
#[repr(C, align(64))]
pub struct Block(pub [[i32; WIDTH]; ROWS]);

/// One step's inputs of one row.
type Inputs = [[u8; QUAD]; STEP / QUAD];

/// One step's weights of one panel.
type Weights = [[i8; WIDTH * QUAD]; STEP / QUAD];

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

/// Rows of activations and one panel, equally deep.
#[derive(Clone, Copy)]
struct Operands<'a> {
    /// `[rows][steps]`
    activations: &'a [Inputs],
    /// `[steps]`
    panel: &'a [Weights],
    /// At most [`ROWS`].
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

    /// `block.0[r][c] = Σ activations[r][k] × weights[k][c]` for each row of activations, which are as deep as the panel;
    /// further rows stay as they are.
    ///
    /// # Panics
    /// If the panel's depth is no multiple of [`STEP`] or beyond [`MAX_DEPTH`], or the activations are not 1 to [`ROWS`]
    /// such rows.
    pub fn multiply(self, activations: &[u8], panel: &[i8], block: &mut Block) {
        let (panel, rest) = panel.as_chunks().0.as_chunks::<{ STEP / QUAD }>();
        assert!(rest.is_empty() && (1..=MAX_DEPTH / STEP).contains(&panel.len()), "a panel of another depth");
        let (activations, rest) = activations.as_chunks().0.as_chunks();
        let rows = activations.len() / panel.len();
        let is_whole = rest.is_empty() && activations.len() == rows * panel.len();
        assert!(is_whole && (1..=ROWS).contains(&rows), "rows of another depth");
        let operands = Operands { activations, panel, rows };
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

    /// Gives back what the products of this thread keep from one to the next.
    pub fn rest(self) {
        #[cfg(target_arch = "x86_64")]
        tiles::release();
    }

    /// Products in bf16, where tiles do them.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn bf16(self) -> Option<Bf16> {
        (self.0 == Path::AmxInt8).then(Bf16::detect).flatten()
    }

    /// Multiplies each [`TURN`] numbers of `row` by the Hadamard matrix, all of whose entries are 1 or −1, so that each of
    /// them comes to be spread over all. A second time gives the numbers back, [`TURN`] times as large. What is left over
    /// beyond whole turns stays as it is.
    ///
    /// # Panics
    /// If `rotated` is not as long as `row`.
    pub fn rotate(self, row: &[f32], rotated: &mut [f32]) {
        assert!(rotated.len() == row.len(), "a row of another length");
        match self.0 {
            Path::Portable => rotation::portable(row, rotated),
            // SAFETY (both): `all` saw that the CPU has it.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 | Path::AvxVnni => unsafe { rotation::avx2(row, rotated) },
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Vnni | Path::AmxInt8 => unsafe { rotation::avx512(row, rotated) },
        }
    }
}

// === impl Operands ===

impl<'a> Operands<'a> {
    /// Row `row`, as many steps as the panel has.
    #[inline(always)]
    fn row(&self, row: usize) -> &'a [Inputs] {
        &self.activations[row * self.panel.len()..][..self.panel.len()]
    }
}

/// `rows` rows in parts of at most `most`, as even as they can be.
fn even_parts(rows: usize, most: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let parts = rows.div_ceil(most);
    (0..parts).map(move |part| part * rows / parts..(part + 1) * rows / parts)
}

#[cfg(test)]
mod tests;
