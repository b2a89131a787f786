"""Sentences by pattern: mathematics and commerce with numbers of their own, and code in many languages and tools."""

from __future__ import annotations

import random

MATH = (
    "what is {a} * {b}", "{a} + {b} - {c}", "what's {p}% of {a}", "calculate {a} / {c}", "compute {a} × {b}", "solve {c}x + {d} = {e}", "solve for x: {c}x - {d} = {e}x + {p}",
    "solve x^2 - {e}x + {c} = 0", "factor x^2 + {e}x + {c}", "find the derivative of {c}x^{d} - {e}x", "differentiate sin({c}x) e^({d}x)", "integrate {c}x^{d} dx",
    "evaluate the integral from 0 to {c} of x^{d}", "what is the square root of {s}", "is {a} a prime number?", "find the prime factors of {a}", "gcd of {a} and {b}",
    "simplify {c}({d}x - {e}) + {p}", "what is {a} mod {c}", "convert {c}/{e} to a percentage", "the sides of a triangle are {c}, {d} and {e}. find its area",
    "A shop sells {c} pens for ${d}. How much do {p} pens cost?", "{n} has {a} apples and gives {c} to each of {d} friends. How many are left?",
    "{n} drives {a} km in {d} hours. What is the average speed?", "{n} invests ${a} at {d}% a year. What is it worth after {e} years?",
    "If {c} workers need {e} days, how long do {d} workers need?", "the sum of two numbers is {a} and their difference is {c}, which numbers are they?",
    "how many ways can you choose {d} out of {p}?", "find the {e}th term of the sequence {c}, {d}, ...", "log base {d} of {s}", "limit of (x^2 - {d}) / (x - {c}) for x to infinity",
    "What is the probability of drawing {d} red balls from a bag with {p} red and {e} blue ones?", "find the mean of {a}, {b}, {c} and {p}",
    "wie viel ist {a} mal {c}?", "Löse {c}x + {d} = {a}", "{n} kauft {c} Hefte zu je {d} Euro. Wie viel zahlt sie?", "Leite f(x) = {c}x^{d} ab", "Was sind {p} % von {a}?",
    "¿cuánto es {a} entre {c}?", "resuelve {c}x + {d} = {a}", "{n} compra {c} libros a {d} euros cada uno. ¿Cuánto paga?", "¿cuál es el {p} % de {a}?",
    "combien font {a} divisé par {c} ?", "résous {c}x - {d} = {e}", "{n} a {a} billes et en perd {c}. Combien lui en reste-t-il ?", "calcule {p} % de {a}",
    "{a}乘以{c}是多少？", "解方程 {c}x + {d} = {a}", "小红有{a}元，每本书{c}元，能买几本？", "求 {a} 和 {b} 的最大公约数",
    "Prove that {c}n + {d} is odd for all even n", "Prove by induction that 1 + {c} + {c}^2 + ... + {c}^n = ({c}^(n+1) - 1)/({c} - 1)", "Show that sqrt({d}) is irrational",
    "Find the determinant of [[{c},{d}],[{e},{p}]]", "find the inverse of the matrix [[{c},{d}],[{e},{p}]]", "my homework says: {c}x^2 = {s}. what's x?", "a {p}% tip on ${a}",
)  # fmt: skip
NAMES = "Anna Ben Carla Diego Emma Farid Grace Hiro Ines Jonas Keiko Luis Mia Noor Omar Paula".split()

