//! The words themselves. In a group, the first word stands for all; forms that the lemma finds are left out.

use super::words::{Class, Conjunction, Content, Marker, Modal, Person, Wh};

use Class::{Asking, Modal as Modality, Preposition, Silent, Weak};

/// Words of a kind, each with a meaning of its own.
pub(super) const WORDS: &[(Class, &str)] = &[
    (
        Silent,
        "a an the is are was were be been being am it its itself this that these \
         those there which what whatever please pls plz kindly just really actually basically thanks thank also so \
         ok okay but etc properly correctly",
    ),
    (Weak, "some any"),
    (
        Class::Content(Content::Unit),
        "percent degree rupee yen won yuan franc peso bit byte hectare acre stone bps baud lux ohm mole \
         bushel barrel watt volt amp joule calorie newton psi horsepower light-year parsec fahrenheit celsius kelvin \
         ton dime nickel quarter cent gallon quart cup",
    ),
    (
        Class::Content(Content::Date),
        "march june july monday saturday sunday today tomorrow yesterday tonight now spring summer winter noon midnight \
         morning afternoon evening night pm week day month year decade century daily weekly monthly yearly quarterly \
         hourly annual annually next previous last ago before after until till since during early late earlier later \
         ancient modern current currently bc ad weekend weekday easter",
    ),
    (Class::Content(Content::Negation), "not no never nor neither nobody nothing nowhere without cannot hardly barely"),
    (
        Class::Content(Content::Quantifier),
        "all every each only both none most few little less more least fewer much half several enough too always \
         sometimes often usually rarely seldom everyone everybody anyone anybody everything anything everywhere \
         exactly almost nearly",
    ),
    (
        Class::Content(Content::Language),
        "english spanish french german italian portuguese dutch swedish norwegian danish finnish polish czech russian \
         ukrainian greek turkish hebrew arabic persian hindi urdu bengali tamil chinese mandarin cantonese japanese \
         korean vietnamese thai indonesian malay latin swahili hungarian romanian bulgarian serbian croatian irish \
         welsh esperanto java rust golang kotlin swift scala haskell ruby perl php lua \
         julia erlang elixir clojure ocaml fortran cobol matlab bash powershell sql html css r c f# pascal dart \
         zig assembly prolog lisp scheme groovy",
    ),
    (
        Class::Content(Content::Constraint),
        "json yaml xml csv markdown table bullet bulleted numbered paragraph sentence word line page stanza \
         character token essay poem haiku sonnet limerick song list briefly brief concise concisely detail detailed \
         short long formal informal casual simple simply technical funny serious rhyme emoji hashtag beginner expert \
         layman step example adjective outline diagram chart tweet",
    ),
];

/// Words that mean the same, a line each.
pub(super) const GROUPS: &[(Class, &str)] = &[
    (Silent, "do does did doing\nhave has had having got"),
    (Class::Person(Person::I), "i me my mine myself"),
    (Class::Person(Person::You), "you your yours yourself u ur"),
    (Class::Person(Person::We), "we us our ours ourselves"),
    (Class::Person(Person::He), "he him his himself"),
    (Class::Person(Person::She), "she her hers herself"),
    (Class::Person(Person::They), "they them their theirs themselves"),
    (Preposition(Marker::Of), "of"),
    (Preposition(Marker::In), "in within"),
    (Preposition(Marker::At), "at"),
    (Preposition(Marker::On), "on upon"),
    (Preposition(Marker::For), "for"),
    (Preposition(Marker::To), "to into onto toward towards"),
    (Preposition(Marker::From), "from"),
    (Preposition(Marker::By), "by via through"),
    (Preposition(Marker::With), "with using"),
    (Preposition(Marker::About), "about regarding concerning"),
    (Preposition(Marker::Than), "than"),
    (Preposition(Marker::As), "as"),
    (Preposition(Marker::If), "if whether"),
    (Class::Conjunction(Conjunction::And), "and"),
    (Class::Conjunction(Conjunction::Or), "or vs versus"),
    (Asking(Wh::Who), "who"),
    (Asking(Wh::When), "when"),
    (Asking(Wh::Where), "where"),
    (Asking(Wh::Why), "why"),
    (Asking(Wh::How), "how"),
    (Modality(Modal::Can), "can could"),
    (Modality(Modal::May), "may might"),
    (Modality(Modal::Must), "must need ought"),
    (Modality(Modal::Should), "should"),
    (Modality(Modal::Will), "will would shall gonna"),
    (
        Class::Content(Content::Unit),
        "kilogram kg kgs kilo\ngram gm gramme\nmilligram mg\nmicrogram mcg µg\npound lb lbs\nounce oz\nmeter metre mtr\n\
         kilometer km kms kilometre\ncentimeter cm centimetre\nmillimeter mm millimetre\nmile mi\nfoot ft feet\n\
         inch inches\nyard yd yds\nliter litre ltr\nmilliliter ml millilitre\ntablespoon tbsp\nteaspoon tsp\n\
         mph\nkmh kph km/h\nkilobyte kb\nmegabyte mb\ngigabyte gb\nterabyte tb\nmbps\ngbps\nkilowatt kw\nkwh\n\
         dollar usd buck\neuro eur\ngbp quid\njpy\ncny\ninr\nhertz hz\nmegahertz mhz\ngigahertz ghz",
    ),
    (
        Class::Content(Content::Date),
        "january jan\nfebruary feb\napril apr\naugust aug\nseptember sep sept\noctober oct\nnovember nov\ndecember dec\n\
         tuesday tue tues\nwednesday wed\nthursday thu thurs\nfriday fri\nautumn\nhour hr hrs\nminute mins\n\
         millisecond ms\nsecond secs\nchristmas xmas",
    ),
    (
        Class::Content(Content::Manner),
        "fast quick quickly rapidly rapid\neasy easily effortlessly\ncheaply\nsafely\nslowly\nefficiently\neffectively",
    ),
    (Class::Content(Content::Quantifier), "many lots plenty\nminimum min minimal\nmaximum max maximal\nsole single"),
    (Class::Content(Content::Language), "javascript js\ntypescript ts\npython py\nc++ cpp\nc# csharp"),
    (Class::Content(Content::Plain), SYNONYMS),
];

