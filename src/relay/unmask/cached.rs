//! An answer on its way into the cache, where placeholders have no salt, and out of it again, where they become the values
//! of whoever asks now.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::body::may_hold;
use super::json::{Edit, edited, form, is_tokens, leaves, quoted, unquoted};
use super::scan::Names;
use super::{Screen, Unmask};
use crate::guard::mask::placeholder::{Form, Lookalike, scan};
use crate::guard::mask::{Ledger, Values};

/// What a lookalike is in an answer: text that stands for it, or none where the answer cannot be used.
type Rewrite<'r> = &'r dyn Fn(&Lookalike, Form, &mut String) -> Option<()>;

/// `answer`, a whole one in the cache's form, as it is kept: with the placeholders of `ledger` without their salt. None where
/// it has others, or holds the tokens that placeholders were made of, or still has the salt: a model may spell a placeholder
/// in a way that nobody knows again.
fn to_plain<'a>(answer: &'a str, ledger: &Ledger, said: Form) -> Option<Cow<'a, str>> {
    let names = Names::of(ledger, Ledger::salted);
    let plain = rewritten(answer, said, &|look, _, out| {
        out.push_str(&ledger.plain(names.find(&look.name)?));
        Some(())
    })?;
    (!ledger.has_salt(&plain)).then_some(plain)
}

/// `answer`, as the cache keeps it, with the values of `ledger`. None where it speaks of a value that there is none of.
fn restore_plain<'a>(answer: &'a str, ledger: &Ledger, said: Form) -> Option<Cow<'a, str>> {
    let names = Names::of(ledger, Ledger::plain);
    rewritten(answer, said, &|look, form, out| {
        form.write(ledger.value(names.find(&look.name)?), out);
        Some(())
    })
}

/// An answer that is about to be kept, as [`to_plain`] has it; `values` are those that were masked for it.
pub fn stored(answer: Box<str>, values: Option<&Values>) -> Option<Box<str>> {
    let plain = match values {
        Some(Values { ledger, said }) => to_plain(&answer, ledger, *said)?,
        None if !may_hold(answer.as_bytes()) => return Some(answer),
        None => to_plain(&answer, &Ledger::default(), Form::Text)?,
    };
    match plain {
        Cow::Borrowed(_) => Some(answer),
        Cow::Owned(plain) => Some(plain.into()),
    }
}

/// A kept answer for who asks now, as [`restore_plain`] has it; `values` are those that were masked in the question.
pub fn restored<'a>(answer: &'a str, values: Option<&Values>) -> Option<Cow<'a, str>> {
    match values {
        Some(Values { ledger, said }) => restore_plain(answer, ledger, *said),
        None if !may_hold(answer.as_bytes()) => Some(answer.into()),
        None => restore_plain(answer, &Ledger::default(), Form::Text),
    }
}

/// A kept answer without what its model made up. None where it cannot be read.
pub fn screened<'a>(answer: &'a str, screen: Option<&Arc<Screen>>) -> Option<Cow<'a, str>> {
    let Some(screen) = screen else { return Some(answer.into()) };
    let mut unmask = Unmask::begin("application/json", Arc::default(), Form::Text, Some(screen.clone()));
    let screened = unmask.pass(&Bytes::copy_from_slice(answer.as_bytes()), true);
    String::from_utf8(screened.into()).ok().map(Cow::Owned)
}

fn rewritten<'a>(answer: &'a str, said: Form, rewrite: Rewrite<'_>) -> Option<Cow<'a, str>> {
    let mut edits: Option<Vec<Edit>> = Some(Vec::new());
    let mut has_tokens = false;
    leaves(answer, |path, range| {
        let raw = &answer[range.clone()];
        has_tokens |= raw != "null" && is_tokens(path);
        let Some(form) = form(path, said).filter(|_| raw.starts_with('"') && may_hold(raw.as_bytes())) else { return };
        match unquoted(raw).and_then(|text| text_rewritten(&text, form, rewrite)) {
            None => edits = None,
            Some(None) => {}
            Some(Some(text)) => edits.iter_mut().for_each(|edits| edits.push((range.clone(), quoted(&text)))),
        }
    })?;
    match edits? {
        edits if edits.is_empty() => Some(answer.into()),
        _ if has_tokens => None,
        edits => Some(edited(answer, &edits).into()),
    }
}

