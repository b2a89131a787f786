//! One pass over a text that counts what tokens are made of.

/// How many kinds of pieces are told apart.
pub const FEATURES: usize = Piece::Emoji as usize + 1;

/// The pieces of a text, counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// By [`Piece`].
    pub pieces: [f32; FEATURES],
    english: f32,
    foreign: f32,
}

/// What is counted; each has its weight.
#[derive(Debug, Clone, Copy)]
enum Piece {
    /// Runs of ASCII letters, by length; `camelCase` is two.
    Letters1,
    Letters3,
    Letters5,
    Letters7,
    Letters9,
    Letters12,
    Longer,
    /// Letters past the twelfth of a run.
    Beyond12,
    /// Letters of runs in capitals, past the second.
    Capitals,
    /// Letters and runs, as far as the text is in a language other than English.
    ForeignLetters,
    ForeignRuns,
    /// Letters of runs that touch a digit, as in hexadecimal numbers.
    AtDigit,
    /// Runs that touch an accented letter, and such letters: those of Western Europe, the others, and Vietnam's.
    AtAccent,
    Accented,
    AccentedMore,
    Vietnamese,
    Digits,
    DigitRuns,
    /// Runs of marks, and the marks past the first.
    Marks,
    MoreMarks,
    /// Runs of two spaces and more, line breaks, and blank lines.
    Indents,
    Breaks,
    Cyrillic,
    CyrillicRuns,
    Greek,
    Arabic,
    ArabicRuns,
    Hebrew,
    Indic,
    Thai,
    Hangul,
    Han,
    Kana,
    WideMarks,
    OtherLetters,
    Emoji,
}

/// Tokens a piece, in [`Piece`]'s order: non-negative least squares on the relative error (`measure/fit.py`).
const WEIGHTS: [f32; FEATURES] = [
    0.515, 0.982, 1.101, 1.123, 1.360, 1.468, 1.260, 0.570, 0.008, 0.078, 0.000, 0.108, 0.000, 0.000, 0.779, 0.000,
    0.307, 1.536, 0.704, 0.135, 0.895, 0.000, 0.202, 0.827, 0.614, 0.260, 0.796, 0.695, 0.721, 0.474, 0.844, 0.812,
    0.645, 0.806, 1.550, 2.083,
];

/// Words of up to five letters that only English has often.
const ENGLISH: [&str; 44] = [
    "the", "and", "of", "to", "is", "are", "was", "that", "this", "with", "for", "you", "it", "have", "what", "how",
    "be", "not", "from", "by", "which", "or", "as", "at", "your", "can", "has", "will", "if", "then", "they", "we",
    "on", "my", "its", "were", "but", "their", "there", "when", "who", "would", "one", "all",
];

/// Words of up to five letters that the languages of Europe written in Latin letters, Turkish and Indonesian have often.
const FOREIGN: [&str; 65] = [
    "der", "die", "das", "und", "ist", "ein", "eine", "den", "von", "zu", "mit", "auf", "nicht", "sich", "des", "dem",
    "de", "la", "que", "los", "las", "una", "les", "le", "est", "du", "pour", "dans", "qui", "il", "che", "di", "per",
    "della", "sono", "da", "um", "uma", "para", "na", "nie", "jest", "jak", "przez", "oraz", "tym", "od", "och", "det",
    "som", "av", "ett", "het", "van", "een", "niet", "ve", "bir", "bu", "yang", "dan", "untuk", "del", "en", "et",
];

// === impl Counts ===

