//! How numbers are written in countries that many texts are from.

use super::codes;

/// A number as it is written.
pub(super) struct Form<'a> {
    /// The count of each block of digits (`a` is ten) and what stands between.
    pub(super) form: &'a str,
    /// Its digits as values.
    pub(super) digits: &'a [u8],
    /// Whether an extension follows.
    pub(super) is_extended: bool,
}

/// What a number scores in context.
const IN_CONTEXT: f32 = 0.75;
/// What one in no known form scores, alone and in context.
const OTHER: (f32, f32) = (0.1, 0.65);

// === impl Form ===

impl Form<'_> {
    /// What it scores alone and in context; none where it is no number that could be called.
    pub(super) fn scores(&self) -> Option<(f32, f32)> {
        if self.digits.iter().all(|digit| *digit == self.digits[0]) || self.is_other() {
            return None;
        }
        if self.has(b'+') {
            return self.international();
        }
        let alone = match self.form.as_bytes()[0] {
            _ if self.digits.starts_with(&[0, 0]) => self.dialled(),
            b'(' => self.bracketed(),
            b'1' => self.trunk(),
            _ => self.american().or_else(|| self.zero()).or_else(|| self.other()),
        };
        match alone {
            // Hardly anything else has one.
            Some(alone) if self.is_extended => Some((alone.max(0.5), IN_CONTEXT)),
            Some(alone) => Some((alone, IN_CONTEXT)),
            // An opening bracket may be the sentence's, and a long row of blocks a table's.
            None if !self.has(b')') && self.form.starts_with('(') || self.digits.len() > 13 || self.blocks() > 5 => {
                None
            }
            None => Some(OTHER),
        }
    }

    fn has(&self, sign: u8) -> bool {
        self.form.as_bytes().contains(&sign)
    }

    fn blocks(&self) -> usize {
        self.form.bytes().filter(u8::is_ascii_alphanumeric).count()
    }

    /// Dates, times, decimals, cards and social security numbers, whose forms no telephone number has.
    fn is_other(&self) -> bool {
        const OTHERS: [&str; 20] = [
            "4-2-2", "2-2-4", "4.2.2", "2.2.4", "4/2/2", "2/2/4", "4 2 2", "2 2 4", "1/2/4", "2/1/4", "3-2-4", "4-4",
            "4-4-4-4", "4 4 4 4", "4 6 5", "4-6-5", "9-1", "4 4 4", "4-4-4", "4/4",
        ];
        let doubled = |pair: &[u8]| pair[0] == pair[1] && matches!(pair[0], b'.' | b' ' | b'-');
        let is_decimal = self.has(b'.') && self.blocks() == 2;
        // From a year to a year, maybe with days.
        self.form.len() <= 7 && OTHERS.contains(&self.form)
            || is_decimal
            || self.form.as_bytes().windows(2).any(doubled)
    }

    /// With a plus: the calling code and as many digits as its countries use.
    fn international(&self) -> Option<(f32, f32)> {
        let (code, whole) = codes::split(self.digits)?;
        // +44 (0)20: the zero is for calls from within. Some write it without brackets too.
        let (national, is_doubtful) = match (code, whole) {
            (39 | 225 | 241 | 242 | 378, _) => (whole, false),
            (_, [0, 0, ..]) if !self.has(b')') => return None,
            (_, [0, rest @ ..]) => (rest, !self.has(b')')),
            _ => (whole, false),
        };
        let has_length = codes::has_length(code, national.len()) || is_doubtful && codes::has_length(code, whole.len());
        match (code, has_length) {
            (1, true) if is_american(national) => Some((0.8, 0.95)),
            (1, _) if national.len() == 10 => Some((0.5, 0.8)),
            (_, true) if is_doubtful => Some((0.55, 0.85)),
            (_, true) => Some((0.75, 0.95)),
            (_, false) if !(7..=14).contains(&self.digits.len()) => None,
            // Not as any country has it, yet written as nothing else is.
            (_, false) if self.digits.len() >= 9 && (self.blocks() > 2 || self.has(b')')) => Some((0.5, 0.75)),
            (_, false) => Some((0.3, 0.7)),
        }
    }

    /// With 00 in place of the plus, or 001 as some write it.
    fn dialled(&self) -> Option<f32> {
        let (code, national) = codes::split(&self.digits[2..])?;
        let has_length = codes::has_length(code, national.len()) && national[0] != 0;
        match (self.blocks(), self.form) {
            (_, "3-3-3-4" | "3 3 3 4") if code == 1 => Some(0.6),
            (3.., _) if has_length => Some(0.5),
            _ if has_length => Some(0.35),
            _ => None,
        }
    }

    /// The area in brackets.
    fn bracketed(&self) -> Option<f32> {
        let zero = self.digits[0] == 0;
        match self.form {
            "(3) 3-4" | "(3)3-4" | "(3) 3 4" | "(3)3 4" | "(3)-3-4" | "(3) 3.4" if !zero => {
                Some(if is_american(self.digits) { 0.75 } else { 0.5 })
            }
            "(2) 5-4" | "(2)5-4" if self.digits[2] == 9 => Some(0.7),
            "(2) 4-4" | "(2)4-4" | "(2) 4 4" => Some(0.6),
            "(3) 4 4" | "(3) 4-4" | "(4) 3 4" | "(5) 6" | "(5) 3 3" | "(4) 6" | "(4) 7" | "(3) 7" | "(3) 8" if zero => {
                Some(0.55)
            }
            "(2) 4" | "(3) 4" | "(4) 4" => None,
            _ if zero && (9..=13).contains(&self.digits.len()) => Some(0.5),
            _ if self.is_code_bracketed() => Some(0.5),
            "(2) 3-3" | "(2) 3-4" | "(2)3-4" | "(3) 3-2-2" | "(3)3-2-2" | "(3) 7" | "(3)7" | "(2)/3-4" => Some(0.3),
            _ => None,
        }
    }

    /// Whether the brackets hold a calling code, and as many digits follow as its countries use.
    fn is_code_bracketed(&self) -> bool {
        let [_, count, b')', ..] = self.form.as_bytes() else { return false };
        let count = usize::from(count.wrapping_sub(b'0'));
        codes::split(self.digits).is_some_and(|(code, rest)| {
            self.digits.len() - rest.len() == count && rest.len() >= 9 && codes::has_length(code, rest.len())
        })
    }

    /// A single digit first: 1 in North America, 8 in Russia.
    fn trunk(&self) -> Option<f32> {
        let (first, rest) = self.digits.split_first()?;
        match (first, self.form) {
            (1, "1-3-3-4" | "1 (3) 3-4" | "1-(3)-3-4" | "1(3)3-4" | "1(3) 3-4" | "1 3-3-4" | "1.3.3.4")
                if is_american(rest) =>
            {
                Some(0.7)
            }
            (1, "1 3 3 4") if is_american(rest) => Some(0.5),
            (1, "1-3-3-4" | "1 (3) 3-4") => Some(0.5),
            (1, "1.3.3.4") => Some(0.3),
            (8, "1 (3) 3-2-2" | "1(3)3-2-2" | "1 (3) 3 2 2" | "1 (3) 3-4") => Some(0.65),
            (8, "1 3 3-2-2" | "1-3-3-2-2") => Some(0.55),
            (8, "1 3 3 2 2") => Some(0.45),
            _ => None,
        }
    }

    /// North America, and others that write three, three and four.
    fn american(&self) -> Option<f32> {
        match (self.form, is_american(self.digits)) {
            ("3-3-4", true) => Some(0.7),
            ("3-3-4", false) => Some(0.5),
            ("3.3.4" | "3 3-4" | "3/3-4", true) => Some(0.6),
            ("3 3 4", true) => Some(0.4),
            ("3.3.4", false) => Some(0.3),
            ("a", true) => Some(0.2),
            _ => None,
        }
    }

    /// Those that begin with the zero of calls within a country.
    fn zero(&self) -> Option<f32> {
        let second = match self.digits {
            [0, second, ..] => *second,
            _ => return None,
        };
        match self.form {
            "2 2 2 2 2" | "2.2.2.2.2" | "2-2-2-2-2" => Some(0.55),
            "3 3 2 2" | "4 3 2 2" | "3-3 2 2" | "3-3-2-2" | "2-3 2 2" | "2-3 3 2" | "3/3 2 2" => Some(0.55),
            "4-2 2 2" | "3-2 2 2" | "2-2 2 2" | "4-3 2" | "3 3-2-2" => Some(0.5),
            "3 4 4" | "3 3 4" | "4 3 4" if second != 0 => Some(0.5),
            "5 6" | "5 3 3" if matches!(second, 1 | 7) => Some(0.55),
            "4 3 3" | "2 4 4" if matches!(second, 2..=8) => Some(0.5),
            "4 2 2 2" if second == 4 => Some(0.5),
            "2-8" if second == 6 => Some(0.5),
            "2-4-4" | "3-4-4" => Some(0.5),
            "3-7" | "3-8" | "4-6" | "4-7" | "4-8" | "3/7" | "3/8" | "4/7" | "4/8" | "5/6" | "4/6" => Some(0.45),
            _ if (9..=13).contains(&self.digits.len()) => Some(0.3),
            _ => None,
        }
    }

    /// Those that begin with another digit.
    fn other(&self) -> Option<f32> {
        match (self.form, self.digits[0]) {
            ("2 5-4", 1..) if self.digits[2] == 9 => Some(0.5),
            ("5 5" | "5-5", 6..) => Some(0.45),
            ("3 2 2 2" | "3 3 3" | "3-3-3", 5..) => Some(0.4),
            ("3 4 4" | "3-4-4", 1) => Some(0.4),
            (
                "2 2 2 2" | "2-2-2-2" | "2 4 4" | "2 4-4" | "3-4" | "3 4" | "2 3 2 2" | "3 2 3" | "2-4-4" | "3 3-4",
                1..,
            ) => Some(0.3),
            ("b", 1) if matches!(self.digits[1], 3..=9) => Some(0.2),
            _ => None,
        }
    }
}

/// Whether these are an area, an exchange and four digits of the North American plan.
fn is_american(digits: &[u8]) -> bool {
    matches!(digits, [2..=9, _, _, 2..=9, _, _, _, _, _, _])
}
