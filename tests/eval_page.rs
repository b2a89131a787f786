//! The page of `pointsman eval --html`: whole, self-contained, and of one mind with the report.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Value, json};

/// A route's name, and a text.
const HOSTILE: &str = "</q></title><script>alert(\"x\" & 'y')</script><img src=x>";

/// An element of a page.
#[derive(Default)]
struct Node {
    tag: String,
    attributes: HashMap<String, String>,
    /// All text within, in order.
    text: String,
    children: Vec<Node>,
}

/// Reads a page as XML, which is stricter than HTML: every tag must be closed, every attribute quoted.
fn parse(page: &str) -> Node {
    let mut reader = Reader::from_str(page);
    let mut open = vec![Node::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => open.push(Node::of(&start)),
            Event::Empty(start) => open.last_mut().unwrap().children.push(Node::of(&start)),
            Event::End(_) => {
                let node = open.pop().unwrap();
                let parent = open.last_mut().unwrap();
                parent.text.push_str(&node.text);
                parent.children.push(node);
            }
            Event::Text(text) => open.last_mut().unwrap().text.push_str(str::from_utf8(&text).unwrap()),
            Event::GeneralRef(name) => {
                let entity = format!("&{};", str::from_utf8(&name).unwrap());
                open.last_mut().unwrap().text.push_str(&quick_xml::escape::unescape(&entity).unwrap());
            }
            Event::DocType(_) => {}
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(open.len(), 1, "everything is closed");
    open.pop().unwrap()
}

impl Node {
    fn of(start: &BytesStart) -> Self {
        let text = |bytes: &[u8]| str::from_utf8(bytes).unwrap().to_owned();
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = quick_xml::escape::unescape(str::from_utf8(&attribute.value).unwrap()).unwrap().into_owned();
            (text(attribute.key.as_ref()), value)
        });
        Self { tag: text(start.name().as_ref()), attributes: attributes.collect(), ..Self::default() }
    }

    fn all(&self, tag: &str) -> Vec<&Node> {
        let mut found: Vec<&Node> = Vec::new();
        for child in &self.children {
            if child.tag == tag {
                found.push(child);
            }
            found.extend(child.all(tag));
        }
        found
    }

    fn attr(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    fn by_id(&self, id: &str) -> &Node {
        self.all("section").into_iter().find(|section| section.attr("id") == id).unwrap()
    }

    /// The points of the line of a class.
    fn line(&self, class: &str) -> Vec<(f64, f64)> {
        let lines = self.all("polyline");
        let line = lines.iter().find(|line| line.attr("class").split(' ').any(|name| name == class)).unwrap();
        let number = |text: &str| text.parse().unwrap();
        line.attr("points")
            .split(' ')
            .map(|point| point.split_once(',').unwrap())
            .map(|(x, y)| (number(x), number(y)))
            .collect()
    }
}

/// A folder with a config of three routes, of which one has a hostile name, and what is evaluated.
fn folder(data: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let routes = [
        (
            "chitchat",
            json!(["Tell me a joke.", "Hi, how are you?", "Good morning!", "What is your name?", "Thank you."]),
        ),
        (
            "code",
            json!([
                "Debug this segfault.",
                "Write a sort in C.",
                "Why does this panic?",
                "Refactor it.",
                "Add a test."
            ]),
        ),
        (HOSTILE, json!(["Book a flight.", "Which hotel is near?"])),
    ];
    let mut config =
        "version: v1\nbackends: [{name: b, url: \"http://127.0.0.1:1/v1\", model: m}]\nrouter:\n  routes:\n".to_owned();
    for (name, samples) in routes {
        writeln!(config, "    - {{name: {}, backend: b, threshold: auto, samples: {samples}}}", json!(name)).unwrap();
    }
    fs::write(folder.path().join("config.yaml"), config).unwrap();
    fs::write(folder.path().join("data.jsonl"), data).unwrap();
    folder
}

fn eval(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["eval", "--json", "--config"])
        .arg(folder.join("config.yaml"))
        .args(args)
        .arg(folder.join("data.jsonl"))
        .output()
        .unwrap()
}