/// What may stand for each other in nearly every question.
const SYNONYMS: &str = "\
remove delete erase eliminate deletion removal
fix repair
buy purchase bought
begin start began begun
create make made creation making
generate produce
obtain acquire get gotten getting
choose select pick chose chosen
reduce lower decrease reduction
increase raise
show display shown
help assist
use utilize utilise usage
improve enhance improvement
prevent avoid
recommend suggest recommendation suggestion
compose write wrote written writing
summarize summary summarise summarization
compare comparison
differ difference different
mean meaning definition meant
happen occur happened
kid child children
doctor physician
car automobile
movie film movies
photo photograph
present gift
phone telephone
shop
job
sick ill
big large
small
tall
smart intelligent clever
cheap inexpensive
famous renowned
main primary principal chief
important_
method technique approach way
benefit advantage pro
drawback disadvantage downside con
symptom sign
error mistake
purpose aim
requirement prerequisite
quick_
salary pay_
website web-site site
email
lifespan
usa america u.s
uk britain
eu
ai
postgres postgresql
kubernetes k8s
nodejs node.js node
vue vue.js vuejs
react react.js reactjs
mongodb mongo
tv television
fridge refrigerator
math maths mathematics
bike bicycle
airplane plane aeroplane aircraft
author writer
safe safety
cause
healthy healthily
grow grew grown growing
go went gone going goes
see seen seeing
take took taken taking
give gave given giving
know knew known knowing
think thought thinking
tell told telling
say said saying
run ran running
eat ate eaten eating
drink drank drunk drinking
drive drove driven driving
fly flew flown flying
speak spoke spoken
teach taught
learn learnt learned
build built
keep kept
lose lost
win
send sent
spend spent
pay paid
find found
founded founding
feel felt
leave
meet met
sleep slept
catch caught
bring brought
fall fell fallen
break broke broken
steal stole stolen
sing sang sung
swim swam swum
forget forgot forgotten
die died dying
lie lying
man men
woman women
person people
tooth teeth
mouse mice
goose geese
virus
bacterium bacteria
criterion criteria
datum data
analysis analyses
shoe shoes
ache aches aching
aluminum aluminium
favorite favourite
theater theatre
center centre
fiber fibre
gray grey
program programme
behavior behaviour
yogurt yoghurt
license licence
traveler traveller
jewelry jewellery
catalog catalogue
tire tyre
mom mum mother
dad father
vacation holiday
apartment";