TASKS = (
    "reads a file line by line", "counts the words in a text", "removes duplicates from a list", "sorts objects by a field", "validates a phone number", "parses a CSV file",
    "sends an email with an attachment", "calls a REST API and prints the response", "computes the Fibonacci numbers", "finds the longest common prefix", "checks whether two strings are anagrams",
    "merges two dictionaries", "converts a date to ISO format", "walks a directory tree", "resizes an image", "implements a queue with two stacks", "finds a cycle in a graph",
    "encrypts a password", "logs errors to a file", "caches results in memory", "retries a request with backoff", "streams data from a socket", "parses command line arguments",
    "rounds numbers to two digits", "generates a random password", "finds the maximum of an array", "connects to a database", "handles a login form", "rotates a matrix by 90 degrees",
    "does a binary search", "prints a pyramid of stars", "splits a string at commas", "converts JSON to XML", "downloads a file with a progress bar", "calculates the median of a list",
)  # fmt: skip
TONGUES = "Python JavaScript TypeScript Java C++ C Rust Go C# Ruby PHP Kotlin Swift Scala Haskell R Perl Bash PowerShell SQL Elixir Dart MATLAB Julia".split()
TOOLS = "git docker kubernetes npm webpack postgres mysql redis nginx terraform ansible jenkins pytest gradle maven cargo cmake gdb vim tmux ffmpeg curl jq awk sed ssh systemd cron django flask react vue angular spring rails laravel numpy pandas pytorch tensorflow spark kafka graphql grpc bash html css sqlite mongodb prometheus grafana helm gitlab github eslint jest pip poetry conda flutter unity arduino opencv fastapi express nextjs tailwind bootstrap hibernate redis-cli rsync tar grep find chmod iptables wireguard".split()
CODE = (
    "write a {l} function that {t}", "Write a program in {l} that {t}.", "{l} code that {t}", "how do I write something that {t} in {l}?", "can you show me a {l} class which {t}",
    "I need a {l} script that {t}, with comments", "my {l} function that {t} returns the wrong result, how can I debug it?", "Schreibe in {l} eine Funktion: {t}", "escribe un programa en {l} que: {t}",
    "écris un code {l} : {t}", "用{l}写一个程序：{t}", "give me an example in {l} for code that {t}", "what's the idiomatic way in {l} for a function that {t}",
    "how do I install {o} on ubuntu", "{o} fails with exit code 1, what now?", "{o}: command not found", "explain how to configure {o}", "what is the {o} command to list everything",
    "why is my {o} so slow", "how to upgrade {o} without breaking my project", "{o} error: permission denied", "write a config file for {o}", "best practices for {o} in production code",
    "how do I use {o} with {l}", "Wie benutze ich {o} mit {l}?", "¿cómo configuro {o}?", "comment utiliser {o} avec {l} ?", "{o} 怎么用？", "is {l} faster than {m}?", "port this from {l} to {m}",
    "what's the difference between {l} and {m} for backend work?", "how to do error handling in {l}", "how does memory management work in {l}", "{l} compile error: type mismatch",
)  # fmt: skip

# Reckoning with money as commerce asks it, told apart from mathematics by its words.
TRADE = (
    "{n} borrowed ${m} for {d} months at {c}% simple interest. How much interest did {n} pay?", "A {p}-day note for ${m} bears interest at {c}%. Find its maturity value.",
    "A merchant bought {p} {g} at ${c} each less a trade discount of {e}%. What was the net cost?", "A store marks {g} up {p}% on cost of ${a}. What is the selling price?",
    "The list price of {g} is ${m} with terms {d}/10, n/30. What is due if it is paid within the discount period?", "{n} earns a commission of {d}% on sales of ${m}. What is the commission?",
    "{n} is paid ${c} an hour and time-and-a-half for overtime. What are the gross wages for {p} hours?", "A salesman gets a salary of ${a} a week and {d}% of all sales over ${m}. Find his earnings.",
    "Property assessed at ${m} is taxed at {e} mills. Find the tax.", "How much must be invested at {d}% payable quarterly to have ${m} in {e} years?",
    "{n} bought {a} shares of stock at {b} and sold them at {p}. Find the loss after brokerage of {d}%.", "A bond with a face value of ${m} and a coupon of {d}% sells at a yield of {c}%. What is its price?",
    "A machine bought for ${m} depreciates over {c} years by the sum-of-the-years'-digits method. Find the second year's depreciation.", "What is the monthly payment on an instalment loan of ${m} at {c}% for {e} months?",
    "The net sales of a shop were ${m} and the gross profit {p}%. Find the cost of goods sold.", "A firm with annual sales of ${m} carries an average inventory of ${a}. What is the turnover?",
    "{n} insures a store for ${m} at ${d} per hundred. What is the annual premium?", "{n} deposits ${m} in a bank that pays {d}% compounded semiannually. What is the balance after {c} years?",
    "The company expects a dividend of ${d} next year, growing {e}% a year; investors require {p}%. What is the stock worth?", "An investment of ${m} returns ${a} a year for {c} years. What is its net present value at {d}%?",
    "Fixed costs are ${m}, {g} sell at ${p} and cost ${c} each to make. How many must be sold to break even?", "The purchasing agent of a plant compares two bids for {a} {g}. Which is lower after discounts of {c}% and {d}%?",
    "{n} discounts a customer's note of ${m} at {d}% for {p} days. What are the proceeds?", "Goods invoiced at ${m} were returned in part (${a}). What must be paid after a cash discount of {d}%?",
)  # fmt: skip
GOODS = "desks lamps typewriters radios shirts coats tyres chairs watches cameras bicycles heaters mirrors carpets".split()

