//! Dot products, written so that they become vector instructions, and the search among rounded vectors that stays exact:
//! one byte of each number is read and not four, since it is memory that takes the time, and bounds tell which vectors
//! rounding leaves in the race.

/// Codes are padded with zeros to a multiple of this many.
pub(crate) const BLOCK: usize = 64;

/// Sums kept side by side: one sum alone would wait for each addition before the next.
const LANES: usize = 32;

/// What became of a vector in integers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounding {
    /// The value of one step.
    scale: f32,
    /// The length of the vector in integers, times `scale`.
    length: f32,
    /// The length of what rounding took.
    error: f32,
}

/// Steps on either side of zero, of what is searched and of what is searched for. With these, i32 holds the products of
/// 8,000 dimensions.
pub(crate) const STORED_STEPS: f32 = i8::MAX as f32;
pub(crate) const QUERY_STEPS: f32 = 2047.0;

/// More than f32 arithmetic adds to a bound or a product of vectors of length one.
const SLACK: f32 = 1e-5;

/// The dot product of two vectors of the same width.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The dot product of `query` with each of `vectors`, in their order. All are as wide as `query`, a multiple of [`BLOCK`],
/// and so small that i32 holds their products.
pub(crate) fn coarse_dots<'a>(vectors: impl Iterator<Item = &'a [i8]>, query: &[i16]) -> Vec<i32> {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = pulp::x86::V3::try_new() {
        return avx2_coarse_dots(avx2, vectors, query);
    }
    portable_coarse_dots(vectors, query)
}

fn portable_coarse_dots<'a>(vectors: impl Iterator<Item = &'a [i8]>, query: &[i16]) -> Vec<i32> {
    let products = |(code, query): (&i8, &i16)| i32::from(*code) * i32::from(*query);
    vectors.map(|vector| vector.iter().zip(query).map(products).sum()).collect()
}

/// As the portable one, which the compiler fills only half of AVX2's registers for.
#[cfg(target_arch = "x86_64")]
fn avx2_coarse_dots<'a>(avx2: pulp::x86::V3, vectors: impl Iterator<Item = &'a [i8]>, query: &[i16]) -> Vec<i32> {
    use pulp::{cast, i16x16, i32x8};

    const STEP: usize = 16;
    let (query_blocks, _) = query.as_chunks::<STEP>().0.as_chunks::<{ BLOCK / STEP }>();
    let mut dots = Vec::with_capacity(vectors.size_hint().0);
    avx2.vectorize(
        #[inline(always)]
        || {
            for vector in vectors {
                let mut sums: [i32x8; BLOCK / STEP] = [cast([0i32; 8]); _];
                let (blocks, _) = vector.as_chunks::<STEP>().0.as_chunks::<{ BLOCK / STEP }>();
                for (block, query) in blocks.iter().zip(query_blocks) {
                    for ((sum, codes), query) in sums.iter_mut().zip(block).zip(query) {
                        let codes = avx2.convert_i8x16_to_i16x16(cast(*codes));
                        let query: i16x16 = cast(*query);
                        let products = avx2.multiply_wrapping_add_adjacent_i16x16(codes, query);
                        *sum = avx2.wrapping_add_i32x8(*sum, products);
                    }
                }
                let [a, b, c, d] = sums;
                let sum = avx2.wrapping_add_i32x8(avx2.wrapping_add_i32x8(a, b), avx2.wrapping_add_i32x8(c, d));
                dots.push(cast::<i32x8, [i32; 8]>(sum).iter().sum());
            }
        },
    );
    dots
}

/// The least and the most that the product of a stored vector and a query can be, given the product `dot` of their integers.
///
/// With s = s' + e and q = q' + f: s·q = s'·q' + s'·f + e·q' + e·f, and Cauchy-Schwarz bounds all but the first.
pub(crate) fn bounds(stored: Rounding, query: Rounding, dot: i32) -> (f32, f32) {
    let product = dot as f32 * stored.scale * query.scale;
    let rest = stored.length * query.error + stored.error * (query.length + query.error) + SLACK;
    (product - rest, product + rest)
}

/// `vector` in integers from `-steps` to `steps`, padded with zeros to whole blocks.
pub(crate) fn round(vector: &[f32], steps: f32) -> (Vec<i16>, Rounding) {
    let largest = vector.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let scale = if largest > 0.0 { largest / steps } else { 1.0 };
    // Rounds as `f32::round` does, which is a function call for each number on a CPU without SSE4.1.
    let mut codes: Vec<i16> = vector.iter().map(|x| (x / scale + 0.5f32.copysign(*x)) as i16).collect();
    let rounded = || codes.iter().map(|code| f32::from(*code) * scale);
    let length = rounded().map(|x| x * x).sum::<f32>().sqrt();
    let error = vector.iter().zip(rounded()).map(|(x, rounded)| (x - rounded).powi(2)).sum::<f32>().sqrt();
    codes.resize(vector.len().next_multiple_of(BLOCK), 0);
    (codes, Rounding { scale, length, error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_products_are_right_at_every_width() {
        for width in [0, 1, 31, 32, 33, 100, 384] {
            let a: Vec<f32> = (0..width).map(|i| i as f32 - 7.0).collect();
            let b: Vec<f32> = (0..width).map(|i| (i % 5) as f32).collect();
            let expected: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert_eq!(dot(&a, &b), expected, "{width}");
        }
    }

    #[test]
    fn every_path_gives_the_same_coarse_products() {
        for blocks in 1..8 {
            let width = blocks * BLOCK;
            let query: Vec<i16> = (0..width).map(|i| (i as i16 % 4095) * 37 % 2048 - 1024).collect();
            let codes: Vec<i8> = (0..width * 3).map(|i| (i * 31 % 255) as u8 as i8).collect();
            let dots = coarse_dots(codes.chunks(width), &query);
            assert_eq!(dots.len(), 3);
            assert_eq!(dots, portable_coarse_dots(codes.chunks(width), &query), "{width}");
        }
        assert!(coarse_dots([].into_iter(), &[]).is_empty());
    }
}
