//! Top-level domains (IANA's root zone): all of two letters, and those of more that are much in use.

use std::sync::LazyLock;

/// Those that no file's suffix and no member's name in a program looks like, so that a name with one is a host's.
const PLAIN: &str = "com org net edu gov mil biz online shop store site tech xyz club agency company studio \
    academy solutions services systems software technology digital global group media news cloud live blog art design \
    email university school health hospital clinic care law legal bank finance insurance consulting ventures capital \
    london berlin paris tokyo nyc amsterdam wien hamburg koeln bayern swiss eus museum aero coop jobs travel \
    info io dev ai co uk de fr nl eu ch jp ru cn br au ca us se no dk fi pl cz pt gr hu ro ie nz za mx ar cl kr tw hk sg \
    ua tr il ae be es lt lv ee sk si hr bg lu";
/// Others: a path, `www` or a third label has to show that a host is meant.
const OTHERS: &str = "name app zone run page link click top win pro vip fun team work works wiki space world life \
    today land house home press support help tools center network social chat game games photo photos video music \
    movie style fashion beauty food pizza bar cafe restaurant fit yoga bike auto cars car taxi tours int tel mobi \
    asia cat post arpa google amazon microsoft apple audio book build data report rocks ac ad af ag al am an ao aq \
    as at aw ax az ba bb bd bf bh bi bj bm bn bo bs bt bv bw by bz cc cd cf cg ci ck cm cr cu cv cw cx cy dj dm do \
    dz ec eg er et fj fk fm fo ga gd ge gf gg gh gi gl gm gn gp gq gs gt gu gw gy hm hn ht id im in iq ir it je jm \
    jo ke kg kh ki km kn kp kw ky kz la lb lc li lk lr ls ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv \
    mw my mz na nc ne nf ng ni np nr nu om pa pe pf pg ph pk pm pn pr ps pw py qa re rs rw sa sb sc sd sh sj sl sm \
    sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn tt tv tz ug uy uz va vc ve vg vi vn vu wf ws ye yt \
    zm zw zip mov photography solar plus energy church community city college degree dental dentist doctor engineer \
    engineering equipment estate events exchange expert express family fan farm financial fish fitness florist \
    football fund furniture garden gallery gift gifts glass gmbh gold golf graphics gratis green gripe guide guru \
    haus healthcare holiday holdings hotel how immo industries ink institute insure international investments jetzt \
    jewelry kaufen kids kitchen lawyer lease limited loan loans ltd luxury maison management market marketing mba \
    memorial moda money mortgage ninja observer one ong organic partners parts pet pharmacy physio pics pictures \
    place plumbing poker productions properties property pub radio realty recipes reise reisen rent rentals repair \
    republican rest review reviews rich sale salon sarl schule science security sexy shoes shopping singles ski \
    soccer sport sucks supplies supply surf surgery tax tattoo theater tienda tips tires town toys trade training \
    tube vacations vet viajes villas vision vodka vote voyage watch wedding wine wtf versicherung abogado \
    accountant accountants actor adult apartments archi army associates attorney auction band bargains beer best \
    bid bingo boutique broker builders business camera camp career careers cards casino catering charity cheap \
    claims cleaning coach codes coffee computer condos construction contact contractors cooking country coupons \
    courses credit creditcard cruises dance date dating deals delivery democrat diamonds diet direct directory \
    discount education enterprises foundation futbol sydney melbourne moscow miami boston vegas istanbul rio quebec \
    scot cymru gal frl nrw saarland ruhr brussels vlaanderen gent stockholm helsinki osaka kyoto okinawa nagoya \
    yokohama ryukyu joburg durban capetown africa lat host show is to";
static PLAIN_NAMES: LazyLock<Names> = LazyLock::new(|| by_letter(PLAIN));
static OTHER_NAMES: LazyLock<Names> = LazyLock::new(|| by_letter(OTHERS));
/// Reserved for tests and for networks of one's own (RFC 2606, RFC 6761, RFC 6762, RFC 8375), and customary ones.
const RESERVED: [&str; 10] =
    ["test", "example", "invalid", "local", "internal", "lan", "corp", "intranet", "localdomain", "onion"];

/// Whether `top` is a top-level domain, in ASCII or Punycode.
pub(super) fn is_known(top: &str) -> bool {
    is_plain(top) || top.starts_with("xn--") || has(&OTHER_NAMES, top)
}

/// Whether `top` is one that hardly ends anything but a host's name.
pub(super) fn is_plain(top: &str) -> bool {
    has(&PLAIN_NAMES, top)
}

/// Whether `top` is for no public host.
pub(super) fn is_reserved(top: &str) -> bool {
    RESERVED.iter().any(|reserved| top.eq_ignore_ascii_case(reserved))
}

/// Names by their first letter.
type Names = [Vec<&'static str>; 26];

fn by_letter(list: &'static str) -> Names {
    let mut names: Names = Default::default();
    for name in list.split_ascii_whitespace() {
        names[usize::from(name.as_bytes()[0] - b'a')].push(name);
    }
    names
}

fn has(names: &Names, top: &str) -> bool {
    let letter = top.bytes().next().map_or(u8::MAX, |first| first.to_ascii_lowercase().wrapping_sub(b'a'));
    names.get(usize::from(letter)).is_some_and(|names| names.iter().any(|known| known.eq_ignore_ascii_case(top)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_of_files_are_not_plain() {
        for top in ["rs", "md", "py", "sh", "so", "zip", "in", "it"] {
            assert!(is_known(top) && !is_plain(top), "{top}");
        }
        assert!(is_plain("com") && is_plain("UK") && !is_known("toml") && !is_known("js"));
    }
}