/// What `text` becomes; none of it where it stays, and none at all where it cannot be used.
fn text_rewritten(text: &str, form: Form, rewrite: Rewrite<'_>) -> Option<Option<String>> {
    let (mut out, mut done) = (String::new(), 0);
    for look in scan(text, form) {
        out.push_str(&text[done..look.range.start]);
        rewrite(&look, form, &mut out)?;
        done = look.range.end;
    }
    out.push_str(&text[done..]);
    Some((done > 0).then_some(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::finding::Entity;
    use crate::guard::mask::Salt;

    fn ledger(values: &[&str]) -> Ledger {
        let mut ledger = Ledger::new(Salt::of(&[7; 32], "", values.concat().as_str()));
        values.iter().for_each(|value| _ = ledger.placeholder(&Entity::Person, value));
        ledger
    }

    fn answer(content: &str, arguments: &str) -> String {
        format!(
            r#"{{"object":"chat.completion","model":"<PERSON_9>","choices":[{{"index":0,"message":{{"role":"assistant","content":{},"reasoning":"<doc_1>","tool_calls":[{{"id":"<PERSON_9>","type":"function","function":{{"name":"f","arguments":{}}}}}]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"x":"<PERSON_9>"}}}}"#,
            quoted(content),
            quoted(arguments)
        )
    }

    #[test]
    fn an_answer_is_kept_for_whoever_asks_the_same() {
        let (asked, asks) = (ledger(&["Ann", "Bob"]), ledger(&["Zoë \"Z\"\n", "Li"]));
        let [ann, bob] = [0, 1].map(|at| asked.salted(asked.slots().nth(at).unwrap()));
        let odd = ann.to_lowercase().replace('_', " _").replace('<', "&lt;");
        let given = answer(&format!("{ann}, {odd} <{bob}>"), &format!(r#"{{"to":"\\\\{ann}"}}"#));
        let kept = to_plain(&given, &asked, Form::Text).unwrap();
        assert_eq!(kept, answer("<PERSON_1>, <PERSON_1> <<PERSON_2>>", r#"{"to":"\\\\<PERSON_1>"}"#));
        let restored = restore_plain(&kept, &asks, Form::Text).unwrap();
        assert_eq!(restored, answer("Zoë \"Z\"\n, Zoë \"Z\"\n <Li>", r#"{"to":"\\\\Zoë \"Z\"\n"}"#));
        let as_json = restore_plain(&kept, &asks, Form::Json).unwrap();
        assert_eq!(as_json, answer(r#"Zoë \"Z\"\n, Zoë \"Z\"\n <Li>"#, r#"{"to":"\\\\Zoë \"Z\"\n"}"#));
    }

    #[test]
    fn an_answer_with_anybody_elses_placeholder_is_none() {
        let (asked, nobody) = (ledger(&["Ann"]), ledger(&[]));
        let [salted, plain] =
            [Ledger::salted, Ledger::plain].map(|written| written(&asked, asked.slots().next().unwrap()));
        for (text, to, from) in [
            (&*plain, false, true),
            ("<PERSON_2>", false, false),
            ("<NEW_1>", false, false),
            ("<PERSON_1_zzzz>", false, false),
            (&*salted, true, false),
            ("none", true, true),
            ("<doc_1>", true, true),
        ] {
            for answer in [answer(text, ""), answer("", text)] {
                assert_eq!(to_plain(&answer, &asked, Form::Text).is_some(), to, "{text}");
                assert_eq!(restore_plain(&answer, &asked, Form::Text).is_some(), from, "{text}");
                let is_usual = matches!(text, "none" | "<doc_1>");
                assert_eq!(to_plain(&answer, &nobody, Form::Text).is_some(), is_usual, "{text}");
                assert_eq!(restore_plain(&answer, &nobody, Form::Text).is_some(), is_usual, "{text}");
            }
        }
        assert!(matches!(to_plain("{}", &asked, Form::Text), Some(Cow::Borrowed("{}"))));
        assert_eq!(to_plain("{", &asked, Form::Text), None);
        assert_eq!(to_plain(r#"{"choices":[{"text":"\ud83d"}]}"#, &asked, Form::Text), None);
    }

    #[test]
    fn what_has_the_salt_in_another_spelling_is_not_kept() {
        let asked = ledger(&["John"]);
        let salted = asked.salted(asked.slots().next().unwrap());
        let name = salted.trim_matches(['<', '>']);
        assert!(to_plain(&answer(&salted, ""), &asked, Form::Text).is_some());
        for spelled in [name.to_owned(), name.to_uppercase(), name.replace('_', "\\_"), format!("＜{name}＞")] {
            assert!(to_plain(&answer(&spelled, ""), &asked, Form::Text).is_none(), "{spelled}");
        }
    }

    #[test]
    fn the_tokens_of_placeholders_are_not_kept() {
        let asked = ledger(&["Ann"]);
        let salted = asked.salted(asked.slots().next().unwrap());
        let with = |lists: &str, text: &str| answer(text, "").replace(r#""logprobs":null"#, lists);
        for lists in [
            r#""logprobs":{"content":[{"token":"<"}]}"#,
            r#""token_ids":[1]"#,
            r#""prompt_logprobs":[null,{"1":{}},2]"#,
        ] {
            assert_eq!(to_plain(&with(lists, &salted), &asked, Form::Text), None, "{lists}");
            assert!(to_plain(&with(lists, "Ann"), &asked, Form::Text).is_some());
        }
        assert!(to_plain(&with(r#""logprobs":null,"token_ids":null"#, &salted), &asked, Form::Text).is_some());
    }
}
