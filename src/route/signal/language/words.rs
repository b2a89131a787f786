//! Languages by their commonest words, and by letters that few others have.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A language, its common words, and letters that only it or few others have.
struct Language {
    code: &'static str,
    letters: &'static str,
    words: &'static str,
}

/// Those that share the Latin alphabet. Words are those of questions and requests.
const LATIN: [Language; 18] = [
    Language {
        code: "en",
        letters: "",
        words: "the and of to is are was in on a an that this with for you it have what how be not from by which or as \
                at your can has will if then they we he she my its were but their there when who would me i do does did \
                why where please write tell explain give help make need want should could between about some any these \
                those find show list best translate than because into much many hello hi thanks let's don't what's i'm \
                it's so no had been said more after first also over us new out up all one other only such our his her \
                most during while each both under",
    },
    Language {
        code: "de",
        letters: "äöüß",
        words: "der die das und ist in an am so ein eine einen den von zu mit auf nicht sich des dem im für ich du er sie \
                wir ihr wie was wer wo warum bitte kannst mir mich mein meine sind hat haben wird werden wurde auch als \
                aus bei nach um oder aber wenn dass zum zur über gibt heute einem einer eines kann erkläre schreibe \
                schreib hallo welche welcher zwischen war vor noch diese dieser seine sein ihre es nur durch bis unter",
    },
    Language {
        code: "fr",
        letters: "éèêàçùœâî",
        words: "le la les des du de un une et est en a que qui dans pour pas sur au aux avec ce cette ces il elle nous \
                vous je tu mon ma mes son sa ses leur quel quelle quels comment pourquoi où quand plus sont être avoir \
                fait peux peut moi s'il plaît ou mais par ne se bonjour entre écris explique donne était c'est est-ce \
                qu'est-ce ont été on dont ainsi",
    },
    Language {
        code: "es",
        letters: "ñáéíóú",
        words: "el la los las de un una y es en a que por para con no se su lo como cómo qué cuál cuándo dónde quién más \
                pero sus le ya o este esta son del al mi me te si muy también puede hay fue está están ser hacer tiene \
                escribe explica dame hola favor entre puedes cuáles ha sobre desde era",
    },
    Language {
        code: "it",
        letters: "àèìòù",
        words: "il lo la gli i le di un una uno e è che a in per non con del della dei delle nel nella sono come cosa chi \
                dove quando perché più ma si mi ti ci al alla da questo questa quale quali anche ha ho puoi scrivi \
                spiegami dammi ciao tra fra essere era sul sulla suo sua stato",
    },
    Language {
        code: "pt",
        letters: "ãõçáéêâ",
        words: "o a os as de um uma e é em que para com não se do da dos das no na por mais como qual quais onde quando \
                quem mas ao eu você ele ela meu minha são foi está ser ter tem pode porque me isso este esta também \
                escreva explique olá entre favor pelo pela seu sua à",
    },
    Language {
        code: "nl",
        letters: "",
        words: "de het een en van is in dat die op te met voor niet zijn aan er om als ook maar bij uit naar dan wat hoe \
                waarom waar wie ik je jij hij zij wij mijn kan kun heeft hebben worden wordt deze dit over schrijf geef \
                tussen hallo welke was door werd",
    },
    Language {
        code: "pl",
        letters: "łżźśćęąń",
        words: "i w na z do nie to jest się że o jak co dla po czy jaki jaka jakie gdzie kiedy kto dlaczego ale od przez \
                mnie mi są był było być ten ta te tym za może można proszę napisz wyjaśnij oraz lub między",
    },
    Language {
        code: "sv",
        letters: "åäö",
        words: "och i att det som en på är av för med den till ett om har inte jag du han hon vi de var men sig från kan \
                hur vad vem varför när så eller där min mitt vilken skriv förklara mellan hej ska skulle in sin",
    },
    Language {
        code: "da",
        letters: "åæø",
        words: "og i at det som en på er af for med den til et om har ikke jeg du han hun vi de var men sig fra kan \
                hvordan hvad hvem hvorfor når så eller der min mit hvilken skriv forklar mellem hej skal blev være din",
    },
    Language {
        code: "no",
        letters: "åæø",
        words: "og i at det som en på er av for med den til et om har ikke jeg du han hun vi de var men seg fra kan \
                hvordan hva hvem hvorfor når så eller der min mitt hvilken skriv forklar mellom hei skal ble være din",
    },
    Language {
        code: "tr",
        letters: "ğışçöü",
        words: "ve bir bu için ile de da ne nasıl mı mi mu mü neden nerede kim hangi olarak daha çok en gibi kadar olan \
                var yok ben sen o biz bana değil ama veya bunu şu lütfen yaz açıkla nedir arasında",
    },
    Language {
        code: "id",
        letters: "",
        words: "dan yang di ini itu dengan untuk dari ke pada adalah tidak apa bagaimana mengapa siapa kapan dimana saya \
                anda kamu akan bisa dapat ada atau juga dalam tolong tulis jelaskan antara oleh sebagai telah",
    },
    Language {
        code: "ro",
        letters: "ățșâî",
        words: "și de la în cu pe un o este că nu ce cum pentru din mai sau sunt care unde când cine dar am ai al ale se \
                prin fost fi să îmi scrie explică între dintre vă rog",
    },
    Language {
        code: "vi",
        letters: "đơưạảấầậắằẹẻếềểệịọốồổộớờởợụủứừửữự",
        words: "là của và có không cho một các được trong với tôi bạn này đó như thế nào gì để ở khi về hãy viết giải \
                thích tại sao người những ra đến",
    },
    Language {
        code: "cs",
        letters: "ěřůýž",
        words: "a je v na se že to s z do jak jako pro ale co si by jsou který která kde kdy proč prosím není byl bylo \
                nebo mezi při tak když",
    },
    Language {
        code: "hu",
        letters: "őűöüá",
        words: "a az és hogy nem egy is van meg mi ez ha csak mint vagy hol miért mikor kérem kell lehet volt aki ami \
                között",
    },
    Language {
        code: "fi",
        letters: "äö",
        words: "ja on ei että se mikä miten mitä kun oli ovat joka tai myös minä sinä hän missä miksi mutta kuin voi ole \
                sen ovatko",
    },
];