fn labelled() -> String {
    let lines = [
        ("Tell me a story.", Some("chitchat")),
        ("Good evening", Some("chitchat")),
        ("Hello there", Some("chitchat")),
        ("My program crashes", Some("code")),
        ("Write a test for this function", Some("code")),
        ("Book me a table", Some("code")),
        ("Book me a train to Paris", Some(HOSTILE)),
        (HOSTILE, Some(HOSTILE)),
        ("Cement exports of Paraguay", None),
        ("The boiling point of lead", None),
        ("Write me a poem about lead", None),
        // Whatever it is taken for, one of the two is a mistake.
        (HOSTILE, None),
        ("", None),
    ];
    lines.map(|(text, route)| format!("{}\n", json!({"text": text, "route": route}))).concat()
}

/// The page and the report of [`labelled`].
fn evaluated() -> (String, Value) {
    let folder = folder(&labelled());
    let file = folder.path().join("page.html");
    let output = eval(folder.path(), &["--html", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, eval(folder.path(), &[]).stdout, "what is printed stays as it is");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing lies beside the page");
    (fs::read_to_string(file).unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

fn share(value: &Value) -> String {
    format!("{:.3}", value.as_f64().unwrap())
}

#[test]
fn the_page_is_whole_and_needs_nothing_else() {
    let (page, _) = evaluated();
    let tree = parse(&page);
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    for foreign in ["http://", "https://", "url(", "@import", "<link", "<img", "<iframe", "<script"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let policy =
        tree.all("meta").into_iter().find(|meta| meta.attr("http-equiv") == "Content-Security-Policy").unwrap();
    assert_eq!(policy.attr("content"), "default-src 'none'; style-src 'unsafe-inline'");
    let targets: Vec<&str> = tree.all("a").iter().map(|link| link.attr("href").strip_prefix('#').unwrap()).collect();
    let ids: Vec<&str> = tree.all("section").iter().map(|section| section.attr("id")).collect();
    assert_eq!(targets, ids);
    assert_eq!(ids, ["figures", "routes", "confusion", "thresholds", "scores", "mistakes"]);
    assert_eq!((tree.all("h1").len(), tree.all("h2").len()), (1, 6));
    assert!(tree.all("table").iter().all(|table| table.all("caption").len() == 1));
    assert!(tree.all("th").iter().all(|title| ["col", "row"].contains(&title.attr("scope"))));
    for picture in tree.all("svg") {
        assert!(picture.attr("aria-hidden") == "true" || !picture.attr("aria-label").is_empty());
    }
}

#[test]
fn what_was_evaluated_cannot_become_markup() {
    let (page, _) = evaluated();
    let tree = parse(&page);
    for forbidden in ["script", "img"] {
        assert!(tree.all(forbidden).is_empty(), "{forbidden}");
    }
    assert!(tree.all("tbody")[0].all("th").iter().any(|name| name.text == HOSTILE), "the name is shown as it is");
    let quotes = tree.by_id("mistakes").all("q");
    assert!(quotes.iter().any(|quote| quote.text == HOSTILE), "and so is the text");
}

#[test]
fn its_numbers_are_those_of_the_report() {
    let (page, report) = evaluated();
    let tree = parse(&page);
    let cards = tree.by_id("figures").all("div");
    let figures: HashMap<&str, &str> =
        cards.iter().map(|card| (card.all("dt")[0].text.as_str(), card.all("dd")[0].text.as_str())).collect();
    assert_eq!(figures["Accuracy"], share(&report["accuracy"]));
    assert_eq!(figures["In scope"], share(&report["in_scope"]["accuracy"]));
    assert_eq!(figures["Out of scope"], share(&report["out_of_scope"]["accuracy"]));
    assert_eq!(figures["AUROC"], share(&report["auroc"]));
    for row in tree.by_id("routes").all("tbody")[0].all("tr") {
        let name = &row.all("th")[0].text;
        let cells: Vec<&str> = row.all("td").iter().map(|cell| cell.text.as_str()).collect();
        let scores = &report["by_route"][name];
        let n = &scores["n"];
        let given: u64 = report["confusion"].as_object().unwrap().values().filter_map(|row| row[name].as_u64()).sum();
        assert_eq!((cells[1], cells[2]), (n.to_string().as_str(), given.to_string().as_str()), "{name}");
        let precision = if given > 0 { share(&scores["precision"]) } else { "–".into() };
        assert_eq!(cells[3..6], [precision, share(&scores["recall"]), share(&scores["f1"])], "{name}");
        assert_eq!(cells[6] == "–", name == "default");
    }
    let mut told = HashMap::new();
    for cell in tree.by_id("confusion").all("g") {
        let (what, times) =
            cell.all("title")[0].text.rsplit_once(": ").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        told.insert(what, times.split(' ').next().unwrap().parse::<u64>().unwrap());
    }
    let mut expected = HashMap::new();
    for (label, row) in report["confusion"].as_object().unwrap() {
        for (given, times) in row.as_object().unwrap() {
            let what = if label == given { format!("{label}, right") } else { format!("{label} went to {given}") };
            expected.insert(what, times.as_u64().unwrap());
        }
    }
    assert_eq!(told, expected);
}

#[test]
fn curves_go_one_way_and_pass_through_what_is_in_force() {
    let (page, report) = evaluated();
    let tree = parse(&page);
    let charts = tree.by_id("thresholds").all("figure");
    assert_eq!(charts.len(), 4, "all together, and each route");
    for chart in &charts {
        for class in ["recall", "strangers"] {
            let points = chart.line(class);
            // Downwards on a page is upwards in numbers.
            assert!(points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1), "{class} of {}: {points:?}", chart.text);
        }
    }
    for chart in &charts[1..] {
        let name = &chart.all("strong")[0].text;
        let dots: Vec<&str> = chart.all("title").iter().map(|title| title.text.as_str()).collect();
        assert!(dots.contains(&format!("recall {}", share(&report["by_route"][name]["recall"])).as_str()), "{dots:?}");
        assert!(chart.all("line").iter().any(|line| line.attr("class") == "force"), "the threshold is marked");
        if dots.iter().any(|dot| dot.starts_with("precision")) {
            let precision = format!("precision {}", share(&report["by_route"][name]["precision"]));
            assert!(dots.contains(&precision.as_str()), "{dots:?}");
        }
    }
    let roc = tree.by_id("scores").line("roc");
    assert!(roc.is_sorted_by(|a, b| a.0 <= b.0 && a.1 >= b.1), "{roc:?}");
}

#[test]
fn what_fails_leaves_the_file_as_it_was() {
    let folder = folder(&format!("{}not JSON\n", labelled()));
    let file = folder.path().join("page.html");
    fs::write(&file, "yesterday's").unwrap();
    let output = eval(folder.path(), &["--html", file.to_str().unwrap()]);
    assert!(!output.status.success() && output.stdout.is_empty());
    assert_eq!(fs::read_to_string(&file).unwrap(), "yesterday's");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "no draft is left");
    fs::write(folder.path().join("data.jsonl"), "").unwrap();
    let output = eval(folder.path(), &["--html", file.to_str().unwrap()]);
    assert!(!output.status.success(), "there is no prompt in it");
    assert_eq!(fs::read_to_string(&file).unwrap(), "yesterday's");
    let missing = folder.path().join("no-such-folder/page.html");
    let output = eval(folder.path(), &["--html", missing.to_str().unwrap()]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("cannot write") && error.contains("no-such-folder"), "{error}");
}

#[test]
fn a_file_of_which_nothing_is_compared_makes_a_page_too() {
    let folder = folder("{\"text\": \" \", \"route\": null}\n");
    let file = folder.path().join("page.html");
    let output = eval(folder.path(), &["--html", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = parse(&fs::read_to_string(file).unwrap());
    let ids: Vec<&str> = tree.all("section").iter().map(|section| section.attr("id")).collect();
    assert!(!ids.contains(&"thresholds") && !ids.contains(&"mistakes"), "{ids:?}");
}

#[test]
fn only_a_file_of_its_own_is_written() {
    let folder = folder(&labelled());
    let [page, link, pipe] = ["page.html", "link.html", "pipe.html"].map(|name| folder.path().join(name));
    fs::write(&page, "yesterday's").unwrap();
    std::os::unix::fs::symlink(&page, &link).unwrap();
    assert!(eval(folder.path(), &["--html", link.to_str().unwrap()]).status.success());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "a link stays one");
    assert!(fs::read_to_string(&page).unwrap().starts_with("<!DOCTYPE html>"), "what it points to is written");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let read: Vec<_> = names.filter(|name| name.to_str().is_some_and(|name| !name.ends_with(".html"))).collect();
    assert_eq!(read.len(), 2, "the config and the prompts: {read:?}");
    for path in read.iter().map(|name| folder.path().join(name)).chain([pipe]) {
        let before = fs::symlink_metadata(&path).unwrap();
        let output = eval(folder.path(), &["--html", path.to_str().unwrap()]);
        assert!(!output.status.success(), "{}", path.display());
        let after = fs::symlink_metadata(&path).unwrap();
        assert_eq!((after.len(), after.file_type()), (before.len(), before.file_type()), "{}", path.display());
    }
}
