//! What has to be found.

use super::super::generate::generate;
use super::{announced, found, kinds};
use crate::guard::finding::Entity;

/// Published specimens, and numbers of documentation; each stands alone.
const ALONE: &[(Entity, &[&str])] = &[
    (Entity::UsSsn, &["536-90-4399", "123-45-6789", "001-01-0001"]),
    (Entity::UsItin, &["912-90-3456", "911-70-1234", "950-88-1234"]),
    (Entity::BrCpf, &["390.533.447-05", "111.444.777-35", "529.982.247-25"]),
    (Entity::BrCnpj, &["16.727.230/0001-97", "11.222.333/0001-81", "44038188000132", "12.ABC.345/01DE-35"]),
    (Entity::UkNino, &["AB123456C", "JG103759A", "AA 12 34 56 B"]),
    (Entity::DeTaxId, &["86 095 742 719", "47 036 892 816", "65 929 970 489", "25 768 131 411"]),
    (Entity::EsNif, &["12345678Z", "54362315K", "54.362.315-K", "12345678-z"]),
    (Entity::EsNie, &["X1234567L", "x-2482300w", "Y7654321G", "Z8078221M"]),
    (Entity::ItFiscalCode, &["RSSMRA85T10A562S", "MRTMTT25D09F205Z", "RCCMNL83S18D969H", "RSS MRA 85T10 A562S"]),
    (Entity::FrNir, &["2 69 05 49 588 157 80", "184127645108946", "2 55 08 14 168 025 38", "295109912611193"]),
    (
        Entity::SePersonnummer,
        &["811218-9876", "640823-3234", "19121212-1212", "880320-0016", "701063-2391", "121212+1212"],
    ),
    (Entity::FiPersonalIdentityCode, &["131052-308T", "131052A308T", "131052Y308T", "131052b308t"]),
    (Entity::InPan, &["AAAPL1234C", "ACUPA7085R", "ABCPE1234F"]),
    (Entity::SgNricFin, &["S1234567D", "S9470855I", "T7123769E", "M1234567K"]),
    (Entity::KrRrn, &["971013-9019902", "940812-1001751", "201105-3123456"]),
    (Entity::CnId, &["11010519491231002X", "360426199101010071", "34262219840209049x"]),
    (Entity::AuAbn, &["83 914 571 673", "51 824 753 556", "53 004 085 616"]),
    (Entity::AuMedicare, &["2123 45670 1", "2428 77813 2", "2123 45670 1/1"]),
    (Entity::ZaId, &["7503305044089", "8001015009087", "750330 5044 089"]),
    (Entity::Imei, &["49-015420-323751-8", "35686800-004141-8", "35-209900-176148-1"]),
    (Entity::Vin, &["1M8GDM9AXKP042788", "5GZCZ43D13S812715", "1HGCM82633A004352"]),
    (Entity::DriverLicense, &["MORGA753116SM9IJ", "MORGA657054SM9IJ", "SMITH707235JA9AB"]),
    (Entity::MedicalRecord, &["MRN-1234567", "MRN: 00482913", "mrn#5551234"]),
];

