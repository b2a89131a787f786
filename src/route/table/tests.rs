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
    let threshold = threshold.map_or(Threshold::None, Threshold::Least);
    RouteSettings { name: name.into(), backend, samples: samples.iter().map(|s| s.to_string()).collect(), threshold }
}

fn settings(routes: Vec<RouteSettings>) -> Settings {
    Settings { routes, default_backend: 9, classifier: Mode::Nearest }
}

fn table(routes: Vec<RouteSettings>) -> Table {
    Table::compile(settings(routes), all_at, None).unwrap()
}

/// A prompt that says nothing.
fn silent(embedding: &Embedding) -> Query<'_> {
    Query { embedding, text: "" }
}

fn decide(table: &Table, degrees: &str) -> Decision {
    table.decide(&silent(&at(degrees).unwrap()))
}

fn scores(table: &Table, degrees: &str) -> Vec<f32> {
    table.scores(&silent(&at(degrees).unwrap())).by_route
}

#[test]
fn the_nearest_sample_s_route_is_chosen() {
    let table = table(vec![route("east", 1, &["0", "200"], None), route("north", 2, &["90"], None)]);
    let decision = decide(&table, "10");
    assert_eq!((decision.route, decision.backend, decision.reason), (Some(0), 1, Reason::Semantic));
    assert!((decision.score - 10f32.to_radians().cos()).abs() < 1e-6);
    assert_eq!(scores(&table, "10")[0], decision.score);
    assert_eq!(decide(&table, "80").route, Some(1));
    assert_eq!(table.nearest(&at("190").unwrap(), 0).unwrap().0, "200");
}

#[test]
fn a_route_below_its_threshold_gives_way_to_the_next_best() {
    let strict = route("strict", 1, &["0"], Some(0.99));
    let table = table(vec![strict, route("lax", 2, &["90"], Some(0.1))]);
    let decision = decide(&table, "20");
    assert_eq!((decision.route, decision.backend), (Some(1), 2));
    assert_eq!(decision.score, scores(&table, "20")[1], "the score is the chosen route's");
    assert_eq!(decide(&table, "1").route, Some(0));
}

#[test]
fn where_nothing_passes_the_default_backend_serves() {
    let table = table(vec![route("a", 1, &["0"], Some(0.9)), route("b", 2, &["90"], Some(0.9))]);
    let decision = decide(&table, "40");
    assert_eq!((decision.route, decision.backend, decision.reason), (None, 9, Reason::BelowThreshold));
    assert_eq!(decision.score, scores(&table, "40")[0], "the score is the best route's");
}

