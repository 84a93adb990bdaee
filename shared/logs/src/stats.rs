//! How surprising a count is.

/// The probability of `observed` events or more in the first window, if both windows had the same rate: the conditional
/// test of two Poisson rates (J. Przyborowski and H. Wilenski, "Homogeneity of results in testing samples from Poisson
/// series", Biometrika 31, 1940). Given `observed + other` events in all, `observed` is binomial with
/// `share = exposure / (exposure + other exposure)`. Exact also for counts of one.
pub fn at_least(observed: u64, other: u64, share: f64) -> f64 {
    if observed == 0 {
        return 1.0;
    }
    // P(X ≥ k), X ~ Bin(n, p), is the regularized incomplete beta function I_p(k, n − k + 1) (DLMF 8.17.5).
    incomplete_beta(observed as f64, other as f64 + 1.0, share)
}

/// The probability of `observed` events or fewer; see [`at_least`].
pub fn at_most(observed: u64, other: u64, share: f64) -> f64 {
    if other == 0 {
        return 1.0;
    }
    incomplete_beta(other as f64, observed as f64 + 1.0, 1.0 - share)
}

/// The regularized incomplete beta function, by Lentz's continued fraction (W. Press et al., "Numerical Recipes", 3rd ed., 6.4).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    let value = if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    };
    value.clamp(0.0, 1.0)
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut upper = 1.0;
    let mut lower = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut result = lower;
    // It takes about the root of the counts; a million events are a thousand steps.
    for step in 1..20_000 {
        let step = f64::from(step);
        let twice = a + 2.0 * step;
        for numerator in [
            step * (b - step) * x / ((twice - 1.0) * twice),
            -(a + step) * (a + b + step) * x / (twice * (twice + 1.0)),
        ] {
            lower = 1.0 / guard(1.0 + numerator * lower);
            upper = guard(1.0 + numerator / upper);
            result *= lower * upper;
        }
        if (lower * upper - 1.0).abs() < 1e-14 {
            break;
        }
    }
    result
}

/// ln Γ(x) for x > 0: Lanczos' approximation with g = 7 and nine terms, good to 15 digits.
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let base = x + 7.5;
    let sum = TERMS
        .iter()
        .zip(1_u8..)
        .fold(0.999_999_999_999_809_9, |sum, (term, index)| sum + term / (x + f64::from(index)));
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * base.ln() - base + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binomial_tail(k: u64, n: u64, p: f64) -> f64 {
        (k..=n)
            .map(|i| {
                let choose = (0..i).fold(1.0, |product, j| product * (n - j) as f64 / (j + 1) as f64);
                choose * p.powi(i as i32) * (1.0 - p).powi((n - i) as i32)
            })
            .sum()
    }

    #[test]
    fn the_tails_are_those_of_the_binomial_distribution() {
        for (k, n, p) in [(1, 1, 0.5), (3, 10, 0.2), (9, 10, 0.5), (20, 40, 0.1), (5, 5, 0.9)] {
            let expected = binomial_tail(k, n, p);
            assert!((at_least(k, n - k, p) - expected).abs() < 1e-12, "{k} of {n} at {p}");
            let lower = 1.0 - binomial_tail(k + 1, n, p);
            assert!((at_most(k, n - k, p) - lower).abs() < 1e-12, "{k} of {n} at {p}");
        }
    }

    #[rstest::rstest]
    #[case::nothing(0, 0, 0.5, 1.0)]
    #[case::one_of_one(1, 0, 0.5, 0.5)]
    #[case::no_exposure(1, 0, 0.0, 0.0)]
    #[case::all_exposure(1, 5, 1.0, 1.0)]
    fn the_edges(#[case] observed: u64, #[case] other: u64, #[case] share: f64, #[case] expected: f64) {
        assert!((at_least(observed, other, share) - expected).abs() < 1e-12);
    }

    #[test]
    fn millions_of_events_have_a_finite_answer() {
        let p = at_least(5_000_000, 5_001_000, 0.5);
        assert!((0.5..0.7).contains(&p), "{p}");
        assert!(at_least(9_000_000, 1_000, 0.5) < 1e-300);
    }
}
