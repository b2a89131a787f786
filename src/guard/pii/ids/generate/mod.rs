//! Valid values of each kind, with check digits worked out apart from the code that is tested.

mod checked;

use fastrand::Rng;

use self::checked::{cnpj, cpf, dihedral, german, italian, singaporean, spanish, vehicle};
use crate::guard::finding::Entity;

/// A valid value of `entity` in a form that stands alone where it has one, the same for the same seed.
pub(super) fn generate(entity: &Entity, seed: u64) -> String {
    let mut rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ entity.name().len() as u64);
    let makers = [american, western, northern, asian, southern, on_paper];
    makers.iter().find_map(|make| make(entity, &mut rng)).unwrap()
}

fn american(entity: &Entity, rng: &mut Rng) -> Option<String> {
    let made = match entity {
        Entity::UsSsn => format!("{:03}-{:02}-{}", rng.u32(1..666), rng.u32(1..100), form(rng, "###1")),
        Entity::UsItin => format!("9{}-{}-{}", form(rng, "##"), rng.u32(70..89), form(rng, "####")),
        Entity::AbaRoutingNumber => {
            let body = format!("{:02}{}", rng.u32(1..13), form(rng, "######"));
            let sum = sum(&body, &[3, 7, 1, 3, 7, 1, 3, 7]);
            format!("{body}{}", (10 - sum % 10) % 10)
        }
        Entity::UsNpi => with_luhn(form(rng, "1########"), "80840"),
        Entity::MedicalLicense => {
            let body = form(rng, "######");
            format!(
                "{}{body}{}",
                form(rng, "B@"),
                (sum(&body, &[1, 0, 1, 0, 1]) + sum(&body, &[0, 2, 0, 2, 0, 2])) % 10
            )
        }
        Entity::UsPassport => pick(rng, &["1########", "@########"]),
        Entity::UsDriverLicense => {
            pick(rng, &["@#######", "@###-###-##-###-#", "@###-####-####", "@@######", "###@@####"])
        }
        Entity::UsBankNumber => pick(rng, &["1#######", "1###########", "1################"]),
        Entity::CaSin => with_luhn(form(rng, "4#######"), ""),
        Entity::BrCpf => cpf(rng),
        Entity::BrCnpj => cnpj(rng),
        _ => return None,
    };
    Some(made)
}

