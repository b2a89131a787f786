//! Routes that keep conversations otherwise than the router's own setting has it.

use super::sticky::{CRASH, GREETING, JOKE, Town, at, config};

/// A town where the router and its two routes have these settings; the routes' as `sticky: …`, or nothing.
async fn town(router: &str, chitchat: &str, complex: &str) -> Town {
    let town = Town::start(router).await;
    becomes(&town, router, chitchat, complex).await;
    town
}

/// Puts other settings in force.
async fn becomes(town: &Town, router: &str, chitchat: &str, complex: &str) {
    let own = |config: String, name: &str, keys: &str| {
        let keys = if keys.is_empty() { String::new() } else { format!("{keys}, ") };
        config.replace(&format!("{{name: {name}, "), &format!("{{name: {name}, {keys}"))
    };
    let config = config(router, &town.entries(["", ""]).concat(), "");
    town.router.change_to(&own(own(config, "chitchat", chitchat), "complex", complex)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_of_a_route_without_are_neither_held_nor_remembered() {
    let town = town("conversation", "sticky: \"off\"", "").await;
    assert_eq!(town.say(&[CRASH]).await, at("complex", "large"));
    assert_eq!(town.say(&[CRASH, JOKE]).await, at("chitchat", "small"), "it is not held");
    assert_eq!(town.say(&[CRASH, JOKE, CRASH]).await, at("complex", "large"));
    becomes(&town, "conversation", "", "sticky: \"off\"").await;
    assert_eq!(town.say(&[JOKE]).await, at("chitchat", "small"));
    assert_eq!(town.say(&[JOKE, CRASH]).await, at("complex", "large"));
    assert_eq!(town.say(&[JOKE, CRASH, GREETING]).await, at("chitchat", "small"), "its conversation is where it was");
    assert_eq!(town.say(&[CRASH, CRASH]).await, at("complex", "large"));
    assert_eq!(town.outcomes("moves-up").await, 0.0);
    // One that begins on such a route begins again with the next.
    let before = town.outcomes("begins").await;
    let alone = "My Rust program crashes with a segmentation fault";
    assert_eq!(town.say(&[alone]).await, at("complex", "large"));
    assert_eq!(town.outcomes("begins").await, before);
    assert_eq!(town.say(&[alone, JOKE]).await, at("chitchat", "small"));
    assert_eq!(town.outcomes("begins").await, before + 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_that_begin_on_a_route_with_stay_on_it_where_others_are_without() {
    let town = town("\"off\"", "", "sticky: conversation").await;
    assert_eq!(town.say(&[JOKE]).await, at("chitchat", "small"));
    assert_eq!(town.say(&[JOKE, GREETING]).await, at("chitchat", "small"));
    assert_eq!(town.outcomes("begins").await, 0.0, "none begins on the other");
    assert_eq!(town.say(&[JOKE, GREETING, CRASH]).await, at("complex", "large"));
    assert_eq!(town.say(&[JOKE, GREETING, CRASH, JOKE]).await, at("chitchat", "large"), "it stays");
    assert_eq!([town.outcomes("begins").await, town.outcomes("stays").await], [1.0, 1.0]);
    assert_eq!(town.outcomes("passes").await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_routes_with_move_conversations_up() {
    let town = town("\"off\"", "sticky: conversation", "").await;
    assert_eq!(town.say(&[JOKE]).await, at("chitchat", "small"));
    assert_eq!(town.say(&[JOKE, CRASH]).await, at("complex", "small"), "one that says nothing leaves it");
    becomes(&town, "\"off\"", "sticky: conversation", "sticky: conversation").await;
    assert_eq!(town.say(&[JOKE, CRASH, CRASH]).await, at("complex", "large"));
    assert_eq!(town.say(&[JOKE, CRASH, CRASH, JOKE]).await, at("chitchat", "large"));
    assert_eq!(town.outcomes("moves-up").await, 1.0);
}
