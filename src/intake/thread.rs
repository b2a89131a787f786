//! What tells one conversation's turns from all others', without the client's help: what its users have said so far.
//!
//! A later turn repeats what was said before. So each turn has two names: one of what its users have said up to the last
//! answer, under which the turn before it is found, and one of all that they have said, under which the next will find it.
//! Two conversations are taken for one only as long as word for word the same was said in both, as after a first `hi`; and
//! with the next word they part.
//!
//! System prompts do not count, as many hold the time of day, and neither do answers, as clients cut and mark them up.

use std::hash::{DefaultHasher, Hash, Hasher};

/// What was said so far, as messages are read.
#[derive(Debug, Clone, Default)]
pub struct Thread {
    hasher: DefaultHasher,
    /// What the first user message left the hasher with.
    begun: Option<u64>,
    answered: Option<u64>,
}

/// The names of a conversation's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turns {
    /// That of the conversation, in all of its turns the same: by what was said first, and so less sure than the others.
    /// None where no user has said anything.
    pub conversation: Option<u64>,
    /// That of the turn before; none in the first turn.
    pub before: Option<u64>,
    /// That of this turn; none where no user has said anything.
    pub now: Option<u64>,
}

/// Of each message, so many bytes count, and its length.
const PART: usize = 4096;

// === impl Thread ===

impl Thread {
    /// Takes in the next message: who says it, its role as the request has it, and what.
    pub fn take(&mut self, role: &str, said: &[u8]) {
        match role {
            "user" => {
                said.len().hash(&mut self.hasher);
                self.hasher.write(&said[..said.len().min(PART)]);
                self.begun.get_or_insert(self.hasher.finish());
            }
            "assistant" => self.answered = self.name(),
            _ => {}
        }
    }

    /// The names of a turn of which all messages were taken in, where `owner` asks: the tenant, and whoever it speaks for.
    pub fn turns(&self, owner: &[&str]) -> Turns {
        let of = |name: u64| {
            let mut hasher = DefaultHasher::new();
            (owner, name).hash(&mut hasher);
            hasher.finish()
        };
        Turns { conversation: self.begun.map(of), before: self.answered.map(of), now: self.name().map(of) }
    }

    fn name(&self) -> Option<u64> {
        self.begun.map(|_| self.hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of a turn whose messages are written as `u:` and what the user says, `a:` or `s:`.
    fn turns(messages: &[&str]) -> Turns {
        let mut thread = Thread::default();
        for message in messages {
            let role = match &message[..2] {
                "u:" => "user",
                "a:" => "assistant",
                "t:" => "tool",
                _ => "system",
            };
            thread.take(role, &message.as_bytes()[2..]);
        }
        thread.turns(&["tenant"])
    }

    #[test]
    fn a_turn_finds_the_one_before_it() {
        let first = turns(&["s:It is noon.", "u:hi"]);
        let second = turns(&["s:It is one.", "u:hi", "a:hello", "u:prove it"]);
        let third = turns(&["u:hi", "a:hel", "u:prove it", "a:so", "u:why?"]);
        assert_eq!(first.before, None);
        assert!(first.now.is_some());
        assert_eq!(second.before, first.now);
        assert_eq!(third.before, second.now);
        assert_eq!((second.conversation, third.conversation), (first.conversation, first.conversation));
    }

    #[test]
    fn conversations_part_with_the_first_word_that_differs() {
        let [one, other] = [turns(&["u:hi", "a:hello", "u:a"]), turns(&["u:hi", "a:hello", "u:b"])];
        assert_eq!(one.before, other.before);
        assert_ne!(one.now, other.now);
        assert_ne!(turns(&["u:ab"]).now, turns(&["u:a", "u:b"]).now);
        assert_ne!(turns(&["u:a", "u:b"]).now, turns(&["u:b", "u:a"]).now);
        let long = |end: char| format!("u:{}{end}", "x".repeat(5_000));
        assert_eq!(turns(&[&long('1')]), turns(&[&long('2')]));
        assert_ne!(turns(&[&long('1')]), turns(&["u:x"]));
    }

    #[test]
    fn a_tools_result_belongs_to_the_turn_that_asked_for_it() {
        let asked = turns(&["u:weather?"]);
        let called = turns(&["u:weather?", "a:", "t:sunny"]);
        assert_eq!((called.before, called.now), (asked.now, asked.now));
    }

    #[test]
    fn examples_that_come_with_the_first_turn_are_no_turns_of_others() {
        let turn = turns(&["u:2+2", "a:4", "u:3+3", "a:6", "u:5+5"]);
        assert_ne!(turn.before, turns(&["u:2+2", "a:4", "u:3+3", "a:6", "u:7+7"]).now);
        assert_eq!(turn.before, turns(&["u:2+2", "a:4", "u:3+3"]).now, "which nobody asks alone");
    }

    #[test]
    fn another_owners_are_others() {
        let mut thread = Thread::default();
        assert_eq!(thread.turns(&["a"]), Turns { conversation: None, before: None, now: None });
        thread.take("user", b"hi");
        let of = |owner: &[&str]| thread.turns(owner).now;
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
        for other in [&["a"][..], &["ab"], &["b", "a"], &["a", "b", ""]] {
            assert_ne!(of(&["a", "b"]), of(other));
        }
    }
}