IDEAS = (
    "dependency injection|decorators|closures|generics|async functions|list comprehensions|inheritance|interfaces|pattern matching|iterators|macros|traits|templates|smart pointers|regular expressions|unit tests|mocks|"
    "environment variables|foreign keys|indexes|window functions|transactions|stored procedures|media queries|flexbox|grid layout|event listeners|promises|state management|hooks|middleware|routing|migrations|an ORM|JWT login|"
    "a linked list|a binary tree|a hash map|a heap|breadth-first search|topological sort|union find|merge sort|dynamic programming|backtracking|rate limiting|pagination|caching|logging|multithreading|a thread pool|websockets|"
    "a REST endpoint|file uploads|a responsive menu|a login page|a chat server|a web scraper|a command line tool|a game loop|a custom model manager|a linter rule|a CI pipeline|health checks|a backup script|log rotation"
).split("|")  # fmt: skip
BUILD = (
    "explain {i} in {l} with a short example", "implement {i} in {l}", "how do I use {i} in {o}?", "make me {i} with {l}", "what are {i} in {l} for", "show {l} code for {i}", "is there a clean way to do {i} in {o}",
    "debug my {l} code for {i}", "my {i} does not work in {l}, what could be wrong?", "{i} in {o}: step by step please", "Write tests for {i} written in {l}", "refactor my {l} code to use {i}", "create {i} using {o}",
    "erkläre {i} in {l}", "crea {i} en {l}", "explique {i} en {l} avec du code", "用{l}实现 {i}", "SQL statement for {i}", "add {i} to my {o} project", "what's the syntax for {i} in {l}?", "why does {o} complain about {i}",
)  # fmt: skip
WANTED = (
    "regex that matches {x}|regular expression for {x}|give me a regex for {x}|write an SQL query for {x}|SQL trigger that checks {x}|write an SQL view with {x}|how can I validate {x} in a form|parse {x} from a log file|"
    "bash script that renames all files with {x}|shell script that collects {x}|shell alias that prints {x}|awk to sum the column with {x}|css transition for {x}|css that hides {x}|why is my html table with {x} broken|"
    "add {x} to my website|add a toggle for {x} to my app|my page does not show {x} after the update|endpoint that returns {x} as JSON|unit test for {x}|store {x} in localStorage|GraphQL query for {x}|cron job that mails {x}|"
    "git: how do I undo the commit with {x}|how do I revert a commit without losing {x}|what does this regular expression do: ^\\w+$ with {x}|consulta SQL que devuelva {x}|script en bash para {x}|Shell-Skript für {x}|requête SQL pour {x}|正则匹配{x}|SQL查询{x}"
).split("|")  # fmt: skip
DATA = "IP addresses|dates|email addresses|prices in euros|customer orders|invoices|user names|time stamps|phone numbers|duplicate lines|HTML tags|file sizes|error codes|passwords|post codes|the last ten posts|monthly sales|a dark theme|a shopping cart|a search field".split("|")

