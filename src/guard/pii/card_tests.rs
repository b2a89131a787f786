use super::*;

fn found(text: &str) -> Vec<(&str, f32)> {
    let mut found = Vec::new();
    find(text, &scan::groups(text), &mut found);
    found.into_iter().map(|card| (&text[card.range], card.alone)).collect()
}

/// What is found where no word speaks for it.
fn surely(text: &str) -> Vec<&str> {
    found(text).into_iter().filter(|(_, score)| *score >= 0.5).map(|(card, _)| card).collect()
}

#[test]
fn every_networks_test_numbers() {
    for card in [
        "4111111111111111",
        "4012-8888-8888-1881",
        "5555 5555 5555 4444",
        "2223003122003222",
        "378282246310005",
        "3714 496353 98431",
        "6011111111111117",
        "30569309025904",
        "3566002020360505",
        "6200000000000005",
        "180000826105910",
        "213175197796454",
        "3714-496353-98431",
        "3056 930902 5904",
        "2200 0000 0000 0053",
        "4111.1111.1111.1111",
        "4111  1111  1111  1111",
        "4111 - 1111 - 1111 - 1111",
        "4111_1111_1111_1111",
        "4111 1111\n1111 1111",
        "4111 1111 1111\r\n  1111",
        "4111-1111-\n1111-1111",
    ] {
        let text = format!("Pay with {card}, please");
        assert!(matches!(found(&text)[..], [(value, score)] if value == card && score >= 0.5), "{card}");
    }
}

#[test]
fn weak_forms_take_a_word() {
    for card in [
        "4222222222222",
        "6759649826438453",
        "4111 11111111 1111",
        "4111111 111111111",
        "3519833257665853",
        "3598899323053410",
        "501800000009",
        "060400000000",
        "5018.0000.0000.0009",
    ] {
        assert!(matches!(found(card)[..], [(value, score)] if value == card && score < 0.5), "{card}");
    }
}

#[test]
fn look_alikes_are_none() {
    for text in [
        "4111111111111112",
        "1111111111111117",
        "0000000000000000",
        "41111111111111113",
        "4111-1111-1111-1111-1",
        "x4111111111111111",
        "9411 1111 1111 1111 11",
        "1700000000000",
        "550e8400-e29b-41d4-a716-446655440000",
        "4111111111111111.5",
        "4111111111111111x",
        "4111111111111111ab0",
        "4111.1111.1111.1112",
        "4111.1111.1111.1111.1",
        "4111.11111111.1111",
        "4111 1111\n1111 1111 411F",
        "4111\t\t1111\t1111\t1111",
        "4111\t1111\t1111\t1112",
        "4111,1111,1111,1111,2222",
        "2019\t4111\t1111\t1111\t1111",
        "4111-1111-1111-1111-2222",
        "4111-1111-1111-1111-1327",
        "Nx4111111111111111",
        "Nr--4111111111111111",
        "Nr4111111111111112",
        "4111111111111111.01",
        "4111111111111112.0",
        "4111\n1111\n1111\n1111",
        "4111 1111\n\n1111 1111",
        "41111111\n11111111",
        "4111 1111\n1111 1111 1111 1111",
        "4111111111111111/99/27",
        "4111111111111111/7",
        "B4111111111111111",
        "978-3-16-148410-0",
        "4006381333931",
    ] {
        assert!(found(text).is_empty(), "{text}: {:?}", found(text));
    }
}

#[test]
fn what_follows_a_card_is_not_its_own() {
    assert_eq!(found("4111 1111 1111 1111 12/27 123"), [("4111 1111 1111 1111", 0.9)]);
    assert_eq!(found("4111111111111111,5555555555554444").len(), 2);
    // With these three digits behind it, the number would hold too.
    let text = (100..1000).map(|check| format!("4111 1111 1111 1111,{check}"));
    assert!(text.into_iter().all(|text| surely(&text) == ["4111 1111 1111 1111"]));
}

#[test]
fn what_rows_of_numbers_hold_takes_a_word() {
    for text in [
        "4111 1111 1111 1111 2222",
        "4111 1111 1111 1111 1327",
        "4111 1111 1111 1111 0699",
        "4111 1111 1111 1111 0627 1234",
        "4111 1111 1111 1111 0627 123 456",
        "4111 1111 1111 1111 5500 0055 5555 5558",
        "4111 1111 1111 1111 5500 0055 5555 5559 9234",
        "1234 4111 1111 1111 1111",
        "4110 4111 1111 1111 1111",
        "411F 4111 1111 1111 1111",
        "4111 1111 1111 1111 411F",
        "4111 1111 1111 1111 DE88 3704 0044 0532 0130 00",
        "4111\t1111\t1111\t1111",
        "4111\\t1111\\t1111\\t1111",
        "4111,1111,1111,1111",
        "4111, 1111, 1111, 1111",
    ] {
        assert!(matches!(found(text)[..], [(_, score), ..] if score < 0.5), "{text}: {:?}", found(text));
        assert!(surely(text).is_empty(), "{text}");
    }
}

#[test]
fn rows_of_nothing_but_cards() {
    let card = "4111 1111 1111 1111";
    for after in ["0627", "1227 123", "2027", "2027 123", "0627, 1234", "DE89 3704 0044 0532 0130 00"] {
        assert_eq!(surely(&format!("{card} {after}")), [card], "{after}");
    }
    let other = "5500 0055 5555 5559";
    assert_eq!(surely(&format!("{card} {other}")), [card, other]);
    assert_eq!(surely(&format!("{card} 0627 123 {other} 1128")), [card, other]);
    assert_eq!(surely(&format!("{card} {other} {card}")), [card, other, card]);
}

#[test]
fn what_stands_directly_beside_a_card() {
    for text in ["Nr4111111111111111", "card_4111111111111111", "CC#4111111111111111", "4111111111111111.0"] {
        assert_eq!(surely(text), ["4111111111111111"], "{text}");
    }
    for after in ["0627", "06-27", "0627-123", "12/27"] {
        assert_eq!(surely(&format!("4111-1111-1111-1111-{after}")), ["4111-1111-1111-1111"], "{after}");
    }
}

#[test]
fn a_line_may_end_within_a_card() {
    assert_eq!(surely("my card 4111 1111\n1111 1111"), ["4111 1111\n1111 1111"]);
    assert_eq!(surely("4111 1111\n1111 1111 is mine"), ["4111 1111\n1111 1111"]);
    // Two lines of two numbers each, and a head.
    assert!(surely("Q1 Q2\n4111 1111\n1111 1111\n").is_empty());
    assert!(surely("4111 1111\n1111 1111\n2222 2222\n").is_empty());
}

#[test]
fn cards_with_their_expiry_and_on_stripes() {
    for text in ["4111111111111111/12/27", "4111111111111111:1227:123", "%B4111111111111111^DOE/ANN^2712"] {
        assert_eq!(surely(text), ["4111111111111111"], "{text}");
    }
}
