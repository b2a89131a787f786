use std::convert::Infallible;

use super::*;
use crate::cli::eval::chances::Chances;
use crate::cli::eval::tally::Tally;
use crate::embed::Embedding;
use crate::route::classifier::{Mode, Scores};
use crate::route::{Decision, Reason, RouteSettings, Settings, Threshold};

const ROUTES: usize = 50;
const PROMPTS: usize = 10_000;

/// Of one sample each.
fn table() -> Table {
    let route = |route: usize| RouteSettings {
        name: format!("a-route-with-a-rather-long-name-{route}").into(),
        backend: 0,
        samples: vec![format!("sample {route}")],
        threshold: Threshold::Least(0.2),
    };
    let settings = Settings { routes: (0..ROUTES).map(route).collect(), default_backend: 0, classifier: Mode::Nearest };
    let embed = |samples: &[&str]| samples.iter().map(|_| Ok::<Embedding, Infallible>(vec![1.0, 0.0].into())).collect();
    Table::compile(settings, embed, None).unwrap()
}

#[test]
fn a_large_evaluation_is_still_a_small_page() {
    let table = table();
    let mut random = fastrand::Rng::with_seed(7);
    let (mut tally, mut chances, mut detail) = (Tally::default(), Chances::default(), Detail::default());
    for _ in 0..PROMPTS {
        let mut route = || Some(random.usize(0..=ROUTES)).filter(|route| *route < ROUTES);
        let (expected, given) = (route(), route());
        let scores = Scores { by_route: (0..ROUTES).map(|_| random.f32()).collect(), out_of_scope: random.f32() };
        let decision = Decision { route: given, ..Decision::uncompared(0, Reason::Semantic) };
        tally.add(crate::cli::eval::label(&table, expected), crate::cli::eval::label(&table, given));
        chances.add(expected, &scores);
        detail.add(expected, &decision, Some(scores), "<&>\"'".repeat(40));
    }
    let report = Report::new(&table, tally, &chances);
    let (config, data) = (Path::new("config.yaml"), Path::new("labelled.jsonl"));
    let page = Page { report: &report, table: &table, detail: &detail, roc: chances.roc(), config, data }.render();
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert_eq!(page.matches("<figure").count(), ROUTES + 3, "every route has its chart");
}

#[test]
fn a_draft_that_is_not_kept_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    fs::write(&path, "before").unwrap();
    drop(Draft::beside(&path).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), "before");
    Draft::beside(&path).unwrap().keep("after").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "after");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
