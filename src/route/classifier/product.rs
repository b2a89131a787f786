//! Matrix products for the fit, in plain loops that become vector instructions.
//!
//! Each sum is made in one order, so that the same CPU gives the same result each time, and so do all that can multiply
//! and add at once.

use std::ops::Range;

/// Columns of a tile; a matrix on the right is padded with zeros to a multiple of it.
pub(super) const TILE: usize = 16;

/// Rows of a tile: with TILE columns, as many sums as the registers hold.
const ROWS: usize = 4;

/// Terms of the sums before the next rows' turn, so that what they read of the matrix on the right stays in the cache.
const DEPTH: usize = 256;

/// How the matrix on the left lies in memory.
#[derive(Debug, Clone, Copy)]
pub(super) enum Left<'a> {
    /// Row after row.
    Rows(&'a [f32]),
    /// Column after column: a matrix that was stored row after row, transposed.
    Columns(&'a [f32]),
}

/// `left` (rows × depth) times `right` (depth × columns), which lies row after row as `out` does; `columns` is a multiple
/// of [`TILE`]. `out` is overwritten.
pub(super) fn product(left: Left, right: &[f32], depth: usize, columns: usize, out: &mut [f32]) {
    out.fill(0.0);
    let rows = out.len() / columns.max(1);
    let mut lefts = [[0.0; ROWS]; DEPTH];
    let mut tiles = Vec::new();
    for begin in (0..depth).step_by(DEPTH) {
        let terms = begin..depth.min(begin + DEPTH);
        pack(right, terms.clone(), columns, &mut tiles);
        for row in (0..rows).step_by(ROWS) {
            let lefts = &mut lefts[..terms.len()];
            left.pack(row..rows.min(row + ROWS), rows, depth, terms.clone(), lefts);
            for (tile, rights) in tiles.chunks_exact(terms.len()).enumerate() {
                let sums = tile_product(lefts, rights);
                for (out, sums) in out[row * columns..].chunks_mut(columns).zip(sums) {
                    let out = &mut out[tile * TILE..][..TILE];
                    out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
                }
            }
        }
    }
}

fn tile_product(lefts: &[[f32; ROWS]], rights: &[[f32; TILE]]) -> [[f32; TILE]; ROWS] {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = pulp::x86::V3::try_new() {
        return avx2.vectorize(
            #[inline(always)]
            || sums(lefts, rights, f32::mul_add),
        );
    }
    sums(lefts, rights, |left, right, sum| left * right + sum)
}

#[inline(always)]
fn sums(lefts: &[[f32; ROWS]], rights: &[[f32; TILE]], add: impl Fn(f32, f32, f32) -> f32) -> [[f32; TILE]; ROWS] {
    let mut sums = [[0.0; TILE]; ROWS];
    for (left, right) in lefts.iter().zip(rights) {
        for row in 0..ROWS {
            for lane in 0..TILE {
                sums[row][lane] = add(left[row], right[lane], sums[row][lane]);
            }
        }
    }
    sums
}

/// `terms` of `right`, tile after tile.
fn pack(right: &[f32], terms: Range<usize>, columns: usize, tiles: &mut Vec<[f32; TILE]>) {
    tiles.clear();
    for tile in 0..columns / TILE {
        let rows = right.chunks_exact(columns).skip(terms.start).take(terms.len());
        tiles.extend(rows.map(|row| row.as_chunks().0[tile]));
    }
}

// === impl Left ===

impl Left<'_> {
    /// Up to [`ROWS`] of `all` rows, term after term; rows that are not there are left as they were.
    fn pack(self, rows: Range<usize>, all: usize, depth: usize, terms: Range<usize>, packed: &mut [[f32; ROWS]]) {
        match self {
            Self::Rows(floats) => {
                for (i, row) in rows.enumerate() {
                    let floats = &floats[row * depth..][terms.clone()];
                    packed.iter_mut().zip(floats).for_each(|(packed, x)| packed[i] = *x);
                }
            }
            Self::Columns(floats) => {
                for (packed, column) in packed.iter_mut().zip(floats.chunks_exact(all).skip(terms.start)) {
                    packed.iter_mut().zip(&column[rows.clone()]).for_each(|(packed, x)| *packed = *x);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_right_at_every_size_and_either_way() {
        for (rows, depth) in [(0, 3), (1, 1), (3, 600), (4, 7), (9, 257), (2, 0)] {
            let columns = 2 * TILE;
            let left: Vec<f32> = (0..rows * depth).map(|i| (i % 7) as f32 - 3.0).collect();
            let across: Vec<f32> = (0..depth * rows).map(|i| left[i % rows * depth + i / rows]).collect();
            let right: Vec<f32> = (0..depth * columns).map(|i| (i % 5) as f32 - 2.0).collect();
            let expected: Vec<f32> = (0..rows * columns)
                .map(|i| (0..depth).map(|k| left[i / columns * depth + k] * right[k * columns + i % columns]).sum())
                .collect();
            for left in [Left::Rows(&left), Left::Columns(&across)] {
                let mut out = vec![f32::NAN; rows * columns];
                product(left, &right, depth, columns, &mut out);
                assert_eq!(out, expected, "{rows} {depth}");
            }
        }
    }
}
