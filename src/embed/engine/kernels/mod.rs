//! u8 × i8 → i32 matrix products, one kernel for each instruction set, chosen by what the CPU has.
//!
//! All of them read the same packed weights and give the same sums, to the last bit, and neither saturate nor overflow.
//!
//! Inputs are summed span by span, as each span of [`SPAN`] inputs has scales of its own. Weights lie in panels of
//! [`WIDTH`] output channels. Within a panel, the [`QUAD`] inputs that one dot-product instruction takes lie together,
//! channel after channel: `panel[spans][SPAN / QUAD][WIDTH][QUAD]`.

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

/// Inputs that are summed, and scaled, together.
pub const SPAN: usize = 128;

/// Inputs of a channel that lie together.
pub const QUAD: usize = 4;

/// Rows that a block has at most.
pub const ROWS: usize = 32;

/// Sums over one span, for up to [`ROWS`] rows of one panel.
#[derive(Clone)]
#[repr(C, align(64))]
pub struct Block(pub [[i32; WIDTH]; ROWS]);

/// One span's inputs of one row.
type Inputs = [[u8; QUAD]; SPAN / QUAD];

/// One span's weights of one panel.
type Weights = [[i8; WIDTH * QUAD]; SPAN / QUAD];

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
    /// `[rows][spans]`
    activations: &'a [Inputs],
    /// `[spans]`
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

    /// `blocks[s].0[r][c] = Σ activations[r][k] × weights[k][c]` over the inputs `k` of span `s`, for each span and each row;
    /// what the blocks hold of further rows is unspecified.
    ///
    /// # Panics
    /// If the panel is not `blocks.len()` spans deep, or the activations are not 1 to [`ROWS`] such rows.
    pub fn multiply(self, activations: &[u8], panel: &[i8], blocks: &mut [Block]) {
        let (panel, rest) = panel.as_chunks().0.as_chunks::<{ SPAN / QUAD }>();
        assert!(rest.is_empty() && panel.len() == blocks.len() && !blocks.is_empty(), "a panel of another depth");
        let (activations, rest) = activations.as_chunks().0.as_chunks();
        let rows = activations.len() / blocks.len();
        let is_whole = rest.is_empty() && activations.len() == rows * blocks.len();
        assert!(is_whole && (1..=ROWS).contains(&rows), "rows of another depth");
        let operands = Operands { activations, panel, rows };
        match self.0 {
            Path::Portable => portable::multiply(operands, blocks),
            // SAFETY (all four): the kernel was handed out by `all`, which saw that the CPU and, for AMX, the operating
            // system have what it needs; the operands' sizes were checked above.
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { avx2::multiply(operands, blocks) },
            #[cfg(target_arch = "x86_64")]
            Path::AvxVnni => unsafe { avx_vnni::multiply(operands, blocks) },
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Vnni => unsafe { avx512_vnni::multiply(operands, blocks) },
            #[cfg(target_arch = "x86_64")]
            Path::AmxInt8 => unsafe { amx::multiply(operands, blocks) },
        }
    }
}

// === impl Operands ===

impl<'a> Operands<'a> {
    /// What row `row` has in span `span`.
    #[inline(always)]
    fn inputs(&self, row: usize, span: usize) -> &'a Inputs {
        &self.activations[row * self.panel.len() + span]
    }
}

/// `rows` rows in parts of at most `most`, as even as they can be.
fn even_parts(rows: usize, most: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let parts = rows.div_ceil(most);
    (0..parts).map(move |part| part * rows / parts..(part + 1) * rows / parts)
}

#[cfg(test)]
mod tests;
