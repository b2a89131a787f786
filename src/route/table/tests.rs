use std::cell::RefCell;
use std::convert::Infallible;

use super::*;

/// A sample's text is its direction in degrees.
fn at(degrees: &str) -> Result<Embedding, std::num::ParseFloatError> {
    let angle = degrees.parse::<f32>()?.to_radians();
    Ok(vec![angle.cos(), angle.sin()].into())
}

fn all_at(samples: &[&str]) -> Vec<Result<Embedding, std::num::ParseFloatError>> {
    samples.iter().map(|degrees| at(degrees)).collect()
}

fn route(name: &str, backend: usize, samples: &[&str], threshold: Option<f32>) -> RouteSettings {
    RouteSettings { name: name.into(), backend, samples: samples.iter().map(|s| s.to_string()).collect(), threshold }
}

fn table(routes: Vec<RouteSettings>) -> Table {
    Table::compile(Settings { routes, default_backend: 9 }, all_at, None).unwrap()
}

fn decide(table: &Table, degrees: &str) -> Decision {
    table.decide(&at(degrees).unwrap())
}

#[test]
fn the_nearest_sample_s_route_is_chosen() {
    let table = table(vec![route("east", 1, &["0", "200"], None), route("north", 2, &["90"], None)]);
    let decision = decide(&table, "10");
    assert_eq!((decision.route, decision.backend, decision.reason), (Some(0), 1, Reason::Semantic));
    assert!((decision.score - 10f32.to_radians().cos()).abs() < 1e-6);
    assert_eq!(decision.scores[0], decision.score);
    assert_eq!(decide(&table, "80").route, Some(1));
    assert_eq!(table.nearest(&at("190").unwrap(), 0).unwrap().0, "200");
}

#[test]
fn a_route_below_its_threshold_gives_way_to_the_next_best() {
    let strict = route("strict", 1, &["0"], Some(0.99));
    let table = table(vec![strict, route("lax", 2, &["90"], Some(0.1))]);
    let decision = decide(&table, "20");
    assert_eq!((decision.route, decision.backend), (Some(1), 2));
    assert_eq!(decision.score, decision.scores[1], "the score is the chosen route's");
    assert_eq!(decide(&table, "1").route, Some(0));
}

#[test]
fn where_nothing_passes_the_default_backend_serves() {
    let table = table(vec![route("a", 1, &["0"], Some(0.9)), route("b", 2, &["90"], Some(0.9))]);
    let decision = decide(&table, "40");
    assert_eq!((decision.route, decision.backend, decision.reason), (None, 9, Reason::BelowThreshold));
    assert_eq!(decision.score, decision.scores[0], "the score is the best route's");
}

#[test]
fn a_score_equal_to_the_threshold_passes() {
    let east = at("0").unwrap();
    let table = table(vec![route("exact", 1, &["0"], Some(1.0))]);
    assert_eq!(table.decide(&east).route, Some(0));
}

#[test]
fn ties_go_to_the_route_that_stands_first() {
    let table = table(vec![route("first", 1, &["0"], None), route("second", 2, &["0"], None)]);
    assert_eq!(decide(&table, "30").route, Some(0));
}

#[test]
fn routes_without_samples_and_tables_without_routes_decide_nothing() {
    let decision = decide(&table(vec![route("hollow", 1, &[], None)]), "0");
    assert_eq!((decision.route, decision.backend), (None, 9));
    let decision = decide(&table(vec![]), "0");
    assert_eq!((decision.route, decision.backend, decision.score), (None, 9, 0.0));
}

#[test]
fn nan_never_wins() {
    let float = |text: &str| if text == "nan" { f32::NAN } else { 0.1 };
    let embed = |samples: &[&str]| samples.iter().map(|text| Ok::<_, Infallible>(vec![float(text)].into())).collect();
    let routes = vec![route("nan", 1, &["nan"], None), route("sound", 2, &["sound"], None)];
    let table = Table::compile(Settings { routes, default_backend: 9 }, embed, None).unwrap();
    assert_eq!(table.decide(&vec![1.0].into()).route, Some(1));
    let decision = table.decide(&vec![f32::NAN].into());
    assert!(decision.scores.iter().all(|score| *score == NOTHING_LIKE_IT));
}

#[test]
fn what_a_table_decides_is_what_a_plain_search_finds() {
    // Pseudo-random tables: 200 prompts against up to 6 routes of up to 5 samples.
    let mut state = 1u32;
    let mut next = |bound: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % bound
    };
    for _ in 0..200 {
        let routes: Vec<_> = (0..next(6))
            .map(|index| RouteSettings {
                name: index.to_string().into(),
                backend: index as usize,
                samples: (0..next(5)).map(|_| next(360).to_string()).collect(),
                threshold: (next(2) == 1).then(|| next(100) as f32 / 100.0),
            })
            .collect();
        let prompt = next(360).to_string();
        let prompt_at = at(&prompt).unwrap();
        let mut expected = None;
        for (index, route) in routes.iter().enumerate() {
            for sample in &route.samples {
                let cosine: f32 = at(sample).unwrap().iter().zip(&*prompt_at).map(|(a, b)| a * b).sum();
                let beats = expected.is_none_or(|(_, best)| cosine.clamp(-1.0, 1.0) > best);
                if beats && route.threshold.is_none_or(|threshold| cosine >= threshold) {
                    expected = Some((index, cosine.clamp(-1.0, 1.0)));
                }
            }
        }
        let decision = decide(&table(routes), &prompt);
        assert_eq!(decision.route, expected.map(|(index, _)| index));
    }
}

#[test]
fn a_reload_embeds_only_what_is_new() {
    let asked = RefCell::new(Vec::new());
    let embed = |samples: &[&str]| {
        asked.borrow_mut().push(samples.join(" "));
        all_at(samples)
    };
    let settings = |samples: &[&str]| Settings { routes: vec![route("r", 0, samples, None)], default_backend: 0 };
    let first = Table::compile(settings(&["10", "20"]), embed, None).unwrap();
    let second = Table::compile(settings(&["20", "30"]), embed, Some(&first)).unwrap();
    assert_eq!(*asked.borrow(), ["10 20", "30"], "all that is new at once");
    let afresh = Table::compile(settings(&["20", "30"]), all_at, None).unwrap();
    assert_eq!(decide(&second, "26"), decide(&afresh, "26"));
}

#[test]
fn a_sample_that_cannot_be_compiled_is_named() {
    let compile = |embed: fn(&str) -> Result<Embedding, &'static str>| {
        let settings = Settings { routes: vec![route("chitchat", 0, &["hi", "you"], None)], default_backend: 0 };
        let embed = |samples: &[&str]| samples.iter().map(|text| embed(text)).collect();
        Table::compile(settings, embed, None).unwrap_err().to_string()
    };
    let failed = compile(|_| Err("too tired"));
    assert!(failed.contains("chitchat") && failed.contains("hi") && failed.contains("too tired"), "{failed}");
    let ragged = compile(|text| Ok(vec![0.5; text.len()].into()));
    assert!(ragged.contains("you") && ragged.contains('3') && ragged.contains('2'), "{ragged}");
}
