//! Audits: a share of semantic hits is answered afresh all the same, and the two answers are compared.

use crate::embed::Encoder;

/// Answers whose cosine is below this say something else. Two answers to one question by a sampling model lie mostly
/// above it, answers to different questions mostly below.
const AGREE: f32 = 0.8;

/// Standard deviations of a 95 % interval.
const Z: f64 = 1.96;

/// Whether two answers say the same, as far as their meanings show; none where they cannot be compared.
pub async fn agree(encoder: &Encoder, texts: [Option<String>; 2]) -> Option<bool> {
    let [Some(stored), Some(fresh)] = texts else { return None };
    let stored = encoder.embed_patiently(&stored).await.ok()?;
    let fresh = encoder.embed_patiently(&fresh).await.ok()?;
    Some(stored.iter().zip(fresh.iter()).map(|(a, b)| a * b).sum::<f32>() >= AGREE)
}

/// The bounds of a share of which `count` of `of` were seen, with 95 % confidence (Wilson's interval).
pub fn bounds(count: u64, of: u64) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (of as f64, count as f64 / of as f64);
    let centre = share + Z * Z / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_the_share_and_narrow() {
        assert_eq!(bounds(0, 0), (0.0, 1.0));
        let (low, high) = bounds(5, 100);
        assert!((0.021..0.022).contains(&low) && (0.111..0.112).contains(&high), "{low} {high}");
        assert!(bounds(0, 50).0 == 0.0 && bounds(0, 50).1 < 0.08);
        assert!(bounds(50, 50).1 == 1.0 && bounds(50, 50).0 > 0.92);
    }
}
