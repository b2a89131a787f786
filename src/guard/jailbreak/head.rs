//! A small network over the embeddings of windows: one hidden layer, ReLU, one logit.

/// Numbers of an embedding.
pub const WIDTH: usize = 384;

/// Sums kept apart, so that the compiler may use vector registers.
const LANES: usize = 16;

#[derive(Debug)]
pub(crate) struct Head {
    /// A row of `WIDTH` for each hidden unit.
    pub(crate) hidden: Box<[f32]>,
    pub(crate) hidden_bias: Box<[f32]>,
    pub(crate) output: Box<[f32]>,
    pub(crate) output_bias: f32,
}

/// The logits of a text's windows, as far as the stack asks for them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Logits {
    pub(crate) highest: f32,
    /// The mean of the two highest, or the highest where there is one window.
    pub(crate) second: f32,
    /// Windows but for those that repeat others, one at least.
    pub(crate) windows: usize,
}

// === impl Head ===

impl Head {
    /// Nothing where there are no windows. So many as `repeats` say what others say, without what hides it: they make the
    /// text no longer, and what they say need not be said twice.
    pub(crate) fn read(&self, windows: &[&[f32]], repeats: usize) -> Option<Logits> {
        let (mut first, mut second, mut count) = (f32::NEG_INFINITY, f32::NEG_INFINITY, 0_usize);
        for logit in windows.iter().filter(|window| window.len() == WIDTH).map(|window| self.logit(window)) {
            count += 1;
            if logit > first {
                (first, second) = (logit, first);
            } else {
                second = second.max(logit);
            }
        }
        let windows = count.saturating_sub(repeats).max(1);
        let mean = if windows > 1 { (first + second) / 2.0 } else { first };
        (count > 0).then_some(Logits { highest: first, second: mean, windows })
    }

    fn logit(&self, window: &[f32]) -> f32 {
        let units = self.hidden.chunks_exact(WIDTH).zip(&self.hidden_bias).zip(&self.output);
        units.fold(self.output_bias, |sum, ((row, bias), weight)| sum + weight * (dot(row, window) + bias).max(0.0))
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two units: one sees the first number, one its negative.
    fn head() -> Head {
        let mut hidden = vec![0.0; 2 * WIDTH];
        (hidden[0], hidden[WIDTH]) = (1.0, -1.0);
        let (hidden_bias, output) = ([0.5, 0.0].into(), [2.0, 3.0].into());
        Head { hidden: hidden.into(), hidden_bias, output, output_bias: -1.0 }
    }

    fn window(first: f32) -> Vec<f32> {
        let mut window = vec![0.0; WIDTH];
        window[0] = first;
        window
    }

    #[test]
    fn units_below_zero_say_nothing() {
        assert_eq!(head().logit(&window(1.0)), 2.0);
        assert_eq!(head().logit(&window(-1.0)), 2.0);
        assert_eq!(head().logit(&window(-0.5)), 0.5);
    }

    #[test]
    fn the_two_highest_windows_count() {
        let windows = [window(-0.5), window(2.0), window(0.0)];
        let windows: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
        assert_eq!(head().read(&windows, 0), Some(Logits { highest: 4.0, second: 2.25, windows: 3 }));
        assert_eq!(head().read(&windows[..1], 0), Some(Logits { highest: 0.5, second: 0.5, windows: 1 }));
    }

    #[test]
    fn repeats_make_no_text_longer() {
        let windows = [window(-0.5), window(2.0), window(0.0)];
        let windows: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
        assert_eq!(head().read(&windows, 1), Some(Logits { highest: 4.0, second: 2.25, windows: 2 }));
        assert_eq!(head().read(&windows, 2), Some(Logits { highest: 4.0, second: 4.0, windows: 1 }));
        assert_eq!(head().read(&windows, 5), head().read(&windows, 2));
    }

    #[test]
    fn without_windows_there_is_no_logit() {
        assert_eq!(head().read(&[], 0), None);
        assert_eq!(head().read(&[&[1.0, 2.0]], 0), None);
    }
}
