use std::convert::Infallible;

use fastrand::Rng;

use super::super::classifier::Mode;
use super::super::rule::{Condition, Node, Relation, RouteRule, Test};
use super::super::signal::testing::request;
use super::super::signal::{Arg, Request, Signal};
use super::super::table::{RouteSettings, Settings, Threshold};
use super::*;
use crate::embed::Embedding;
use crate::guard::classifier::Labelled;

fn vector(random: &mut Rng) -> Embedding {
    Embedding::towards((0..4).map(|_| random.f32() - 0.5).collect()).unwrap()
}

/// A router of some routes: each has a rule over the turns, samples, or both.
fn router(random: &mut Rng) -> Router {
    let turns = Signal::find("turns").unwrap();
    let (mut routes, mut rules) = (Vec::new(), Vec::new());
    for i in 0..random.usize(1..7) {
        let name: Arc<str> = format!("route{i}").into();
        let samples = if random.bool() { vec![format!("{i}a"), format!("{i}b")] } else { Vec::new() };
        let test = Test::Number(Relation::AtLeast, f64::from(random.u8(..3)));
        let when = samples.is_empty() || random.bool();
        let when = when.then(|| Node::Is(Condition { signal: turns, arg: Arg::Nothing, test }));
        let priority = random.i32(0..3);
        let threshold = if random.bool() { Threshold::None } else { Threshold::Least(random.f32() - 0.2) };
        rules.push(RouteRule { name: name.clone(), priority, when, samples: !samples.is_empty() });
        routes.push(RouteSettings { name, backend: i, samples, threshold });
    }
    let settings = Settings { routes, default_backend: 9, classifier: Mode::Nearest };
    let embed = |texts: &[&str]| texts.iter().map(|_| Ok::<_, Infallible>(vector(random))).collect();
    let table = Arc::new(Table::compile(settings, embed, None).unwrap());
    let rules = Some(Routes::new(&rules, Vec::new(), None));
    Router { names: Names::default(), table, rules, encoder: None, labelers: Labelers::default() }
}

#[test]
fn asking_only_routes_that_may_win_decides_as_asking_all_does() {
    let mut random = Rng::with_seed(5);
    let (mut by_samples, mut by_rule, mut none) = (0, 0, 0);
    for _ in 0..3000 {
        let router = router(&mut random);
        let rules = router.rules.as_ref().unwrap();
        let asked = Request { turns: random.usize(..3), ..request("x") };
        let facts = rules.facts(&asked);
        let embedding = vector(&mut random);
        let query = Query { embedding: &embedding, text: "x" };
        let all = router.table.scores(&query).by_route.into_iter().enumerate();
        let passes = |(route, value): (usize, f32)| Score {
            value,
            passes: rules.has_samples(route) && router.table.threshold(route).is_none_or(|least| value >= least),
        };
        let all: Vec<Score> = all.map(passes).collect();
        let (some, best) = router.scores(rules, &facts, &query, |truth| truth == Truth::Yes);
        let (wanted, chosen) = (rules.decide(&facts, &all), rules.decide(&facts, &some));
        assert_eq!(chosen, wanted, "{rules:?}");
        match chosen {
            Some(choice) if rules.has_samples(choice.route) => by_samples += 1,
            Some(_) => by_rule += 1,
            None => none += 1,
        }
        assert!(chosen.is_some() || all.iter().all(|score| score.value <= best.max(0.0)));
    }
    assert!(by_samples > 300 && by_rule > 300 && none > 100, "{by_samples} {by_rule} {none}");
}

/// A classifier that is not asked would have changed nothing, whatever it had said.
#[test]
fn a_classifier_is_left_out_only_where_its_word_does_not_matter() {
    let classifier = Signal::find("classifier").unwrap();
    let mut random = Rng::with_seed(11);
    let (mut spared, mut asked_for) = (0, 0);
    for _ in 0..3000 {
        let (mut routes, mut rules) = (Vec::new(), Vec::new());
        for i in 0..random.usize(1..6) {
            let name: Arc<str> = format!("route{i}").into();
            let samples = if random.bool() { vec![format!("{i}")] } else { Vec::new() };
            let (arg, test) = (Arg::Name("mine".into(), 0.0), Test::Texts(vec![["x", "y"][random.usize(..2)].into()]));
            let when =
                (samples.is_empty() || random.bool()).then(|| Node::Is(Condition { signal: classifier, arg, test }));
            rules.push(RouteRule {
                name: name.clone(),
                priority: random.i32(0..3),
                when,
                samples: !samples.is_empty(),
            });
            routes.push(RouteSettings { name, backend: i, samples, threshold: Threshold::Least(random.f32() - 0.5) });
        }
        let settings = Settings { routes, default_backend: 9, classifier: Mode::Nearest };
        let embed = |texts: &[&str]| texts.iter().map(|_| Ok::<_, Infallible>(vector(&mut random))).collect();
        let table = Arc::new(Table::compile(settings, embed, None).unwrap());
        let rules = Routes::new(&rules, Vec::new(), None);
        let router =
            Router { names: Names::default(), table, rules: None, encoder: None, labelers: Labelers::default() };
        let (request, embedding) = (request("x"), vector(&mut random));
        let query = Query { embedding: &embedding, text: "x" };
        let decided = |label: Option<&str>| {
            let lessons = Lessons::default();
            if let Some(label) = label {
                lessons.label(vec![("mine".into(), Labelled { label: label.into(), probability: 1.0 })]);
            }
            let mut facts = rules.facts(&request);
            facts.learn(&lessons);
            let needs = router.needs_labels(&rules, &facts, Some(&query));
            let (scores, _) = router.scores(&rules, &facts, &query, |truth| truth == Truth::Yes);
            (needs, rules.decide(&facts, &scores).map(|choice| choice.route))
        };
        let (needs, without) = decided(None);
        let words = ["x", "y", "z"].map(|label| decided(Some(label)).1);
        if needs {
            asked_for += 1;
        } else {
            spared += 1;
            assert_eq!(words, [without; 3]);
        }
    }
    assert!(spared > 300 && asked_for > 300, "{spared} {asked_for}");
}
