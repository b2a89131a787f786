//! A few thousand spoiled bodies, the same in every run.

use super::support::Stand;
use super::support::wire::{Wire, post};
use super::{CHAT, GOOD};

const ROUNDS: usize = 3000;

/// What bodies are made of and spoiled with.
const SEEDS: [&str; 6] = [
    GOOD,
    r#"{"model":"auto","stream":true,"messages":[{"role":"system","content":"é😀"},{"role":"user","content":[{"type":"text","text":"a"}]}]}"#,
    r#"{"model":"m","prompt":["a","b"],"max_tokens":3,"logit_bias":{"5":-1.5e-3},"stop":null}"#,
    r#"{"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{\"a\":1}"}}]}]}"#,
    r#"{"mod\u0065l":"solo","messages":[{"role":"user","content":"\ud83d\ude00\u0000\n"}],"tools":[[[{}]]]}"#,
    r#"[{"a":[true,false,null,1e400,-0]}]"#,
];
const SCRAPS: [&[u8]; 20] = [
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\\u",
    b"\\ud800",
    b"null",
    b"1e999",
    b"\"model\":",
    b"\"messages\":[",
    b"\"role\":\"user\",",
    b"\"content\":",
    b"[[[[[[[[",
];

const HARMLESS: [&str; 5] = [" ", "\r\n\t", r#","x":[{},"\u00e9"]"#, r#","name":null"#, r#","model":"m""#];

/// Xorshift (Marsaglia, 2003): enough to be varied, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn spoil(&mut self, body: &mut Vec<u8>) {
        let at = self.roll(body.len() + 1);
        let end = (at + self.roll(12)).min(body.len());
        match self.roll(6) {
            0 => drop(body.splice(at..at, SCRAPS[self.roll(SCRAPS.len())].iter().copied())),
            1 => drop(body.drain(at..end)),
            2 => drop(body.splice(at..end, SCRAPS[self.roll(SCRAPS.len())].iter().copied())),
            3 => body[at..end].iter_mut().for_each(|byte| *byte ^= 1 << (self.0 % 8)),
            4 => {
                let piece = body[at..end].to_vec();
                body.splice(at..at, piece.repeat(1 + self.roll(40)));
            }
            _ => body.truncate(at.max(1)),
        }
    }

    fn body(&mut self) -> Vec<u8> {
        let mut body = SEEDS[self.roll(SEEDS.len())].as_bytes().to_vec();
        if self.roll(2) == 0 {
            // Harmless, or nearly so: in a place where a value ends.
            let ends: Vec<usize> = (0..body.len()).filter(|at| matches!(body[*at], b',' | b'}' | b']')).collect();
            let at = ends[self.roll(ends.len())];
            let extra = HARMLESS[self.roll(HARMLESS.len())];
            body.splice(at..at, extra.bytes());
        }
        for _ in 0..self.roll(4) {
            self.spoil(&mut body);
        }
        body
    }
}

#[tokio::test]
async fn spoiled_bodies_get_a_2xx_or_a_4xx_and_the_connection_goes_on() {
    let stand = Stand::start();
    let mut dice = Dice(0x5eed_0123_4567_89ab);
    let mut wire = Wire::connect(stand.address()).await;
    let (mut served, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let body = dice.body();
        let path = if dice.roll(4) == 0 { "/v1/completions" } else { CHAT };
        wire.send(post(path, "", &body)).await;
        let told = || format!("round {round}: {}", body.escape_ascii());
        let answer = wire.answer().await.unwrap_or_else(|| panic!("no answer, {}", told()));
        match answer.status {
            200..300 => served += 1,
            400..500 => refused += 1,
            _ => panic!("{answer:?}, {}", told()),
        }
        if answer.status >= 400 && answer.header("x-pointsman-backend").is_none() {
            answer.error();
        }
        assert_ne!(answer.header("connection"), Some("close"), "{}", told());
    }
    assert!(served > ROUNDS / 20 && refused > ROUNDS / 20, "{served} served, {refused} refused: too tame or too wild");
    stand.is_well().await;
}
