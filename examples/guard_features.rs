//! Writes what the guard reads of texts, for the training of its models.
//!
//! JSON lines `{"text": …}` from stdin; to stdout, for each, `{"form","words","chars","pieces","rules","read","segments"}`:
//! the buckets of the first segment and of each piece of it, the families hit, the texts that the encoder should see too,
//! and all segments where there are several. Other members of a line are ignored.

use std::io::{BufRead, BufWriter, Write};

use pointsman::guard::jailbreak::{Family, Features, Reading};
use serde_json::{Value, json};

/// Changes whenever the same text gives other features.
const FORM: u32 = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let row: Value = serde_json::from_str(&line)?;
        let text = row["text"].as_str().ok_or("a line without a text")?;
        serde_json::to_writer(&mut out, &features(&Reading::of(text)))?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

fn features(reading: &Reading) -> Value {
    let segment =
        |segment: &Features| json!({"words": segment.words, "chars": segment.chars, "pieces": segment.pieces});
    let mut row = segment(&reading.segments[0]);
    row["form"] = FORM.into();
    row["rules"] = reading.rules.iter().map(Family::as_str).collect();
    row["read"] = json!(reading.read);
    if reading.segments.len() > 1 {
        row["segments"] = reading.segments.iter().map(segment).collect();
    }
    row
}