/// Those that share the Cyrillic one: letters that the others lack, and words.
const CYRILLIC: [(&str, &str, &str); 4] = [
    ("uk", "іїєґ", "що як це де або та був мені"),
    ("sr", "ђћљњџј", "шта како је су што када зашто да ли"),
    (
        "ru",
        "ыэё",
        "что это из был было его кто мне для они год при же чтобы почему когда расскажи напиши если сегодня какая какой какие сколько только можно нужно помоги",
    ),
    ("bg", "ъ", "се ще това какво къде кога защо са със моля беше който която които нас може ли"),
];

/// Words read at most.
const READ: usize = 40;

/// What one letter of a language's own is worth beside a word of its own, and all of them together.
const LETTER: f32 = 0.5;
const LETTERS: f32 = 1.0;

/// By word and by letter, a bit for each language that has it.
static WORDS: LazyLock<HashMap<&str, u32>> = LazyLock::new(|| by(|language| language.words.split_whitespace()));
static LETTERS_OF: LazyLock<HashMap<char, u32>> = LazyLock::new(|| by(|language| language.letters.chars()));

fn by<K: std::hash::Hash + Eq, I: Iterator<Item = K>>(keys: fn(&'static Language) -> I) -> HashMap<K, u32> {
    static LANGUAGES: [Language; LATIN.len()] = LATIN;
    let mut by: HashMap<K, u32> = HashMap::new();
    for (place, language) in LANGUAGES.iter().enumerate() {
        keys(language).for_each(|key| *by.entry(key).or_default() |= 1 << place);
    }
    by
}

/// What the words say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Vote {
    /// The language that most of them belong to.
    pub(super) code: &'static str,
    /// Whether that is enough.
    pub(super) is_sure: bool,
}

/// The codes of these languages.
#[cfg(test)]
pub(super) fn codes() -> impl Iterator<Item = &'static str> {
    LATIN.iter().map(|language| language.code).chain(CYRILLIC.map(|(code, ..)| code))
}

/// The language that most of the common words belong to; none where there is none. A word counts the less, the more
/// languages have it.
pub(super) fn vote(text: &str) -> Option<Vote> {
    let (mut points, mut of_letters) = ([0.0f32; LATIN.len()], [0.0f32; LATIN.len()]);
    let lower = text.to_lowercase();
    let is_part = |c: char| c.is_alphabetic() || matches!(c, '\'' | '’' | '-');
    let mut read = 0;
    for word in lower.split(|c: char| !is_part(c)).filter(|word| !word.is_empty()).take(READ) {
        read += 1;
        // `l'eau`, `qu'il`: the part before is no word of a list, and that is enough of a sign by the part after.
        let word = word.rsplit_once(['\'', '’']).map_or(word, |(_, rest)| if rest.len() > 1 { rest } else { word });
        if let Some(languages) = WORDS.get(word) {
            share(&mut points, *languages, 1.0);
        }
        for letter in word.chars().filter(|c| !c.is_ascii()) {
            share(&mut of_letters, LETTERS_OF.get(&letter).copied().unwrap_or_default(), LETTER);
        }
    }
    points.iter_mut().zip(of_letters).for_each(|(points, letters)| *points += letters.min(LETTERS));
    let (mut best, mut second) = ((0, 0.0f32), 0.0f32);
    for (language, points) in points.into_iter().enumerate() {
        if points > best.1 {
            (second, best) = (best.1, (language, points));
        } else {
            second = second.max(points);
        }
    }
    // One word that no other language has, and in a longer text one in eight.
    let is_sure = best.1 >= 1.0 && best.1 * 8.0 >= read as f32 && best.1 >= second * 1.5 + 0.4;
    (best.1 > 0.0).then_some(Vote { code: LATIN[best.0].code, is_sure })
}

fn share(points: &mut [f32], languages: u32, worth: f32) {
    let each = worth / languages.count_ones().max(1) as f32;
    let has = |language: &usize| languages >> language & 1 == 1;
    (0..points.len()).filter(has).for_each(|language| points[language] += each);
}

/// The language of a Cyrillic text by letters that others lack, or by words; none where it has none of them.
pub(super) fn cyrillic(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let by_letters = CYRILLIC.iter().find(|(_, letters, _)| lower.contains(|c| letters.contains(c)));
    let words = || lower.split(|c: char| !c.is_alphabetic());
    let has_word = |own: &str| own.split(' ').any(|own| words().any(|word| word == own));
    by_letters.or_else(|| CYRILLIC.iter().find(|(.., own)| has_word(own))).map(|(code, ..)| *code)
}

/// Persian by the letters that Arabic lacks; neither where they are Urdu's.
pub(super) fn arabic(text: &str) -> Option<&'static str> {
    let has = |letters: &str| text.contains(|c: char| letters.contains(c));
    if has("ٹڈڑںےھہ") {
        return None;
    }
    Some(if has("پچژگیک") { "fa" } else { "ar" })
}