impl Counts {
    /// Counts `text` in one pass.
    pub fn of(text: &str) -> Self {
        let mut counts = Self { pieces: [0.0; FEATURES], english: 0.0, foreign: 0.0 };
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let class = class_of(byte);
            if class == Class::Beyond {
                at += counts.beyond(&text[at..]);
                continue;
            }
            let length = bytes[at..].iter().take_while(|byte| class_of(**byte) == class).count();
            match class {
                Class::Letters => counts.letters(bytes, at, at + length),
                Class::Digits => counts.run(length, Piece::DigitRuns, Piece::Digits),
                Class::Marks => {
                    counts.add(Piece::Marks, 1.0);
                    counts.add(Piece::MoreMarks, (length - 1) as f32);
                }
                Class::Spaces => counts.add(Piece::Indents, f32::from(length > 1)),
                Class::Breaks => counts.add(Piece::Breaks, 1.0),
                Class::Beyond => {}
            }
            at += length;
        }
        counts.mix();
        counts
    }

    /// The tokens that these pieces make.
    pub fn tokens(&self) -> f64 {
        self.pieces.iter().zip(WEIGHTS).map(|(count, weight)| f64::from(count * weight)).sum()
    }

    fn add(&mut self, piece: Piece, count: f32) {
        self.pieces[piece as usize] += count;
    }

    fn run(&mut self, length: usize, runs: Piece, each: Piece) {
        self.add(runs, 1.0);
        self.add(each, length as f32);
    }

    /// Takes in what begins with a character beyond ASCII: a run of its script, or it alone. Returns its bytes.
    fn beyond(&mut self, text: &str) -> usize {
        let scripts = [
            ('\u{400}'..='\u{52f}', Piece::CyrillicRuns, Piece::Cyrillic),
            ('\u{600}'..='\u{6ff}', Piece::ArabicRuns, Piece::Arabic),
        ];
        let Some(first) = text.chars().next() else { return 1 };
        for (script, runs, each) in scripts {
            if script.contains(&first) {
                let length = text.chars().take_while(|c| script.contains(c)).count();
                self.run(length, runs, each);
                // Two bytes each, as all of these scripts' letters are.
                return length * 2;
            }
        }
        self.add(piece_of(first), 1.0);
        first.len_utf8()
    }

    /// Takes in a run of ASCII letters, cut where a capital follows a small letter.
    fn letters(&mut self, bytes: &[u8], from: usize, to: usize) {
        let near = |at: Option<usize>, is: fn(&u8) -> bool| at.and_then(|at| bytes.get(at)).is_some_and(is);
        let (before, after) = (from.checked_sub(1), Some(to));
        if near(before, u8::is_ascii_digit) || near(after, u8::is_ascii_digit) {
            self.add(Piece::AtDigit, (to - from) as f32);
        }
        // The lead bytes of accented Latin letters, and what follows those.
        let is_after = |at: usize| at > 1 && matches!(bytes[at - 2], 0xc3..=0xc8) && bytes[at - 1] >= 0x80;
        if is_after(from) || near(after, |byte| matches!(byte, 0xc3..=0xc8)) {
            self.add(Piece::AtAccent, 1.0);
        }
        let mut start = from;
        for at in from + 1..to {
            if bytes[at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase() {
                self.word(&bytes[start..at]);
                start = at;
            }
        }
        self.word(&bytes[start..to]);
    }

    fn word(&mut self, word: &[u8]) {
        let length = word.len();
        let piece = match length {
            0..=1 => Piece::Letters1,
            2..=3 => Piece::Letters3,
            4..=5 => Piece::Letters5,
            6..=7 => Piece::Letters7,
            8..=9 => Piece::Letters9,
            10..=12 => Piece::Letters12,
            _ => Piece::Longer,
        };
        self.add(piece, 1.0);
        self.add(Piece::Beyond12, length.saturating_sub(12) as f32);
        if length > 2 && word[1].is_ascii_uppercase() {
            self.add(Piece::Capitals, (word.iter().filter(|byte| byte.is_ascii_uppercase()).count() - 2) as f32);
        }
        self.add(Piece::ForeignLetters, length as f32);
        self.add(Piece::ForeignRuns, 1.0);
        if length <= 5 {
            let packed = word.iter().fold(0, |packed, byte| packed << 8 | u64::from(byte.to_ascii_lowercase()));
            self.english += f32::from(COMMON.0.contains(packed));
            self.foreign += f32::from(COMMON.1.contains(packed));
        }
    }

    /// Keeps of the foreign letters what is foreign. An accent says half as much as a common word.
    fn mix(&mut self) {
        let accents = self.pieces[Piece::Accented as usize] + self.pieces[Piece::AccentedMore as usize];
        let foreign = self.foreign + accents / 2.0;
        let share = foreign / (foreign + self.english).max(1.0);
        self.pieces[Piece::ForeignLetters as usize] *= share;
        self.pieces[Piece::ForeignRuns as usize] *= share;
    }
}

// === common words ===

/// Words as numbers, sorted.
struct Words<const N: usize>([u64; N]);

static COMMON: (Words<44>, Words<65>) = (Words::new(ENGLISH), Words::new(FOREIGN));

impl<const N: usize> Words<N> {
    const fn new(words: [&str; N]) -> Self {
        let mut packed = [0; N];
        let mut i = 0;
        while i < N {
            let (bytes, mut j, mut word) = (words[i].as_bytes(), 0, 0u64);
            while j < bytes.len() && j < 6 {
                word = word << 8 | bytes[j] as u64;
                j += 1;
            }
            // Insertion sort, as this runs at compile time.
            let mut at = i;
            while at > 0 && packed[at - 1] > word {
                packed[at] = packed[at - 1];
                at -= 1;
            }
            packed[at] = word;
            i += 1;
        }
        Self(packed)
    }

    fn contains(&self, word: u64) -> bool {
        self.0.binary_search(&word).is_ok()
    }
}

// === characters ===

/// What a byte belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letters,
    Digits,
    Marks,
    Spaces,
    Breaks,
    /// Not of ASCII.
    Beyond,
}

fn class_of(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Marks; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => Class::Letters,
            b'0'..=b'9' => Class::Digits,
            b' ' | b'\t' => Class::Spaces,
            b'\n' | b'\r' => Class::Breaks,
            0x80.. => Class::Beyond,
            _ => Class::Marks,
        };
        byte += 1;
    }
    classes
};

fn piece_of(c: char) -> Piece {
    match c {
        '\u{80}'..='\u{ff}' => Piece::Accented,
        '\u{1e00}'..='\u{1eff}' => Piece::Vietnamese,
        '\u{100}'..='\u{24f}' | '\u{2c60}'..='\u{2c7f}' => Piece::AccentedMore,
        '\u{370}'..='\u{3ff}' => Piece::Greek,
        '\u{590}'..='\u{5ff}' => Piece::Hebrew,
        '\u{900}'..='\u{dff}' => Piece::Indic,
        '\u{e00}'..='\u{eff}' => Piece::Thai,
        '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}' => Piece::Hangul,
        '\u{3040}'..='\u{30ff}' => Piece::Kana,
        '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => Piece::Han,
        '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' => Piece::WideMarks,
        '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}' => Piece::Emoji,
        _ => Piece::OtherLetters,
    }
}