PROOFS = (
    "a subgroup of an abelian group is normal|the intersection of two subspaces is a subspace|every cyclic group is abelian|a finite integral domain is a field|the union of countable sets is countable|the reals are uncountable|"
    "a continuous function on a closed interval attains its maximum|every convergent sequence is bounded|a differentiable function is continuous|the composition of injective functions is injective|a tree with n vertices has n-1 edges|"
    "the sum of the angles in a triangle is 180 degrees|the product of three consecutive integers is divisible by 6|the determinant of a product is the product of determinants|similar matrices have the same eigenvalues|"
    "the square of an odd number is odd|n^3 - n is divisible by 6|there is no largest prime|log 5 is irrational|the geometric mean is at most the arithmetic mean|the kernel of a homomorphism is a normal subgroup|"
    "the set of even integers is countable|a closed subset of a compact set is compact|the series of 1/n! converges|the medians of a triangle meet in one point|the derivative of an even function is odd"
).split("|")  # fmt: skip
PROVE = ("prove that {x}", "Show that {x}.", "how would I prove that {x}?", "Is it true that {x}? Justify.", "give a proof: {x}", "zeige: {x}", "demuestra que {x}", "why is it that {x}", "Suppose this holds: {x}. Prove it.", "can you check my proof that {x}")
COUNT = (
    "in how many ways can the letters of {w} be arranged", "how many subsets has a set of {c} elements", "convert {a} to binary by hand", "convert the binary number 1011{b} to decimal", "how many diagonals has a polygon with {p} sides",
    "¿cuánto es la raíz cuadrada de {s}?", "quelle est la racine carrée de {s} ?", "was ist die Wurzel aus {s}?", "{s}的平方根是多少？", "eigenvalues of [[{c},1],[1,{d}]]", "limit of (1 + {c}/n)^n as n goes to infinity", "sum of the numbers from {c} to {a}",
    "find dy/dx if x^{c} + y^{d} = {a}", "is f(x) = |x - {c}| continuous and differentiable at {c}?", "express {c} + {d}i in polar form", "area between y = {c}x and y = x^2", "the {c}th derivative of e^({d}x)", "expand (x + {c})^{d}",
)  # fmt: skip
LETTERED = "BANANA BOOKKEEPER TENNESSEE LEVEL PEPPER STATISTICS COFFEE".split()

THINGS = "pizza|sushi|dogs|cats|horror films|rainy days|the sea|snow|jazz|techno|camping|chess|football|tattoos|big cities|Mondays|Christmas|roller coasters|spicy food|early mornings|long flights|reality shows|poetry|gossip|karaoke|video games|gardening|horoscopes|karma|ghosts|aliens|true love|small talk|social media|astrology|surprise parties".split("|")
PEOPLE = "my boss|my sister|my best friend|my boyfriend|my girlfriend|my mum|my dad|my neighbour|my roommate|a colleague|my ex|my teenage son|my grandma|a guy I met|my cousin|my husband|my wife".split("|")
DEEDS = "ignored me all day|forgot our date|shouted at me|lied to me|borrowed money and never paid it back|is moving away|makes fun of me|wants to move in with me|didn't invite me|hugged me today|gave me flowers|stopped answering my messages|broke my favourite mug|got engaged|is in hospital|told everyone my secret".split("|")
MOODS = "sad|lonely|happy|tired|bored|nervous|excited|angry|homesick|proud|lost|grateful|jealous|a bit down|overwhelmed|in love|hungry|great".split("|")
EVENTS = "got a new job|moved to a new flat|ran my first 10k|failed my exam|passed my test|lost my keys|burned dinner|won a quiz night|got engaged|broke up|adopted a kitten|missed my train|cut my own hair|met someone nice|came back from holiday|turned thirty".split("|")
ACTS = "quit my job|call her back|dye my hair|go to the party|stay home|learn the guitar|move abroad|tell him the truth|get a dog|forgive her|wear a suit|go on a second date|skip the gym|apologise first|delete my account|have another coffee".split("|")
CHAT = (
    "what do you think about {t}?", "do you like {t}?", "{t} or {u}?", "would you rather give up {t} or {u}?", "what's better, {t} or {u}", "I love {t}, what about you?", "I hate {t}", "is it weird that I don't like {t}?", "{t} are overrated, change my mind",
    "{p} {d}", "{p} {d}. what should I do?", "{p} {d}, am I overreacting?", "I'm so {m} today", "I feel {m}", "feeling {m}, talk to me", "I'm {m} because {p} {d}", "I just {e}!", "guess what, I {e}", "yesterday I {e} and now I feel {m}",
    "should I {a}?", "should I {a} or {b}", "do you think I should {a}?", "I can't decide whether to {a} or {b}", "any advice? {p} {d}", "how do I tell {p} that I {e}?", "how do I cheer up {p}?",
    "do you believe in {t}?", "what's your opinion on {t}", "tell me something funny about {t}", "tell me a joke about {t}", "let's talk about {t}", "who would win, {t} or {u}? lol", "settle this: are {t} better than {u}?", "be honest, are {t} cool?",
    "what's your favourite thing about {t}", "have you ever tried {t}", "could you live without {t}?", "hi, I'm {m}, how are you?", "hey, {p} {d}, can we talk?", "was hältst du von {t}?", "magst du {t}?", "ich bin heute {m}", "soll ich {a}?",
    "{p} {d}, und jetzt bin ich traurig", "¿te gusta {t}?", "¿qué opinas de {t}?", "hoy me siento {m}", "¿prefieres {t} o {u}?", "tu aimes {t} ?", "que penses-tu de {t} ?", "je me sens {m}", "tu préfères {t} ou {u} ?", "你喜欢{t}吗？", "你觉得{t}怎么样？", "我今天很{m}",
)  # fmt: skip

