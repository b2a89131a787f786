//! Dot products, written so that the compiler turns them into vector instructions.

/// Sums kept side by side: one sum alone would wait for each addition before the next.
const LANES: usize = 32;

/// The dot product of two vectors of the same width; the longer one's rest is ignored.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
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
}
