//! A table of 50 routes of 50 samples behind 200 of keywords, and prompts for it.

const ROUTES: usize = 50;
const SAMPLES: usize = 50;
const RULES: usize = 200;

/// The table, with two backends at `url`.
pub(crate) fn config(url: &str) -> String {
    let mut config = format!(
        "backends:\n  - {{name: small, model: small, url: \"{url}\"}}\n  - {{name: large, model: large, url: \"{url}\"}}\n\
         router:\n  default_backend: large\n  routes:\n"
    );
    let mut line = |line: String| config.push_str(&format!("  - {line}\n"));
    for rule in 0..RULES {
        let words: Vec<String> = (0..5).map(|word| format!("\"keyword{rule}x{word} is meant\"")).collect();
        let words = words.join(", ");
        line(format!("{{name: rule{rule}, backend: small, priority: 1, when: {{keywords: {{any: [{words}]}}}}}}"));
    }
    for route in 0..ROUTES {
        let samples: Vec<String> = (0..SAMPLES).map(|sample| format!("\"{}\"", about(route, sample))).collect();
        line(format!("{{name: route{route}, backend: large, samples: [{}]}}", samples.join(", ")));
    }
    config
}

/// A text of its own about a route's subject.
pub(crate) fn about(route: usize, number: usize) -> String {
    const SUBJECTS: [&str; 10] =
        ["rent", "gardens", "engines", "music", "taxes", "travel", "cooking", "chess", "medicine", "weather"];
    const PLACES: [&str; 5] = ["at home", "in the office", "at school", "by the sea", "on the moon"];
    const ASKED: [&str; 7] = ["why", "when", "how much", "who decides", "what changes", "where", "for how long"];
    let (subject, place) = (SUBJECTS[route % 10], PLACES[route / 10 % 5]);
    format!("{} about {subject} {place}, case {number}", ASKED[number % 7])
}

/// A prompt of about so many bytes that a keyword decides.
pub(crate) fn decided_by_a_keyword(number: usize, length: usize) -> String {
    format!("{} keyword{}x{} is meant", filler(length), number * 7 % RULES, number % 5)
}

/// So many bytes that decide nothing.
pub(crate) fn filler(length: usize) -> String {
    "what people write about this and that, at some length ".chars().cycle().take(length).collect()
}