#[test]
fn a_score_equal_to_the_threshold_passes() {
    let east = at("0").unwrap();
    let table = table(vec![route("exact", 1, &["0"], Some(1.0))]);
    assert_eq!(table.decide(&silent(&east)).route, Some(0));
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
    let table = Table::compile(settings(routes), embed, None).unwrap();
    assert_eq!(table.decide(&silent(&vec![1.0].into())).route, Some(1));
    assert_eq!(table.scores(&silent(&vec![f32::NAN].into())).by_route, [-1.0, -1.0]);
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
                threshold: if next(2) == 1 { Threshold::Least(next(100) as f32 / 100.0) } else { Threshold::None },
            })
            .collect();
        let prompt = next(360).to_string();
        let prompt_at = at(&prompt).unwrap();
        let mut expected = None;
        for (index, route) in routes.iter().enumerate() {
            for sample in &route.samples {
                let cosine: f32 = at(sample).unwrap().iter().zip(&*prompt_at).map(|(a, b)| a * b).sum();
                let beats = expected.is_none_or(|(_, best)| cosine.clamp(-1.0, 1.0) > best);
                let passes = match route.threshold {
                    Threshold::Least(least) => cosine >= least,
                    _ => true,
                };
                if beats && passes {
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
    let settings = |samples: &[&str]| settings(vec![route("r", 0, samples, None)]);
    let first = Table::compile(settings(&["10", "20"]), embed, None).unwrap();
    let second = Table::compile(settings(&["20", "30"]), embed, Some(&first)).unwrap();
    assert_eq!(*asked.borrow(), ["10 20", "30"], "all that is new at once");
    let afresh = Table::compile(settings(&["20", "30"]), all_at, None).unwrap();
    assert_eq!(decide(&second, "26"), decide(&afresh, "26"));
}

#[test]
fn a_sample_that_cannot_be_compiled_is_named() {
    let compile = |embed: fn(&str) -> Result<Embedding, &'static str>| {
        let settings = settings(vec![route("chitchat", 0, &["hi", "you"], None)]);
        let embed = |samples: &[&str]| samples.iter().map(|text| embed(text)).collect();
        Table::compile(settings, embed, None).unwrap_err().to_string()
    };
    let failed = compile(|_| Err("too tired"));
    assert!(failed.contains("chitchat") && failed.contains("hi") && failed.contains("too tired"), "{failed}");
    let ragged = compile(|text| Ok(vec![0.5; text.len()].into()));
    assert!(ragged.contains("you") && ragged.contains('3') && ragged.contains('2'), "{ragged}");
}

/// Two routes of so many samples a degree apart, from 0 and from 90 degrees.
fn rich(samples: usize, classifier: Mode, threshold: Threshold) -> Settings {
    let from = |first: usize| (first..first + samples).map(|degrees| degrees.to_string()).collect();
    let route =
        |name: &str, backend, first| RouteSettings { name: name.into(), backend, samples: from(first), threshold };
    Settings { routes: vec![route("east", 1, 0), route("north", 2, 90)], default_backend: 9, classifier }
}

#[test]
fn chances_need_samples_enough() {
    for (samples, asked, used, scale) in [
        (5, Mode::Auto, Mode::Auto, Scale::Chance),
        (5, Mode::Trained, Mode::Trained, Scale::Chance),
        (5, Mode::Nearest, Mode::Nearest, Scale::Cosine),
        (4, Mode::Auto, Mode::Nearest, Scale::Cosine),
        (4, Mode::Trained, Mode::Nearest, Scale::Cosine),
    ] {
        let table = Table::compile(rich(samples, asked, Threshold::None), all_at, None).unwrap();
        assert_eq!((table.classifier(), table.scale()), (used, scale), "{samples} {asked:?}");
        assert_eq!((decide(&table, "10").route, decide(&table, "80").route), (Some(0), Some(1)));
        assert_eq!(decide(&table, "10").score, scores(&table, "10")[0]);
    }
}

#[test]
fn a_route_s_own_samples_make_its_threshold() {
    for mode in [Mode::Auto, Mode::Nearest] {
        let table = Table::compile(rich(20, mode, Threshold::Auto), all_at, None).unwrap();
        assert!(table.threshold(0).is_some_and(|least| least > scores(&table, "270")[0]), "{mode:?} {table:?}");
        assert_eq!((decide(&table, "8").route, decide(&table, "270").route), (Some(0), None), "{mode:?}");
        let open = Table::compile(rich(20, mode, Threshold::None), all_at, None).unwrap();
        assert_eq!((open.threshold(0), decide(&open, "270").route.is_some()), (None, true), "{mode:?}");
    }
}

#[test]
fn what_was_learnt_is_kept_while_samples_and_classifier_stay() {
    let first = Table::compile(rich(6, Mode::Auto, Threshold::None), all_at, None).unwrap();
    let next = |settings| Table::compile(settings, all_at, Some(&first)).unwrap();
    let mut same = rich(6, Mode::Auto, Threshold::Least(2.0));
    same.routes[0].name = "renamed".into();
    same.routes[1].backend = 7;
    let second = next(same);
    assert!(Arc::ptr_eq(&first.classifier, &second.classifier));
    assert_eq!((second.name(0).unwrap().as_ref(), decide(&second, "3").route), ("renamed", None), "the rest is new");
    let mut moved = rich(6, Mode::Auto, Threshold::None);
    let sample = moved.routes[0].samples.pop().unwrap();
    moved.routes[1].samples.insert(0, sample);
    for changed in [rich(7, Mode::Auto, Threshold::None), rich(6, Mode::Trained, Threshold::None), moved] {
        assert!(!Arc::ptr_eq(&first.classifier, &next(changed).classifier));
    }
}