fn western(entity: &Entity, rng: &mut Rng) -> Option<String> {
    let made = match entity {
        Entity::UkNhs => repeat(|| {
            let body = form(rng, "4########");
            let check = (11 - sum(&body, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
            (check < 10).then(|| format!("{body}{check}"))
        }),
        Entity::UkNino => pick(rng, &["AB######C", "JG ## ## ## A", "CE-##-##-##-D"]),
        Entity::DeTaxId => german(rng),
        Entity::EsNif => {
            let body = form(rng, "########");
            format!("{body}{}", spanish(&body))
        }
        Entity::EsNie => {
            let (lead, body) = (rng.usize(0..3), form(rng, "#######"));
            format!("{}{body}{}", ["X", "Y", "Z"][lead], spanish(&format!("{lead}{body}")))
        }
        Entity::ItFiscalCode => italian(rng),
        Entity::FrNir => {
            let (month, department) = (rng.u32(1..13), ["75", "13", "2A", "2B", "99"][rng.usize(0..5)]);
            let body = format!("{}{}{month:02}{department}{}", form(rng, "2"), form(rng, "##"), form(rng, "1##1##"));
            let number: u64 = body.replace("2A", "19").replace("2B", "18").parse().unwrap();
            format!("{body}{:02}", 97 - number % 97)
        }
        _ => return None,
    };
    Some(made)
}

fn northern(entity: &Entity, rng: &mut Rng) -> Option<String> {
    let made = match entity {
        Entity::NlBsn => repeat(|| {
            let body = form(rng, "1#######");
            let check = sum(&body, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            (check < 10).then(|| format!("{body}{check}"))
        }),
        Entity::PlPesel => {
            let body = format!("{}{}", date(rng), form(rng, "####"));
            let check = (10 - sum(&body, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10;
            format!("{body}{check}")
        }
        Entity::TrNationalId => {
            let body = form(rng, "1########");
            let tenth = (sum(&body, &[7, 0, 7, 0, 7, 0, 7, 0, 7]) + sum(&body, &[0, 9, 0, 9, 0, 9, 0, 9])) % 10;
            let eleventh = (sum(&body, &[1; 9]) + tenth) % 10;
            format!("{body}{tenth}{eleventh}")
        }
        Entity::SePersonnummer => {
            let ten = with_luhn(format!("{}{}", date(rng), form(rng, "1##")), "");
            format!("{}-{}", &ten[..6], &ten[6..])
        }
        Entity::FiPersonalIdentityCode => {
            let (day, month, rest) = (rng.u32(1..29), rng.u32(1..13), form(rng, "###2##"));
            let nine = format!("{day:02}{month:02}{}{}", &rest[..2], &rest[3..]);
            let check = b"0123456789ABCDEFHJKLMNPRSTUVWXY"[nine.parse::<usize>().unwrap() % 31];
            format!("{}{}{}{}", &nine[..6], ["-", "A", "Y", "U", "B"][rng.usize(0..5)], &nine[6..], char::from(check))
        }
        _ => return None,
    };
    Some(made)
}

fn asian(entity: &Entity, rng: &mut Rng) -> Option<String> {
    let made = match entity {
        Entity::InAadhaar => {
            let body = form(rng, "4##########");
            format!("{body}{}", dihedral(&body))
        }
        Entity::InPan => pick(rng, &["ABCP@1###@", "XYZH@####A", "QRSC@9###Z"]),
        Entity::SgNricFin => singaporean(rng),
        Entity::KrRrn => {
            let body = format!("{}1{}", date(rng), form(rng, "#####"));
            let check = (11 - sum(&body, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10;
            format!("{}-{}{check}", &body[..6], &body[6..])
        }
        Entity::CnId => {
            let body = format!("3301{}19{}{}", form(rng, "0#"), date(rng), form(rng, "###"));
            let total = sum(&body, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
            format!("{body}{}", &"10X98765432"[(total % 11) as usize..][..1])
        }
        _ => return None,
    };
    Some(made)
}

fn southern(entity: &Entity, rng: &mut Rng) -> Option<String> {
    let made = match entity {
        Entity::AuTfn => repeat(|| {
            let body = form(rng, "1#######");
            let check = sum(&body, &[1, 4, 3, 7, 5, 8, 6, 9]) % 11;
            (check < 10).then(|| format!("{body}{check}"))
        }),
        Entity::AuAbn => repeat(|| {
            let body = form(rng, "## ### ### ###");
            let less = sum(&body, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
            (less % 89 == 10 && &body[..2] > "10").then_some(body)
        }),
        Entity::AuMedicare => {
            let body = form(rng, "2#######");
            let check = sum(&body, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10;
            format!("{} {}{check} {}", &body[..4], &body[4..], rng.u32(1..10))
        }
        Entity::ZaId => with_luhn(format!("{}{}08", date(rng), form(rng, "####")), ""),
        Entity::Imei => {
            let text = with_luhn(form(rng, "35############"), "");
            format!("{}-{}-{}-{}", &text[..2], &text[2..8], &text[8..14], &text[14..])
        }
        Entity::Vin => vehicle(rng),
        _ => return None,
    };
    Some(made)
}

fn on_paper(entity: &Entity, rng: &mut Rng) -> Option<String> {
    let made = match entity {
        Entity::BicCode => pick(rng, &["@@@@DE@A", "@@@@FRPP@@@", "@@@@GB2L", "@@@@US3N###"]),
        Entity::Passport => pick(rng, &["@1######", "@@#######", "##@@#####", "C0#X#0T4#"]),
        Entity::DriverLicense => format!("MORGA{}{:02}{:02}{}SM9IJ", rng.u32(3..9), rng.u32(51..63), rng.u32(1..29), 3),
        Entity::BankAccount => pick(rng, &["##-##-## ########", "062-000 1#######", "1#########"]),
        Entity::MedicalRecord => pick(rng, &["MRN-1######", "MRN1#######", "MRN: 1#####"]),
        Entity::DateOfBirth => {
            let (day, month, year) = (rng.u32(1..29), rng.usize(0..12), rng.u32(1930..2015));
            let name = ["January", "février", "März", "abril", "May", "giugno", "July", "août", "September", "oktober"]
                .get(month)
                .copied()
                .unwrap_or("December");
            let numeric = month + 1;
            [
                format!("{day:02}.{numeric:02}.{year}"),
                format!("{year}-{numeric:02}-{day:02}"),
                format!("{day} {name} {year}"),
            ][rng.usize(0..3)]
            .clone()
        }
        Entity::Postcode => pick(rng, &["SW1A #AA", "K1A 0B#", "1### AB", "1####", "1####-###", "1#-###", "1#####"]),
        _ => return None,
    };
    Some(made)
}

/// `#` becomes a digit, `@` a letter, all else stays.
fn form(rng: &mut Rng, pattern: &str) -> String {
    let filled = |c| match c {
        '#' => rng.digit(10),
        '@' => rng.uppercase(),
        other => other,
    };
    pattern.chars().map(filled).collect()
}

fn pick(rng: &mut Rng, patterns: &[&str]) -> String {
    let pattern = patterns[rng.usize(0..patterns.len())];
    form(rng, pattern)
}

fn repeat(mut make: impl FnMut() -> Option<String>) -> String {
    std::iter::repeat_with(&mut make).flatten().next().unwrap()
}

/// A day of the years 1930 to 1999, as YYMMDD.
fn date(rng: &mut Rng) -> String {
    format!("{}{:02}{:02}", rng.u32(30..100), rng.u32(1..13), rng.u32(1..29))
}

fn sum(text: &str, weights: &[u32]) -> u32 {
    text.chars().filter_map(|c| c.to_digit(10)).zip(weights).map(|(digit, weight)| digit * weight).sum()
}

fn with_luhn(body: String, prefix: &str) -> String {
    let total: u32 = format!("{prefix}{body}0")
        .chars()
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(c, doubled)| if doubled { [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][c as usize - 48] } else { c as u32 - 48 })
        .sum();
    format!("{body}{}", (10 - total % 10) % 10)
}