/// What must not stand for each other, canonical words or not: each on the left with each on the right.
pub(super) const OPPOSITES: &str = "\
enable activate/disable deactivate
increase gain grow expand/reduce lose shrink decline contract
minimum/maximum
best better good/worst worse bad
first/last
buy/sell
import/export
encode/decode
encrypt/decrypt
upload/download
ascending/descending
more/less fewer
most/least fewest
begin/stop end finish quit
include/exclude
allow permit accept approve/deny forbid block reject refuse ban decline
benefit/drawback
left/right
before/after
early earlier/late later
open/close shut
on/off
up/down
in/out
inside indoor indoors/outside outdoor outdoors
above over/below under
high tall/low short
big/small tiny
long/short
hot warm/cold cool
old/new young
oldest/newest youngest
biggest largest/smallest
highest tallest/lowest shortest
longest/shortest
fast/slow slowly
fastest/slowest
cheap/expensive
strong/weak
hard difficult/easy soft
heavy/light
full/empty
rich/poor
public/private
positive/negative
internal/external
input/output
push/pop pull
attach/detach
mount/unmount
lock/unlock
install/uninstall
follow/unfollow
mute/unmute
borrow/lend
hire/fire
love like/hate dislike
win/lose
pass/fail
add/remove subtract
create/remove destroy
insert/remove
supply/demand
import/export
compress zip/extract unzip decompress
synonym/antonym
bull/bear
male/female
man boy/woman girl
brother/sister
husband/wife
son/daughter
mother/father
king/queen
ancestor/descendant
teacher/student
win/lose
attack/defend
arrive/depart leave
send/receive
give/take
ask/answer
true/false
real/fake
same/differ
day/night
sunrise/sunset
summer/winter
spring/autumn
north/south
east/west
cause/effect
question/answer
multiply/divide
plus/minus
connect/disconnect
join/leave
login/logout
credit/debit
profit/loss
asset/liability
formal/casual
simple/complex
short/detailed
save/spend
freeze/melt thaw
alive/dead
legal/illegal
rise/fall
front/back
horizontal/vertical
horizontally/vertically
client/server
major/minor
raw/cooked
wet/dry
loud/quiet
happy/sad
clean/dirty
sweet/sour bitter
safe/dangerous
smaller/bigger larger
taller higher/shorter lower
faster/slower
cheaper/pricier
older/younger newer";

/// Two words that are one.
pub(super) const PAIRS: &[(&str, &str, &str)] = &[
    ("united", "states", "usa"),
    ("united", "kingdom", "uk"),
    ("european", "union", "eu"),
    ("artificial", "intelligence", "ai"),
    ("web", "site", "website"),
    ("life", "span", "lifespan"),
    ("e", "mail", "email"),
    ("node", "js", "nodejs"),
    ("wi", "fi", "wifi"),
    ("lots", "of", "many"),
    ("set", "up", "setup"),
    ("setting", "up", "setup"),
    ("health", "care", "healthcare"),
    ("data", "base", "database"),
    ("fire", "wall", "firewall"),
    ("back", "up", "backup"),
    ("log", "in", "login"),
    ("log", "out", "logout"),
    ("at", "least", "least"),
    ("at", "most", "most"),
];

/// Verbs that ask for an answer: "can you" before one is a courtesy.
pub(super) const REQUESTS: &[&str] = &[
    "tell",
    "explain",
    "give",
    "show",
    "help",
    "write",
    "describe",
    "list",
    "name",
    "suggest",
    "recommend",
    "translate",
    "summarize",
    "summarise",
    "generate",
    "create",
    "draft",
    "compare",
    "provide",
    "define",
    "make",
    "plan",
    "proofread",
    "rewrite",
    "teach",
    "find",
    "fix",
    "check",
    "convert",
    "compose",
    "design",
    "outline",
    "analyze",
    "analyse",
    "review",
    "solve",
    "calculate",
    "compute",
    "clarify",
    "paraphrase",
    "share",
    "elaborate",
    "please",
];

/// What makes each word of a text count.
pub(super) const VERBATIM: &[&str] = &[
    "translate",
    "translation",
    "paraphrase",
    "rewrite",
    "rephrase",
    "reword",
    "proofread",
    "conjugate",
    "spell",
    "spelled",
    "spelt",
    "pronounce",
    "pronounced",
    "rhyme",
    "rhymes",
    "grammar",
    "grammatical",
    "grammatically",
    "punctuate",
    "synonym",
    "antonym",
];

/// Words that begin a question that is answered by yes or no.
pub(super) const AUXILIARIES: &[&str] = &[
    "is", "are", "was", "were", "am", "do", "does", "did", "can", "could", "should", "would", "will", "may", "might",
    "must", "has", "have", "had", "shall",
];

/// Participles that do not end on -ed.
pub(super) const DONE: &[&str] = &[
    "made",
    "paid",
    "sold",
    "bought",
    "built",
    "caught",
    "taught",
    "told",
    "said",
    "sent",
    "spent",
    "lost",
    "won",
    "hit",
    "hurt",
    "cut",
    "put",
    "set",
    "shot",
    "held",
    "kept",
    "left",
    "led",
    "fed",
    "found",
    "fought",
    "brought",
    "thought",
    "sung",
    "hung",
    "struck",
    "stuck",
    "read",
    "met",
    "heard",
    "understood",
    "bound",
    "begun",
    "taken",
    "given",
    "known",
    "grown",
    "shown",
    "written",
    "driven",
    "eaten",
    "broken",
    "stolen",
    "chosen",
    "spoken",
    "frozen",
    "forgotten",
    "hidden",
    "beaten",
    "bitten",
    "thrown",
    "drawn",
    "worn",
    "torn",
    "seen",
    "done",
    "drunk",
    "sworn",
    "woven",
    "proven",
];
