use super::*;

fn found(text: &str) -> Vec<&str> {
    scan(text, Form::Text).map(|look| &text[look.range]).collect()
}

#[test]
fn placeholders_are_found_as_models_spell_them() {
    for text in [
        "<PERSON_1_k7q2>",
        "< Person_1_K7Q2 >",
        "<person _ 1 _\tk7q2\n>",
        "&lt;PERSON_1_k7q2&gt;",
        "&LT;PERSON_1_k7q2>",
        "\\u003cPERSON_1_k7q2\\u003E",
        "<OWN_KIND_2_17_abcd>",
    ] {
        assert_eq!(found(text), [text], "{text}");
        let among = format!("ü<&\\{text}{text}z>");
        assert_eq!(found(&among), [text, text], "{among}");
    }
    for text in ["<PERSON_1>", "< email_Address _1>", "<OWN_2>", "<OWN_2_7777>", "&lt;TEXT_3&gt;"] {
        assert_eq!(found(text), [text], "{text}");
    }
}

#[test]
fn other_things_in_brackets_are_none() {
    for text in [
        "",
        "PERSON_1_k7q2",
        "[PERSON_1_k7q2]",
        "<PERSON>",
        "<PERSON_0>",
        "<PERSON_01_k7q2>",
        "<PERSON__k7q2>",
        "<PER SON_1_k7q2>",
        "<PERSON_1_k7q 2>",
        "<PERSON_1_k7q>",
        "<PERSON_1_k7q28>",
        "<PERSON_1_k7q1>",
        "<PERSON_1_7k7q>",
        "<_1_k7q2>",
        "<1_1_k7q2>",
        "</PERSON_1_k7q2>",
        "<PÉRSON_1_k7q2>",
        "<doc_1>",
        "<int_8>",
        "< OWN_2>",
        "<PERSON         _1_k7q2>",
        "&ltPERSON_1_k7q2>",
        "<PERSON_1_k7q2&gt",
        "<PERSON_1_k7q2",
    ] {
        assert!(found(text).is_empty(), "{text}");
    }
    let long = format!("<{}_1_k7q2>", "A".repeat(Name::MAX));
    assert!(found(&long).is_empty());
}

#[test]
fn in_json_two_backslashes_begin_nothing() {
    let count = |text| scan(text, Form::Json).count();
    assert_eq!(count(r"\u003cPERSON_1_k7q2>"), 1);
    assert_eq!(count(r"\\u003cPERSON_1_k7q2>"), 0);
    assert_eq!(count(r"\\\u003cPERSON_1_k7q2>"), 1);
    assert_eq!(count(r"\\<PERSON_1_k7q2>\n<PERSON_1_k7q2>"), 2);
    assert_eq!(found(r"\\u003cPERSON_1_k7q2>"), [r"\u003cPERSON_1_k7q2>"]);
}

#[test]
fn types_are_made_of_any_name() {
    for (name, expected) in [
        ("STAFF_ID", "STAFF_ID"),
        ("staff id", "STAFF_ID"),
        ("4th-key", "TH_KEY"),
        ("_X", "X"),
        ("ключ", "CUSTOM"),
        ("", "CUSTOM"),
    ] {
        assert_eq!(kind(&Entity::Custom(name.into())), expected);
    }
    assert_eq!(kind(&Entity::Custom("x".repeat(99).into())), "X".repeat(KIND_MAX));
    assert_eq!(kind(&Entity::EmailAddress), "EMAIL_ADDRESS");
    assert!(Entity::KNOWN.iter().all(|entity| entity.name().len() <= KIND_MAX && is_kind(entity.name())));
    // The longest type, a number and a salt: what is written can be read.
    assert!(KIND_MAX + "_4294967295_k7q2".len() <= Name::MAX);
}

#[test]
fn values_are_written_as_the_form_has_them() {
    let written = |form: Form| {
        let mut out = String::new();
        form.write("\"\"a\\\n\u{1}é\"", &mut out);
        out
    };
    assert_eq!(written(Form::Text), "\"\"a\\\n\u{1}é\"");
    assert_eq!(written(Form::Json), r#"\"\"a\\\n\u0001é\""#);
}

#[test]
fn hostile_texts_take_no_longer_than_others() {
    let many = |piece: &str| piece.repeat((1 << 20) / piece.len());
    for piece in ["<", "&", "\\", "<PERSON_", "<PERSON_1_k7q2", "< _ ", "&lt;", "\\u003c", "<A&g", "<A\\u003"] {
        assert_eq!(scan(&many(piece), Form::Text).count(), 0, "{piece}");
    }
    assert_eq!(scan(&many("<A_1>"), Form::Text).count(), (1 << 20) / 5);
}
