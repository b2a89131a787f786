//! Calling codes, and how many digits follow them.
//!
//! Lengths of fixed, mobile and service numbers by libphonenumber's metadata (Apache-2.0); the tests compare them with the
//! `phonenumber` crate. That crate is not used to judge texts, since it compiles an expression for every country met,
//! behind one lock and in a cache that a text naming all countries overruns.

/// Codes whose numbers have these lengths, as bits: bit `n` stands for `n` digits.
type Lengths = (u32, &'static [u16]);

const fn from_to(least: u32, most: u32) -> u32 {
    (1 << (most + 1)) - (1 << least)
}

const LENGTHS: [Lengths; 72] = [
    (from_to(4, 5), &[290]),
    (from_to(4, 7), &[690]),
    (from_to(4, 11), &[352]),
    (from_to(4, 13), &[43, 598]),
    (from_to(4, 15), &[49]),
    (from_to(4, 7) | 1 << 10, &[98]),
    (1 << 4 | 1 << 7, &[683]),
    (1 << 5, &[500, 682]),
    (from_to(5, 6), &[247]),
    (from_to(5, 7), &[688]),
    (from_to(5, 8), &[386]),
    (from_to(5, 10), &[27, 64, 263]),
    (from_to(5, 11), &[31]),
    (from_to(5, 12), &[358, 971]),
    (from_to(5, 10) | 1 << 12, &[61]),
    (from_to(5, 9) | 1 << 11, &[852]),
    (from_to(5, 7) | 1 << 10, &[685]),
    (from_to(5, 6) | from_to(8, 14), &[82]),
    (1 << 5 | 1 << 7, &[676, 677, 678]),
    (1 << 5 | 1 << 8, &[47, 686]),
    (1 << 6, &[298, 299, 672, 687]),
    (from_to(6, 7), &[597]),
    (from_to(6, 9), &[252, 355]),
    (from_to(6, 10), &[48, 95, 880]),
    (from_to(6, 11), &[375, 595]),
    (from_to(6, 12), &[39, 381]),
    (from_to(6, 10) | 1 << 12, &[46]),
    (from_to(6, 9) | 1 << 12, &[359]),
    (from_to(6, 8) | 1 << 10, &[53]),
    (from_to(6, 7) | 1 << 9, &[421]),
    (1 << 6 | from_to(8, 9), &[376, 689]),
    (1 << 6 | from_to(8, 13), &[63]),
    (1 << 6 | 1 << 9, &[40, 508, 681]),
    (1 << 7, &[220, 238, 239, 246, 248, 269, 291, 297, 592, 673, 674, 680, 691, 692]),
    (from_to(7, 8), &[241, 599, 670, 675, 853, 961, 965, 975]),
    (from_to(7, 9), &[231, 385, 967, 968]),
    (from_to(7, 10), &[84, 243, 254, 353]),
    (from_to(7, 11), &[886]),
    (from_to(7, 12), &[86, 882, 972]),
    (from_to(7, 15), &[62]),
    (from_to(7, 9) | 1 << 11, &[974]),
    (from_to(7, 8) | 1 << 10, &[230, 267, 372]),
    (from_to(7, 8) | from_to(10, 11), &[507]),
    (from_to(7, 8) | 1 << 11, &[503]),
    (1 << 7 | 1 << 9, &[245, 265, 354, 423]),
    (1 << 7 | from_to(9, 10), &[44]),
    (1 << 7 | 1 << 10, &[1, 960]),
    (1 << 7 | 1 << 10 | from_to(12, 13), &[90]),
    (1 << 7 | 1 << 11, &[501, 679]),
    (
        1 << 8,
        &[
            45, 216, 222, 223, 226, 227, 228, 232, 235, 236, 253, 257, 266, 350, 356, 357, 370, 371, 373, 374, 389,
            505, 509, 800, 808, 973, 993,
        ],
    ),
    (from_to(8, 9), &[32, 36, 51, 213, 224, 233, 237, 250, 258, 264, 268, 377, 382, 387, 591, 962, 963]),
    (from_to(8, 10), &[20, 60, 855, 856, 964, 970, 976]),
    (from_to(8, 11), &[55, 593]),
    (from_to(8, 12), &[92, 383, 883]),
    (from_to(8, 13), &[91]),
    (from_to(8, 15), &[81]),
    (from_to(8, 10) | 1 << 13, &[66]),
    (1 << 8 | 1 << 10, &[229, 378, 506, 850]),
    (1 << 8 | from_to(10, 11), &[57, 65, 977]),
    (1 << 8 | 1 << 11, &[502, 504]),
    (
        1 << 9,
        &[
            33, 34, 93, 94, 211, 212, 218, 221, 240, 242, 244, 249, 251, 255, 256, 260, 261, 262, 351, 590, 594, 596,
            979, 992, 994, 995, 998,
        ],
    ),
    (from_to(9, 10), &[380, 881, 966, 996]),
    (from_to(9, 11), &[56]),
    (from_to(9, 12), &[420]),
    (1 << 9 | 1 << 12, &[41, 870]),
    (1 << 10, &[58, 225]),
    (from_to(10, 11), &[52, 54]),
    (from_to(10, 12), &[30]),
    (from_to(10, 14), &[234]),
    (1 << 10 | 1 << 14, &[7]),
    (1 << 11, &[888]),
    (1 << 12, &[878]),
];

/// The calling code that `digits` begin with, and what follows it.
pub(super) fn split(digits: &[u8]) -> Option<(u16, &[u8])> {
    let code = |count: usize| {
        digits.get(..count).map(|digits| digits.iter().fold(0, |code, digit| code * 10 + u16::from(*digit)))
    };
    if digits.first() == Some(&0) {
        return None;
    }
    (1..=3).find_map(|count| code(count).filter(|code| lengths(*code) != 0).map(|code| (code, &digits[count..])))
}

/// Whether numbers of this calling code can have so many digits.
pub(super) fn has_length(code: u16, digits: usize) -> bool {
    digits < 32 && lengths(code) >> digits & 1 == 1
}

fn lengths(code: u16) -> u32 {
    BY_CODE.get(usize::from(code)).copied().unwrap_or(0)
}

/// The lengths of each code; 0 where there is none.
static BY_CODE: [u32; 1000] = {
    let (mut by_code, mut row) = ([0; 1000], 0);
    while row < LENGTHS.len() {
        let (lengths, codes) = LENGTHS[row];
        let mut at = 0;
        while at < codes.len() {
            by_code[codes[at] as usize] = lengths;
            at += 1;
        }
        row += 1;
    }
    by_code
};

#[cfg(test)]
mod tests {
    use phonenumber::metadata::{DATABASE, Descriptor};

    use super::*;

    #[test]
    fn no_code_begins_another() {
        let all: Vec<u16> = LENGTHS.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
        assert!(all.len() > 200);
        for code in &all {
            assert!(!all.contains(&(code / 10)) && !all.contains(&(code / 100)), "{code}");
        }
        assert!(LENGTHS.iter().all(|(_, codes)| codes.is_sorted()));
    }

    #[test]
    fn every_example_of_every_country_fits() {
        let mut count = 0;
        for code in 1..1000 {
            for country in DATABASE.by_code(&code).unwrap_or_default() {
                let kinds = country.descriptors();
                let kinds =
                    [Some(kinds.general()), kinds.fixed_line(), kinds.mobile(), kinds.toll_free(), kinds.voip()];
                for example in kinds.into_iter().flatten().filter_map(Descriptor::example) {
                    assert!(has_length(code, example.len()), "+{code} {example}");
                    count += 1;
                }
            }
        }
        assert!(count > 500);
    }
}
