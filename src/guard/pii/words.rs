//! What stands near kinds of personal data that have a form of their own.

use crate::guard::finding::Entity;

/// The context words of such a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Phone,
    Card,
    Iban,
    Ip,
    Mac,
    Crypto,
    Email,
    Url,
    Secret,
    PhoneLoosely,
}

// === impl List ===

impl List {
    /// All of them, each at its own place.
    pub(super) const ALL: [Self; 10] = [
        Self::Phone,
        Self::Card,
        Self::Iban,
        Self::Ip,
        Self::Mac,
        Self::Crypto,
        Self::Email,
        Self::Url,
        Self::Secret,
        Self::PhoneLoosely,
    ];

    /// What they speak for.
    pub(super) fn entity(self) -> Entity {
        match self {
            Self::Phone | Self::PhoneLoosely => Entity::PhoneNumber,
            Self::Card => Entity::CreditCard,
            Self::Iban => Entity::IbanCode,
            Self::Ip => Entity::IpAddress,
            Self::Mac => Entity::MacAddress,
            Self::Crypto => Entity::Crypto,
            Self::Email => Entity::EmailAddress,
            Self::Url => Entity::Url,
            Self::Secret => Entity::Secret,
        }
    }

    /// The words, in lower case.
    pub(super) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Phone => PHONE,
            Self::Card => CARD,
            Self::Iban => {
                &["iban", "bank", "account", "konto", "bankverbindung", "compte", "cuenta", "conto", "rekening"]
            }
            Self::Ip => IP,
            Self::Mac => &["mac", "mac address", "hwaddr", "ether", "bssid", "physical address", "hardware address"],
            Self::Crypto => CRYPTO,
            Self::Email => {
                &["email", "e-mail", "mail", "correo", "courriel", "e-mailadresse", "почта", "邮箱", "メール"]
            }
            Self::Url => {
                &["website", "web site", "url", "link", "homepage", "site", "domain", "webseite", "visit", "sitio"]
            }
            // Whoever finds a secret has seen its word.
            Self::Secret => &[],
            Self::PhoneLoosely => &[
                "message",
                "messages",
                "office",
                "registered",
                "reach",
                "reached",
                "reachable",
                "home",
                "work",
                "answer",
            ],
        }
    }
}

const PHONE: &[&str] = &[
    "phone",
    "phones",
    "telephone",
    "tel",
    "tel.",
    "ph",
    "mobile",
    "mobile number",
    "cell",
    "cellphone",
    "cell phone",
    "fax",
    "call",
    "calls",
    "calling",
    "called",
    "dial",
    "ring",
    "sms",
    "text",
    "text me",
    "whatsapp",
    "hotline",
    "landline",
    "contact",
    "contact number",
    "phone number",
    "my number",
    "voicemail",
    "extension",
    // German
    "telefon",
    "telefonnummer",
    "handy",
    "handynummer",
    "mobil",
    "mobilnummer",
    "rufnummer",
    "festnetz",
    "anrufen",
    "rückruf",
    "durchwahl",
    "erreichbar",
    "faxnummer",
    // French
    "téléphone",
    "tél",
    "tél.",
    "portable",
    "appelez",
    "appeler",
    "numéro de téléphone",
    // Spanish, Portuguese, Italian
    "teléfono",
    "telefono",
    "tfno",
    "móvil",
    "movil",
    "celular",
    "llame",
    "llamar",
    "llámame",
    "telefone",
    "telemóvel",
    "ligue",
    "ligar",
    "cellulare",
    "chiamare",
    "chiama",
    "chiamami",
    // Dutch, the Nordic languages, Polish, Turkish
    "telefoon",
    "telefoonnummer",
    "mobiel",
    "bellen",
    "tlf",
    "mobilnr",
    "ringa",
    "puhelin",
    "komórka",
    "zadzwoń",
    "nr tel",
    "numer telefonu",
    "cep",
    "cep telefonu",
    "telefonu",
    // Russian, Chinese, Japanese, Korean, Arabic, Hindi
    "телефон",
    "тел",
    "номер телефона",
    "мобильный",
    "позвоните",
    "电话",
    "手机",
    "電話",
    "携帯",
    "전화",
    "휴대폰",
    "핸드폰",
    "هاتف",
    "جوال",
    "فون",
    "फ़ोन",
    "फोन",
    "मोबाइल",
];

const CARD: &[&str] = &[
    "card",
    "cards",
    "card number",
    "credit card",
    "creditcard",
    "debit card",
    "cc",
    "ccn",
    "pan",
    "visa",
    "mastercard",
    "amex",
    "american express",
    "discover",
    "diners",
    "jcb",
    "unionpay",
    "maestro",
    "kreditkarte",
    "kreditkartennummer",
    "karte",
    "kartennummer",
    "carte",
    "carte bancaire",
    "carte de crédit",
    "tarjeta",
    "tarjeta de crédito",
    "cartão",
    "carta di credito",
    "carta",
    "creditcardnummer",
    "karta",
    "kort",
    "kortnummer",
    "kredi kartı",
    "kart",
    "карта",
    "карты",
    "银行卡",
    "信用卡",
    "カード",
    "クレジットカード",
    "카드",
    "신용카드",
    "कार्ड",
    "بطاقة",
    "cvv",
    "cvc",
    "expiry",
    "expires",
    "expiration date",
    "valid thru",
    "rupay",
    "dankort",
    "debitkarte",
    "bankkarte",
    "tarjetas",
    "cartes",
    "betaalkaart",
    "karty",
    "kreditkort",
    "kredittkort",
    "luottokortti",
];

const IP: &[&str] = &[
    "ip",
    "ips",
    "ipv4",
    "ipv6",
    "ip address",
    "address",
    "addr",
    "host",
    "hosts",
    "server",
    "client",
    "remote",
    "ping",
    "ssh",
    "dns",
    "nameserver",
    "gateway",
    "subnet",
    "network",
    "router",
    "firewall",
    "proxy",
    "vpn",
    "connect",
    "connection",
    "login",
    "adresse",
    "adresse ip",
    "dirección ip",
    "traceroute",
    "curl",
    "peer",
    "source",
    "destination",
    "src",
    "dst",
];

const CRYPTO: &[&str] = &[
    "wallet",
    "wallets",
    "bitcoin",
    "btc",
    "ethereum",
    "eth",
    "ether",
    "crypto",
    "usdt",
    "usdc",
    "erc20",
    "erc-20",
    "address",
    "coin",
    "coins",
    "litecoin",
    "ltc",
    "dogecoin",
    "doge",
    "tron",
    "trx",
    "metamask",
    "send to",
    "portefeuille",
    "cartera",
    "geldbörse",
    "кошелек",
    "钱包",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_stands_at_its_place() {
        for (at, list) in List::ALL.into_iter().enumerate() {
            assert_eq!(list as usize, at);
            assert!(list.words().iter().all(|word| word.to_lowercase() == *word), "{list:?}");
        }
    }
}
