//! Elementary functions on vectors of f32, to the accuracy that int8 activations leave room for.

use pulp::Simd;

/// `coefficients[0] + coefficients[1] x + …`, by Horner.
#[inline(always)]
fn polynomial<S: Simd>(simd: S, x: S::f32s, coefficients: &[f32]) -> S::f32s {
    let (highest, lower) = coefficients.split_last().unwrap_or((&0.0, &[]));
    lower.iter().rev().fold(simd.splat_f32s(*highest), |sum, &next| simd.mul_add_e_f32s(sum, x, simd.splat_f32s(next)))
}

/// `eˣ` for x ≤ 0, within 10⁻⁵ of it relatively; below −87, where f32 ends, 10⁻³⁸ or less.
///
/// `2ⁿ · 2ᶠ` with whole n, and f in ±½ by a polynomial of our own (least relative error over that range: 2.6 · 10⁻⁶).
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    const TWO_TO_F: [f32; 5] = [0.999_999_3, 0.693_121_8, 0.240_247_44, 0.055_917_86, 0.009_570_097];
    // Adding 1.5 · 2²³ rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const EXPONENT_BIAS: u32 = 127;
    let x = simd.max_f32s(x, simd.splat_f32s(-87.0));
    let scaled = simd.mul_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E));
    let rounded = simd.add_f32s(scaled, simd.splat_f32s(ROUND));
    let fraction = simd.sub_f32s(scaled, simd.sub_f32s(rounded, simd.splat_f32s(ROUND)));
    let biased = simd.add_u32s(simd.transmute_u32s_f32s(rounded), simd.splat_u32s(EXPONENT_BIAS));
    let two_to_n = simd.transmute_f32s_u32s(simd.wrapping_dyn_shl_u32s(biased, simd.splat_u32s(23)));
    simd.mul_f32s(polynomial(simd, fraction, &TWO_TO_F), two_to_n)
}

/// The exact GELU, `x Φ(x)`, within 4 · 10⁻⁵ + 10⁻⁵ |x| of it.
///
/// `(Φ(x) − ½) / x` is even: a polynomial of our own in x² over ±4.5 (least weighted error), beyond which Φ is 0 or 1.
#[inline(always)]
pub(crate) fn gelu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    const END: f32 = 4.5;
    const HALF_ERF_OVER_X: [f32; 9] = [
        0.156_902_12,
        -0.077_171_97,
        0.054_818_574,
        -0.040_555_727,
        0.027_629_348,
        -0.016_744_163,
        0.012_208_661,
        -0.009_328_448,
        0.003_353_591_3,
    ];
    let near = simd.min_f32s(simd.max_f32s(x, simd.splat_f32s(-END)), simd.splat_f32s(END));
    let squared = simd.mul_f32s(near, near);
    let centred = simd.mul_add_e_f32s(squared, simd.splat_f32s(2.0 / (END * END)), simd.splat_f32s(-1.0));
    let phi = simd.mul_add_e_f32s(near, polynomial(simd, centred, &HALF_ERF_OVER_X), simd.splat_f32s(0.5));
    let phi = simd.min_f32s(simd.max_f32s(phi, simd.splat_f32s(0.0)), simd.splat_f32s(1.0));
    simd.mul_f32s(x, phi)
}

