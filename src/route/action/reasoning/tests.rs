use serde_json::{Value, json};

use super::*;

fn told(family: &str, level: Level, force: bool, body: &str) -> (Outcome, String) {
    let reasoning = Reasoning { effort: Effort::Always(level), force };
    let (outcome, changed) = applied(reasoning, Family::named(family).as_ref(), None, body);
    (outcome, changed.unwrap_or_else(|| body.to_owned()))
}

fn applied(
    reasoning: Reasoning,
    family: Option<&Family>,
    complexity: Option<f32>,
    body: &str,
) -> (Outcome, Option<String>) {
    let mut draft = Draft::read(body, "the body").unwrap();
    let gives_way = reasoning.gives_way(family, Speakers::All, &mut draft).unwrap();
    (reasoning.apply(family, complexity, gives_way, &mut draft).unwrap(), draft.finish())
}

#[test]
fn each_family_is_told_in_its_own_words() {
    for (family, level, words) in [
        ("qwen3", Level::Off, r#""chat_template_kwargs":{"enable_thinking":false}"#),
        ("qwen3", Level::Low, r#""chat_template_kwargs":{"enable_thinking":true}"#),
        ("qwen3", Level::High, r#""chat_template_kwargs":{"enable_thinking":true}"#),
        ("deepseek", Level::Off, r#""chat_template_kwargs":{"thinking":false}"#),
        ("deepseek", Level::Medium, r#""chat_template_kwargs":{"thinking":true}"#),
        ("gpt-oss", Level::Off, r#""reasoning_effort":"low""#),
        ("gpt-oss", Level::Low, r#""reasoning_effort":"low""#),
        ("gpt-oss", Level::Medium, r#""reasoning_effort":"medium""#),
        ("gpt-oss", Level::High, r#""reasoning_effort":"high""#),
    ] {
        for force in [false, true] {
            // What gpt-oss is told is what is told of it: it has no off.
            let told_level = if family == "gpt-oss" { level.max(Level::Low) } else { level };
            let expected = (Outcome::Told(told_level), format!(r#"{{{words}, "x":1.0 }}"#));
            assert_eq!(told(family, level, force, r#"{ "x":1.0 }"#), expected);
        }
    }
    let kept = told("qwen3", Level::Off, false, r#"{"chat_template_kwargs":{ "a":1 }}"#).1;
    assert_eq!(kept, r#"{"chat_template_kwargs":{"enable_thinking":false, "a":1 }}"#);
}

#[test]
fn the_clients_own_word_wins() {
    for body in [
        r#"{"reasoning_effort":"high"}"#,
        r#"{"reasoning":{"effort":"none"}}"#,
        r#"{"thinking_token_budget":0}"#,
        r#"{"chat_template_kwargs":{"enable_thinking":true}}"#,
        r#"{"chat_template_kwargs":{"thinking":true}}"#,
        r#"{"chat_template_kwargs":{"reasoning_effort":"low"}}"#,
    ] {
        for family in family::NAMES {
            assert_eq!(told(family, Level::Off, false, body), (Outcome::ClientsOwn, body.to_owned()));
        }
    }
    for body in [r#"{"reasoning_effort":null}"#, r#"{"chat_template_kwargs":null}"#, r#"{"include_reasoning":true}"#] {
        assert_eq!(told("qwen3", Level::Off, false, body).0, Outcome::Told(Level::Off), "{body}");
    }
    for text in ["Why? /no_think", "/think\\nhard"] {
        let body = format!(r#"{{"messages":[{{"role":"user","content":"{text}"}},{{"role":"user","content":"x"}}]}}"#);
        assert_eq!(told("qwen3", Level::Low, false, &body).0, Outcome::ClientsOwn);
        assert_eq!(told("gpt-oss", Level::Low, false, &body).0, Outcome::Told(Level::Low));
    }
}

#[test]
fn a_forced_level_has_the_last_word_in_what_users_say() {
    let body = |said: &str| format!(r#"{{"messages":[{{"role":"user","content":"{said}"}}]}}"#);
    let thinking = |on: bool, said: &str| {
        let rest = &body(said)[1..];
        format!(r#"{{"chat_template_kwargs":{{"enable_thinking":{on}}},{rest}"#)
    };
    let told = |family, level, said| told(family, level, true, &body(said)).1;
    assert_eq!(told("qwen3", Level::High, "Why? /no_think"), thinking(true, "Why? /no_think\\n\\n/think"));
    assert_eq!(told("qwen3", Level::Low, "Why? /think"), thinking(true, "Why? /think"));
    assert_eq!(told("qwen3", Level::Off, "Why? /think"), thinking(false, "Why? /think"), "which does nothing then");
    let deepseek = thinking(true, "Why? /no_think").replace("enable_thinking", "thinking");
    assert_eq!(told("deepseek", Level::High, "Why? /no_think"), deepseek, "which it does not know");
}

#[test]
fn unless_the_route_forces_its_own_and_then_nothing_speaks_against_it() {
    let body = r#"{"reasoning_effort":"high","chat_template_kwargs":{"thinking":true,"enable_thinking":true,"thinking_budget":9},"thinking_token_budget":99}"#;
    assert_eq!(
        told("deepseek", Level::Off, true, body),
        (
            Outcome::Told(Level::Off),
            r#"{"reasoning_effort":null,"chat_template_kwargs":{"thinking":false,"enable_thinking":false,"thinking_budget":null},"thinking_token_budget":null}"#
                .to_owned()
        )
    );
    assert_eq!(told("gpt-oss", Level::Low, true, r#"{"reasoning_effort":"high"}"#).1, r#"{"reasoning_effort":"low"}"#);
}

#[test]
fn nothing_is_written_where_nothing_is_known() {
    assert_eq!(told("other", Level::High, true, r#"{"reasoning_effort":"low"}"#).0, Outcome::NoWords);
    let auto = Reasoning { effort: Effort::Auto(Cuts::default()), force: true };
    let family = Family::named("qwen3");
    assert_eq!(applied(auto.clone(), family.as_ref(), None, "{}"), (Outcome::Unknown, None));
    assert_eq!(applied(auto, family.as_ref(), Some(0.5), "{}").0, Outcome::Told(Level::High));
}

#[test]
fn a_mapping_of_ones_own_is_merged_and_is_what_the_client_may_say_itself() {
    let typed: Value = json!({
        "off": {"chat_template_kwargs": {"mode": "fast"}},
        "low": {"chat_template_kwargs": {"mode": "slow"}, "thinking_token_budget": 1024},
    });
    let family = Family::own(Mapping::read(typed.as_object().unwrap()).unwrap());
    let told = |level, force, body: &str| {
        applied(Reasoning { effort: Effort::Always(level), force }, Some(&family), None, body)
    };
    let low = r#"{"chat_template_kwargs":{"mode":"slow"},"thinking_token_budget":1024}"#;
    assert_eq!(told(Level::Low, false, "{}"), (Outcome::Told(Level::Low), Some(low.into())));
    assert_eq!(told(Level::High, false, "{}"), (Outcome::NoWords, None));
    let own = r#"{"chat_template_kwargs":{"mode":"mine"}}"#;
    assert_eq!(told(Level::Low, false, own), (Outcome::ClientsOwn, None));
    let forced = r#"{"chat_template_kwargs":{"mode":"fast"}}"#;
    assert_eq!(told(Level::Off, true, own), (Outcome::Told(Level::Off), Some(forced.into())));
}

#[test]
fn what_only_another_level_of_a_mapping_names_is_taken_back_too() {
    let typed = json!({"off": {"think": false}, "low": {"opts": {"effort": 1}}, "high": {"budget": 8000}});
    let family = Family::own(Mapping::read(typed.as_object().unwrap()).unwrap());
    for (level, body, expected) in [
        (Level::Off, r#"{"budget":100000,"x":1}"#, r#"{"think":false,"budget":null,"x":1}"#),
        (Level::Off, r#"{"opts":{"effort":5,"y":2}}"#, r#"{"think":false,"opts":{"effort":null,"y":2}}"#),
        (Level::Off, r#"{"opts":"max"}"#, r#"{"think":false,"opts":null}"#),
        (Level::Low, r#"{"opts":"max"}"#, r#"{"opts":{"effort":1}}"#),
        (Level::High, r#"{"budget":1,"think":true}"#, r#"{"budget":8000,"think":null}"#),
    ] {
        let forced = Reasoning { effort: Effort::Always(level), force: true };
        assert_eq!(
            applied(forced, Some(&family), None, body),
            (Outcome::Told(level), Some(expected.to_owned())),
            "{body}"
        );
        let asked = Reasoning { effort: Effort::Always(level), force: false };
        assert_eq!(applied(asked, Some(&family), None, body), (Outcome::ClientsOwn, None), "{body}");
    }
}

#[test]
fn what_stands_where_a_mapping_should_is_the_clients_word_unless_it_is_forced() {
    for value in [r#""x""#, "[1]", "true"] {
        let body = format!(r#"{{"chat_template_kwargs":{value}}}"#);
        assert_eq!(told("qwen3", Level::High, false, &body), (Outcome::ClientsOwn, body.clone()));
        let forced = r#"{"chat_template_kwargs":{"enable_thinking":true}}"#.to_owned();
        assert_eq!(told("qwen3", Level::High, true, &body), (Outcome::Told(Level::High), forced));
    }
}