SUBJECTS = "the sea|an old clock|two brothers|a lost dog|autumn|a bakery|friendship|the moon|a train journey|my grandmother|winter light|a robot gardener|the city at night|a football match|bees|a school trip|coffee|a broken bridge".split("|")
PLACES = "Peru|Norway|Kenya|Japan|Portugal|Vietnam|Canada|Morocco|Greece|Chile|Poland|India|Egypt|Cuba|Ireland|Nepal".split("|")
WORKS = "Hamlet|Don Quixote|the Odyssey|Faust|Anna Karenina|the Ninth Symphony|the Sistine Chapel|Dracula|the Divine Comedy|Emma|the Magic Flute|Water Lilies".split("|")
BUILT = "Big Ben|the Colosseum|the Taj Mahal|the Golden Gate Bridge|Notre-Dame|the Suez Canal|the Kremlin|Machu Picchu|the Panama Canal|the Louvre".split("|")
TONGUE = "German|French|Spanish|Italian|Polish|Japanese|Chinese|Turkish|Dutch|English".split("|")
SAID = "Where is the nearest pharmacy?|I will arrive at six.|The soup is cold.|We need more time for the report.|Thank you for your help.|The shop closes early today.|He has lost his ticket.|Please call me back tomorrow.".split("|")
OTHER = (
    "write a poem about {s}", "write a short story about {s}", "Write the script of a short video about {s}", "write a letter to {w} about {s}", "compose a song about {s}", "a haiku about {s} please", "write a speech about {s}", "Draft an article on {s}.",
    "translate into {t}: {q}", "Translate to {t}: \"{q}\"", "how do you say \"{q}\" in {t}", "Rewrite politely: {q}", "Correct this sentence: {q}", "Summarise this text: {q} {r}", "make this shorter: {q} {r}", "is this text formal or informal? {q} {r}",
    "what is the capital of {c}?", "how many people live in {c}", "plan a week in {c}", "make a packing list for a trip to {c}", "list five museums in {c}", "what is a typical dish of {c} and its recipe", "when did {c} become independent?", "what language is spoken in {c}",
    "who wrote {k}?", "what is {k} about", "who made {k} and when", "when was {b} built?", "how tall is {b}", "where is {b}", "give me ten facts on {b}", "create a weekly plan for {s}", "give me a product description for a book on {s}", "suggest titles for an essay on {s}",
    "Übersetze ins Englische: {q}", "Schreibe ein Gedicht über {s}", "Fasse zusammen: {q} {r}", "Was ist die Hauptstadt von {c}?", "Wer schrieb {k}?", "traduce al español: {q}", "escribe un cuento sobre {s}", "¿quién escribió {k}?", "¿cuál es la capital de {c}?", "resume este texto: {q} {r}",
    "traduis en anglais : {q}", "écris un conte sur {s}", "qui a écrit {k} ?", "résume ce texte : {q} {r}", "把这句话翻译成中文：{q}", "写一篇关于{s}的文章", "{c}的首都是哪里？", "谁写了{k}？", "总结一下：{q} {r}", "extract the verbs from: {q}", "what is the tone of this message? {q}",
)  # fmt: skip


