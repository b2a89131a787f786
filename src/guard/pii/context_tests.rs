use super::*;

fn speaks(text: &str, value: &str) -> bool {
    let words = ["phone", "driving license", "ausweis", "téléphone", "电话", "lic", "d.o.b."];
    let words = Words::new(&[words.map(str::to_owned).to_vec(), Vec::new()]).unwrap();
    let start = text.find(value).unwrap();
    Context::new(&words, text).speaks(0, &(start..start + value.len()))
}

#[test]
fn whole_words_near_by_count() {
    for text in [
        "phone 123",
        "My PHONE is 123",
        "Téléphone : 123",
        "TÉLÉPHONE 123",
        "电话123",
        "给我的电话是123",
        "123 (phone)",
        "driving_license=123",
        "drivingLicense: 123",
        "userPhone = 123",
        "d.o.b. 123",
        "phone\n123",
        "lic: 123",
        "the phone of my old aunt is: 123",
    ] {
        assert!(speaks(text, "123"), "{text}");
    }
}

#[test]
fn parts_of_words_and_far_ones_do_not() {
    for text in [
        "public 123",
        "microphone 123",
        "phones 123",
        "headphone123",
        "Personalausweisen 123",
        "slic 123",
        "phone one two three four five six 123",
        "phone\n\n\n123",
        "123 one two three phone",
        "123. Phone",
    ] {
        assert!(!speaks(text, "123"), "{text}");
    }
}

#[test]
fn the_name_of_a_value_counts_alone() {
    assert!(speaks(r#"{"phone": "123", "order": "456"}"#, "123"));
    assert!(!speaks(r#"{"phone": "123", "order": "456"}"#, "456"));
    assert!(!speaks("phone: 123\norder: 456", "456"));
    assert!(speaks(r#"{"phone": {"number": "456"}}"#, "456"));
    assert!(!speaks("{\"order\": 456,\n\"phone\": 123}", "456"));
}

#[test]
fn the_head_of_a_column_counts() {
    assert!(speaks("name,phone,order\nAnn,1,2\nBob,123,456\n", "123"));
    assert!(!speaks("name,phone,order\nAnn,1,2\nBob,long enough to be far away,456\n", "456"));
    assert!(speaks("| name | phone |\n|---|---|\n| Ann | 1 |\n| Bob | 123 |\n", "123"));
}