/// The GELU by `tanh` that some models were trained with:
/// `x / (1 + e^(−2 √(2/π) (x + 0.044715 x³)))`, within 10⁻⁵ |x| of it.
#[inline(always)]
pub(crate) fn gelu_tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    const TWICE_SQRT_2_OVER_PI: f32 = 1.595_769;
    let cubic = simd.mul_add_e_f32s(simd.mul_f32s(x, x), simd.splat_f32s(0.044_715), simd.splat_f32s(1.0));
    let inner = simd.mul_f32s(simd.mul_f32s(x, simd.splat_f32s(TWICE_SQRT_2_OVER_PI)), cubic);
    // e to a power that is not positive, so that nothing overflows.
    let small = exp(simd, simd.sub_f32s(simd.splat_f32s(0.0), simd.abs_f32s(inner)));
    let one = simd.splat_f32s(1.0);
    let positive = simd.greater_than_or_equal_f32s(inner, simd.splat_f32s(0.0));
    let numerator = simd.select_f32s(positive, one, small);
    simd.div_f32s(simd.mul_f32s(x, numerator), simd.add_f32s(one, small))
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    /// One of the functions above, applied to every number of a slice.
    struct Each<'a, F>(F, &'a mut [f32]);

    /// A function for every instruction set.
    trait Function: Copy {
        fn of<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s;
    }

    macro_rules! function {
        ($name:ident, $function:path) => {
            #[derive(Clone, Copy)]
            struct $name;
            impl Function for $name {
                #[inline(always)]
                fn of<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
                    $function(simd, x)
                }
            }
        };
    }
    function!(Exp, exp);
    function!(Gelu, gelu);
    function!(GeluTanh, gelu_tanh);

    impl<F: Function> WithSimd for Each<'_, F> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (vectors, rest) = S::as_mut_simd_f32s(self.1);
            vectors.iter_mut().for_each(|x| *x = self.0.of(simd, *x));
            let tail = self.0.of(simd, simd.partial_load_f32s(rest));
            simd.partial_store_f32s(rest, tail);
        }
    }

    /// Checks `function` from `low` to `high` against `exact` in f64, on the best instruction set and without any.
    fn check(
        function: impl Function,
        (low, high): (f32, f32),
        exact: impl Fn(f64) -> f64,
        bound: impl Fn(f64, f64) -> f64,
    ) {
        let count = if cfg!(miri) { 200 } else { 1_000_003 };
        let inputs: Vec<f32> = (0..count).map(|i| low + (high - low) * i as f32 / (count - 1) as f32).collect();
        let (mut best, mut plain) = (inputs.clone(), inputs.clone());
        Arch::new().dispatch(Each(function, &mut best));
        Arch::Scalar.dispatch(Each(function, &mut plain));
        for (x, outputs) in inputs.iter().zip(best.iter().zip(&plain)) {
            let exact = exact(f64::from(*x));
            for output in [*outputs.0, *outputs.1] {
                let error = (f64::from(output) - exact).abs();
                assert!(error <= bound(f64::from(*x), exact), "{x}: {output}, not {exact}");
            }
        }
    }

    /// Φ by a series about 0, or near its ends by a continued fraction; good to 10⁻¹².
    fn normal(x: f64) -> f64 {
        if x < 0.0 {
            return 1.0 - normal(-x);
        }
        let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        if x > 6.0 {
            return 1.0 - density / (1..60).rev().fold(x, |below, k| x + f64::from(k) / below);
        }
        let mut term = x;
        let mut sum = x;
        for k in 1..200 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        0.5 + density * sum
    }

    #[test]
    fn exp_is_within_its_bound() {
        check(Exp, (-87.0, 0.0), f64::exp, |_, exact| 1e-5 * exact);
        check(Exp, (-1000.0, -87.0), |_| 0.0, |_, _| 2e-38);
        check(Exp, (f32::NEG_INFINITY, f32::NEG_INFINITY), |_| 0.0, |_, _| 2e-38);
    }

    #[test]
    fn gelu_is_within_its_bound() {
        check(Gelu, (-12.0, 12.0), |x| x * normal(x), |x, _| 4e-5 + 1e-5 * x.abs());
        check(Gelu, (-1e4, 1e4), |x| x * normal(x), |x, _| 4e-5 + 1e-5 * x.abs());
    }

    #[test]
    fn gelu_by_tanh_is_within_its_bound() {
        let exact = |x: f64| {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            0.5 * x * (1.0 + inner.tanh())
        };
        check(GeluTanh, (-12.0, 12.0), exact, |x, _| 1e-5 * x.abs() + 1e-12);
        check(GeluTanh, (-1e4, 1e4), exact, |x, _| 1e-5 * x.abs());
    }
}