def talk(rng: random.Random) -> str:
    """Something said to a companion."""
    thing, second = rng.sample(THINGS, 2)
    act, other = rng.sample(ACTS, 2)
    return rng.choice(CHAT).format(t=thing, u=second, p=rng.choice(PEOPLE), d=rng.choice(DEEDS), m=rng.choice(MOODS), e=rng.choice(EVENTS), a=act, b=other)


def task(rng: random.Random) -> str:
    """Something to write, translate, sum up or look up."""
    first, second = rng.sample(SAID, 2)
    whom = rng.choice(("my landlord", "the mayor", "a customer", "my teacher"))
    return rng.choice(OTHER).format(s=rng.choice(SUBJECTS), c=rng.choice(PLACES), k=rng.choice(WORKS), b=rng.choice(BUILT), t=rng.choice(TONGUE), q=first, r=second, w=whom)


def sentences(seed: int, math: int, code: int, chat: int, other: int) -> list[tuple[str, str]]:
    """(text, intent), without repeats."""
    rng, found = random.Random(seed), {}
    found.update((talk(rng), "chat") for _ in range(chat))
    found.update((task(rng), "other") for _ in range(other))
    found.update((rng.choice(BUILD).format(i=rng.choice(IDEAS), l=rng.choice(TONGUES), o=rng.choice(TOOLS)), "coding") for _ in range(code))
    found.update((rng.choice(WANTED).format(x=rng.choice(DATA)), "coding") for _ in range(code // 2))
    found.update((rng.choice(PROVE).format(x=rng.choice(PROOFS)), "math") for _ in range(math // 4))
    for _ in range(math // 3):
        number = {"a": rng.randint(12, 500), "b": rng.choice(("01", "10", "11")), "c": rng.randint(2, 12), "d": rng.randint(2, 9), "p": rng.randint(5, 20), "s": rng.randint(11, 60) ** 2}
        found[rng.choice(COUNT).format(w=rng.choice(LETTERED), **number)] = "math"
    for _ in range(math):
        number = {"a": rng.randint(12, 999), "b": rng.randint(12, 300), "c": rng.randint(2, 12), "d": rng.randint(2, 9), "e": rng.randint(3, 20), "p": rng.randint(5, 60)}
        found[rng.choice(MATH).format(n=rng.choice(NAMES), s=rng.randint(2, 40) ** 2, **number)] = "math"
    for _ in range(code):
        first, second = rng.sample(TONGUES, 2)
        found[rng.choice(CODE).format(l=first, m=second, t=rng.choice(TASKS), o=rng.choice(TOOLS))] = "coding"
    return list(found.items())


def trade(seed: int, count: int) -> list[str]:
    """Questions of commerce with numbers of their own."""
    rng, found = random.Random(seed), {}
    for _ in range(count):
        number = {"a": rng.randint(12, 999), "b": rng.randint(12, 120), "c": rng.randint(2, 12), "d": rng.randint(2, 9), "e": rng.randint(3, 20), "p": rng.randint(25, 90)}
        found[rng.choice(TRADE).format(n=rng.choice(NAMES), g=rng.choice(GOODS), m=f"{rng.randint(3, 400) * 50:,}", **number)] = None
    return list(found)