/// What counts only where it is announced.
const ANNOUNCED: &[(Entity, &str, &str)] = &[
    (Entity::UsSsn, "social security number is 536904399", "536904399"),
    (Entity::UsSsn, "\"ssn\": \"536 90 4399\"", "536 90 4399"),
    (Entity::AbaRoutingNumber, "Routing number 021000021", "021000021"),
    (Entity::AbaRoutingNumber, "ABA: 111000025", "111000025"),
    (Entity::AbaRoutingNumber, "wire transfer via 0114-0153-3", "0114-0153-3"),
    (Entity::UsNpi, "NPI 1234567893", "1234567893"),
    (Entity::UsNpi, "National Provider Identifier: 1245319599", "1245319599"),
    (Entity::UsNpi, "provider id=1003000126", "1003000126"),
    (Entity::MedicalLicense, "DEA AB1234563", "AB1234563"),
    (Entity::MedicalLicense, "her DEA number is BB1388568.", "BB1388568"),
    (Entity::MedicalLicense, "prescriber AP5836727", "AP5836727"),
    (Entity::UsPassport, "US passport 340020013", "340020013"),
    (Entity::UsPassport, "my passport number is A12345678", "A12345678"),
    (Entity::UsPassport, "American passport Y00281943", "Y00281943"),
    (Entity::Passport, "Reisepass C01X00T47", "C01X00T47"),
    (Entity::Passport, "Indian passport J8369854", "J8369854"),
    (Entity::Passport, "passeport 14AB91234", "14AB91234"),
    (Entity::UsDriverLicense, "driver's license I1234562", "I1234562"),
    (Entity::UsDriverLicense, "Drivers License No. S514-778-61-543-0", "S514-778-61-543-0"),
    (Entity::UsDriverLicense, "DL D12345678", "D12345678"),
    (Entity::UsDriverLicense, "my driver's license number is 2270-66-1551", "2270-66-1551"),
    (Entity::UsDriverLicense, "Kansas DL K12-34-5678", "K12-34-5678"),
    (Entity::UsDriverLicense, "driver license M-123-456-789-012", "M-123-456-789-012"),
    (Entity::UsDriverLicense, "license number A1234 56789 01234", "A1234 56789 01234"),
    (Entity::DriverLicense, "Führerschein B072RRE2I55", "B072RRE2I55"),
    (Entity::DriverLicense, "permis de conduire : 921175400123", "921175400123"),
    (Entity::UsBankNumber, "checking account 000123456789", "000123456789"),
    (Entity::UsBankNumber, "Account number: 4430912877", "4430912877"),
    (Entity::UsBankNumber, "direct deposit to 12345678901", "12345678901"),
    (Entity::BankAccount, "sort code 20-32-06 and account 44344650", "20-32-06"),
    (Entity::BankAccount, "Kontonummer 532013000", "532013000"),
    (Entity::BankAccount, "BSB 062-000 12345678", "062-000 12345678"),
    (Entity::BicCode, "BIC DEUTDEFF500", "DEUTDEFF500"),
    (Entity::BicCode, "SWIFT: NEDSZAJJXXX", "NEDSZAJJXXX"),
    (Entity::BicCode, "swift code UNCRITMM", "UNCRITMM"),
    (Entity::CaSin, "SIN 046 454 286", "046 454 286"),
    (Entity::CaSin, "social insurance number 123-456-782", "123-456-782"),
    (Entity::CaSin, "numéro d'assurance sociale 130692544", "130692544"),
    (Entity::UkNhs, "NHS number 943 476 5919", "943 476 5919"),
    (Entity::UkNhs, "NHS No: 4505577104", "4505577104"),
    (Entity::UkNhs, "nhs 943-476-5870", "943-476-5870"),
    (Entity::UkNino, "ni number ab123456c", "ab123456c"),
    (Entity::DeTaxId, "Steuer-ID: 36574261809", "36574261809"),
    (Entity::DeTaxId, "Meine IdNr. lautet 57549285017", "57549285017"),
    (Entity::FrNir, "n° de sécurité sociale 1 84 12 76 451 089", "1 84 12 76 451 089"),
    (Entity::NlBsn, "BSN 111222333", "111222333"),
    (Entity::NlBsn, "burgerservicenummer: 1112.22.333", "1112.22.333"),
    (Entity::NlBsn, "mijn bsn is 123456782", "123456782"),
    (Entity::PlPesel, "PESEL 44051401359", "44051401359"),
    (Entity::PlPesel, "nr PESEL: 02070803628", "02070803628"),
    (Entity::PlPesel, "pesel=44051401458", "44051401458"),
    (Entity::TrNationalId, "TC Kimlik No 10000000146", "10000000146"),
    (Entity::TrNationalId, "TCKN: 17291716060", "17291716060"),
    (Entity::TrNationalId, "kimlik numarası 12345678950", "12345678950"),
    (Entity::SePersonnummer, "personnummer 8112189876", "8112189876"),
    (Entity::SePersonnummer, "personnr 191212121212", "191212121212"),
    (Entity::SePersonnummer, "personnummer 241112-1235", "241112-1235"),
    (Entity::BrCpf, "CPF 52998224725", "52998224725"),
    (Entity::InAadhaar, "Aadhaar 2341 2341 2346", "2341 2341 2346"),
    (Entity::InAadhaar, "aadhaar number: 999941057058", "999941057058"),
    (Entity::InAadhaar, "UIDAI 9999-7165-8847", "9999-7165-8847"),
    (Entity::AuTfn, "TFN 123 456 782", "123 456 782"),
    (Entity::AuTfn, "tax file number 876543210", "876543210"),
    (Entity::AuTfn, "tfn: 112 474 082", "112 474 082"),
    (Entity::AuAbn, "ABN 51824753556", "51824753556"),
    (Entity::KrRrn, "주민등록번호: 9710139019902", "9710139019902"),
    (Entity::ZaId, "SA ID 7503305044170", "7503305044170"),
    (Entity::Imei, "IMEI 490154203237518", "490154203237518"),
    (Entity::Vin, "VIN: WP0ZZZ99ZTS392124", "WP0ZZZ99ZTS392124"),
    (Entity::MedicalRecord, "patient ID 00123456", "00123456"),
    (Entity::Passport, "passport no 1234567", "1234567"),
    (Entity::UkNino, "NI number AB123456", "AB123456"),
    (Entity::Postcode, "postcode 2000 in Sydney", "2000"),
];

