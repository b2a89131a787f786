//! Classifiers of any labels: which one a text deserves, and what its windows have to do with it.

use pointsman::guard::classifier::{Classifier, Labeler};
use serde_json::Value;

use crate::edited::Edited;
use crate::{ALL, ARCHITECTURES, cases, folder_of, is_near};

/// PyTorch's probabilities in each window.
fn windows(case: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(case["windows"].clone()).unwrap()
}

#[test]
fn a_text_of_one_window_gets_the_label_that_pytorch_gives() {
    for name in ARCHITECTURES.map(|name| format!("{name}-sequence")) {
        let model = Labeler::load(&folder_of(&name)).unwrap();
        let mut compared = 0;
        for (text, case) in cases(&name) {
            let told = model.classify(&text, ALL, &|| true).unwrap().value;
            let windows = windows(&case);
            let [window] = &windows[..] else { continue };
            let told = told.unwrap();
            let (best, most) = window.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap();
            assert_eq!(told.label, model.labels()[best], "{name}: {text:?}");
            assert!(is_near(told.probability, *most, 1e-4), "{name}: {text:?}: {told:?}");
            compared += 1;
        }
        assert!(compared > 3, "{name}: {compared}");
    }
}

#[test]
fn a_long_text_gets_the_label_of_most_of_it() {
    let name = "bert-sequence";
    let model = Labeler::load(&folder_of(name)).unwrap();
    for (text, case) in cases(name).into_iter().filter(|(_, case)| windows(case).len() > 1) {
        let told = model.classify(&text, ALL, &|| true).unwrap().value.unwrap();
        let label = model.labels().iter().position(|label| *label == told.label).unwrap();
        let of_label = windows(&case).into_iter().map(|window| window[label] as f32);
        let (least, most) = of_label.fold((1.0f32, 0.0f32), |(least, most), x| (least.min(x), most.max(x)));
        assert!(told.probability > least - 1e-4 && told.probability < most + 1e-4, "{told:?} {least} {most}");
        let first = model.classify(&text, 1, &|| true).unwrap();
        assert!(first.unread > 0, "so many windows are read, and no more");
    }
}

#[test]
fn a_text_without_tokens_deserves_none() {
    let model = Labeler::load(&folder_of("bert-sequence")).unwrap();
    assert_eq!(model.classify("", ALL, &|| true).unwrap().value, None);
}

#[test]
fn its_labels_may_mean_anything() {
    let folder = Edited::new("bert-sequence").with_labels(&["billing", "technical support"]);
    let model = Labeler::load(folder.path()).unwrap();
    assert_eq!(model.labels().iter().map(|label| &**label).collect::<Vec<_>>(), ["billing", "technical support"]);
}
