//! Those whose check digits take more than a line.

use fastrand::Rng;

use super::{form, pick, sum};

fn module_11(sum: u32) -> u32 {
    if sum % 11 < 2 { 0 } else { 11 - sum % 11 }
}

pub(super) fn cpf(rng: &mut Rng) -> String {
    let nine = form(rng, "###.###.##1");
    let tenth = module_11(sum(&nine, &[10, 9, 8, 7, 6, 5, 4, 3, 2]));
    let ten = format!("{nine}-{tenth}");
    format!("{ten}{}", module_11(sum(&ten, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])))
}

pub(super) fn cnpj(rng: &mut Rng) -> String {
    let body = pick(rng, &["##.###.###/0001", "@#.@@#.###/0@#1"]);
    let total = |text: &str, weights: &[u32]| -> u32 {
        text.chars().filter(char::is_ascii_alphanumeric).zip(weights).map(|(c, weight)| (c as u32 - 48) * weight).sum()
    };
    let first = format!("{body}-{}", module_11(total(&body, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])));
    format!("{first}{}", module_11(total(&first, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])))
}

/// All digits but one, and one of them twice, apart from each other.
pub(super) fn german(rng: &mut Rng) -> String {
    let mut digits: Vec<u32> = (0..10).collect();
    rng.shuffle(&mut digits);
    digits[9] = digits[0];
    if digits[0] == 0 {
        digits.swap(0, 4);
    }
    let mut product = 10;
    for digit in &digits {
        let sum = (digit + product) % 10;
        product = if sum == 0 { 20 } else { sum * 2 } % 11;
    }
    digits.push((11 - product) % 10);
    let text: String = digits.iter().map(u32::to_string).collect();
    format!("{} {} {} {}", &text[..2], &text[2..5], &text[5..8], &text[8..])
}

pub(super) fn spanish(number: &str) -> char {
    char::from(b"TRWAGMYFPDXBNJZSQVHLCKE"[number.parse::<usize>().unwrap() % 23])
}

/// What A to Z count at odd places.
const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

pub(super) fn italian(rng: &mut Rng) -> String {
    let month = char::from(b"ABCDEHLMPRST"[rng.usize(0..12)]);
    let day = rng.u32(1..29) + 40 * rng.u32(0..2);
    let tail = pick(rng, &["H501", "A56N", "F#0#"]);
    let body = format!("{}{}{month}{day:02}{tail}", form(rng, "RSSMR@"), form(rng, "##"));
    let odd = |c: char| match c {
        '0'..='9' => [1, 0, 5, 7, 9, 13, 15, 17, 19, 21][c as usize - 48],
        _ => ODD[c as usize - 65],
    };
    let even = |c: char| if c.is_ascii_digit() { c as u32 - 48 } else { c as u32 - 65 };
    let total: u32 = body.chars().enumerate().map(|(at, c)| if at % 2 == 0 { odd(c) } else { even(c) }).sum();
    format!("{body}{}", char::from(b'A' + (total % 26) as u8))
}

/// Verhoeff's digit by the group's own law, without a table of it.
pub(super) fn dihedral(body: &str) -> u32 {
    let join = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let moved = |digit: u32, times: usize| (0..times).fold(digit, |d, _| [1, 5, 7, 6, 2, 8, 3, 0, 9, 4][d as usize]);
    let values = body.chars().rev().filter_map(|c| c.to_digit(10)).enumerate();
    let state = values.fold(0, |state, (at, digit)| join(state, moved(digit, (at + 1) % 8)));
    if state < 5 { (5 - state) % 5 } else { state }
}

pub(super) fn singaporean(rng: &mut Rng) -> String {
    let (series, body) = (rng.usize(0..5), form(rng, "1######"));
    let (prefix, added, table) = [
        ('S', 0, "JZIHGFEDCBA"),
        ('T', 4, "JZIHGFEDCBA"),
        ('F', 0, "XWUTRQPNMLK"),
        ('G', 4, "XWUTRQPNMLK"),
        ('M', 3, "XWUTRQPNJLK"),
    ][series];
    let at = (sum(&body, &[2, 7, 6, 5, 4, 3, 2]) + added) % 11;
    format!("{prefix}{body}{}", &table[at as usize..][..1])
}

pub(super) fn vehicle(rng: &mut Rng) -> String {
    let (head, tail) = (form(rng, "1HGCM82#"), form(rng, "3A1#####"));
    let rows = ["AJ", "BKS", "CLT", "DMU", "ENV", "FW", "GPX", "HY", "RZ"];
    let of_letter = |c: char| rows.iter().position(|row| row.contains(c)).map_or(0, |at| at as u32 + 1);
    let value = |c: char| c.to_digit(10).unwrap_or_else(|| of_letter(c));
    let weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let whole = format!("{head}0{tail}");
    let total: u32 = whole.chars().zip(weights).map(|(c, weight)| value(c) * weight).sum();
    let check = if total % 11 == 10 { "X".into() } else { (total % 11).to_string() };
    format!("{head}{check}{tail}")
}