/// Dates of birth in the forms and languages in use, and postal codes.
const BIRTHS: &[&str] = &[
    "born 1985-03-12",
    "DOB: 03/12/1985",
    "DOB 3/12/85",
    "date of birth 12 March 1985",
    "born on March 12th, 1985",
    "birthday: 12-Mar-1985",
    "geboren am 12.03.1985",
    "Geburtsdatum: 12. März 1985",
    "née le 12 mars 1985",
    "né le 1er août 1985",
    "nacido el 12 de marzo de 1985",
    "nata il 12 marzo 1985",
    "data de nascimento 12/03/1985",
    "geboortedatum 12-03-1985",
    "ur. 12 marca 1985",
    "född 1985-03-12",
    "doğum tarihi 12 Mart 1985",
    "дата рождения 12 марта 1985",
    "出生日期 1985年3月12日",
    "생년월일 1985년 3월 12일",
    "\"dob\": \"19850312\"",
];

const POSTCODES: &[&str] = &[
    "postcode SW1A 1AA",
    "post code M1 1AE",
    "ZIP 94105",
    "zip code: 94105-1234",
    "postal code K1A 0B1",
    "PLZ 10115",
    "code postal 75008",
    "postcode 1012 AB",
    "CEP 01310-100",
    "kod pocztowy 00-950",
    "postnummer 114 55",
    "〒 郵便番号 100-0001",
    "PIN code 110001",
    "postcode 2000",
    "código postal 28013",
    "eircode D02 AF30",
    "posta kodu 34000",
];

fn is_found(text: &str, entity: &Entity, value: &str) -> bool {
    found(text).iter().any(|(kind, range)| *kind == entity && text[range.clone()] == *value)
}

#[test]
fn specimens_stand_alone() {
    for (entity, values) in ALONE {
        for value in *values {
            assert!(is_found(value, entity, value), "{} {value}", entity.name());
            let text = format!("It is ({value}), as said.");
            assert!(is_found(&text, entity, value), "{} {text}", entity.name());
        }
    }
}

#[test]
fn what_is_announced_counts_and_else_not() {
    for (entity, text, value) in ANNOUNCED {
        assert!(is_found(text, entity, value), "{} {text}", entity.name());
        assert!(!is_found(value, entity, value), "{} {value}", entity.name());
    }
}

#[test]
fn dates_of_birth_are_found_in_many_forms() {
    for text in BIRTHS {
        let found = found(text);
        let whole = |range: &std::ops::Range<usize>| {
            text[range.clone()].contains("85") && !text[range.end..].contains(|c: char| c.is_alphanumeric())
        };
        assert!(found.iter().any(|(kind, range)| **kind == Entity::DateOfBirth && whole(range)), "{text}: {found:?}");
        let date = &text[text.find(|c: char| c.is_ascii_digit()).unwrap()..].trim_end_matches('"');
        assert!(!is_found(date, &Entity::DateOfBirth, date), "{date}");
    }
}

#[test]
fn postal_codes_are_found_in_many_forms() {
    for text in POSTCODES {
        let found = found(text);
        assert!(
            found.iter().any(|(kind, range)| **kind == Entity::Postcode && range.end == text.len()),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn every_generated_value_is_found() {
    for entity in kinds() {
        for seed in 0..200 {
            let value = generate(entity, seed);
            let text = format!("{} {value}", announced(entity));
            assert!(is_found(&text, entity, &value), "{} {text}: {:?}", entity.name(), found(&text));
        }
    }
}

#[test]
fn every_kind_has_examples() {
    for entity in kinds().into_iter().filter(|kind| !matches!(kind, Entity::DateOfBirth | Entity::Postcode)) {
        let alone = ALONE.iter().filter(|(kind, _)| kind == entity).map(|(_, values)| values.len()).sum::<usize>();
        let announced = ANNOUNCED.iter().filter(|(kind, ..)| kind == entity).count();
        assert!(alone + announced >= 3, "{}", entity.name());
    }
}
