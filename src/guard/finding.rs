//! What a guardrail finds in a text, and what kinds of personal data there are.

use std::ops::Range;
use std::sync::Arc;

/// A piece of personal data in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is.
    pub entity: Entity,
    /// Its bytes in the text, at character boundaries.
    pub range: Range<usize>,
    /// How sure it is, 0..1.
    pub score: f32,
    /// What it rests on; where findings overlap, the stronger stays.
    pub strength: Strength,
}

/// What a finding rests on, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// A trained model's judgement.
    Model,
    /// A form that other things have too.
    Form,
    /// A form of its own, such as an e-mail address's or a vendor's prefix.
    Specific,
    /// A checksum that holds.
    Checksum,
}

macro_rules! entities {
    ($($variant:ident $name:literal $doc:literal,)*) => {
        /// A kind of personal data, by Presidio's names where it has one.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum Entity {
            $(#[doc = $doc] $variant,)*
            /// What a recogniser of the operator's own finds.
            Custom(Arc<str>),
        }

        impl Entity {
            /// All kinds that are known without a config.
            pub const KNOWN: &'static [Entity] = &[$(Entity::$variant,)*];

            /// Its name in the config, in answers and in metrics.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Custom(name) => name,
                }
            }
        }
    };
}

entities! {
    Person "PERSON" "A person's name.",
    Location "LOCATION" "A city, region or country.",
    Organization "ORGANIZATION" "A company or an institution.",
    Address "ADDRESS" "A street address.",
    EmailAddress "EMAIL_ADDRESS" "An e-mail address.",
    PhoneNumber "PHONE_NUMBER" "A telephone number.",
    IpAddress "IP_ADDRESS" "An IPv4 or IPv6 address.",
    MacAddress "MAC_ADDRESS" "A network interface's address.",
    Url "URL" "A web address.",
    CreditCard "CREDIT_CARD" "A payment card's number (IIN and Luhn).",
    IbanCode "IBAN_CODE" "An international bank account number (length by country, mod 97).",
    BicCode "BIC_CODE" "A bank's identifier (ISO 9362).",
    BankAccount "BANK_ACCOUNT" "A bank account's number, other than an IBAN.",
    UsBankNumber "US_BANK_NUMBER" "A bank account's number of 8 to 17 digits.",
    AbaRoutingNumber "ABA_ROUTING_NUMBER" "A US bank's routing number.",
    Crypto "CRYPTO" "A cryptocurrency wallet's address.",
    Secret "SECRET" "A key, token or password for a machine.",
    UsSsn "US_SSN" "A US social security number.",
    UsItin "US_ITIN" "A US individual taxpayer identification number.",
    UsNpi "US_NPI" "A US health-care provider's number.",
    MedicalLicense "MEDICAL_LICENSE" "A US DEA registration number.",
    UsPassport "US_PASSPORT" "A US passport's number.",
    Passport "PASSPORT" "Another passport's number.",
    UsDriverLicense "US_DRIVER_LICENSE" "A US driving licence's number.",
    DriverLicense "DRIVER_LICENSE" "Another driving licence's number.",
    MedicalRecord "MEDICAL_RECORD_NUMBER" "A patient's record number.",
    DateOfBirth "DATE_OF_BIRTH" "A date that is said to be one of birth.",
    Postcode "POSTCODE" "A postal code that is said to be one.",
    UkNhs "UK_NHS" "A UK NHS number.",
    UkNino "UK_NINO" "A UK national insurance number.",
    DeTaxId "DE_TAX_ID" "A German tax identification number.",
    EsNif "ES_NIF" "A Spanish tax identification number (DNI).",
    EsNie "ES_NIE" "A Spanish foreigner's identification number.",
    ItFiscalCode "IT_FISCAL_CODE" "An Italian fiscal code.",
    FrNir "FR_NIR" "A French social security number.",
    NlBsn "NL_BSN" "A Dutch citizen service number.",
    PlPesel "PL_PESEL" "A Polish national identification number.",
    SePersonnummer "SE_PERSONNUMMER" "A Swedish personal identity number.",
    FiPersonalIdentityCode "FI_PERSONAL_IDENTITY_CODE" "A Finnish personal identity code.",
    TrNationalId "TR_NATIONAL_ID" "A Turkish identification number.",
    BrCpf "BR_CPF" "A Brazilian individual taxpayer number.",
    BrCnpj "BR_CNPJ" "A Brazilian company's taxpayer number.",
    InAadhaar "IN_AADHAAR" "An Indian Aadhaar number.",
    InPan "IN_PAN" "An Indian permanent account number.",
    AuTfn "AU_TFN" "An Australian tax file number.",
    AuAbn "AU_ABN" "An Australian business number.",
    AuMedicare "AU_MEDICARE" "An Australian Medicare number.",
    CaSin "CA_SIN" "A Canadian social insurance number.",
    SgNricFin "SG_NRIC_FIN" "A Singaporean identity card number.",
    KrRrn "KR_RRN" "A Korean resident registration number.",
    CnId "CN_RESIDENT_ID" "A Chinese resident identity number.",
    ZaId "ZA_ID_NUMBER" "A South African identity number.",
    Imei "IMEI" "A mobile device's identity.",
    Vin "VIN" "A vehicle identification number.",
}

impl Entity {
    /// The kind that is known by `name`.
    pub fn known(name: &str) -> Option<&'static Self> {
        Self::KNOWN.iter().find(|entity| entity.name() == name)
    }

    /// Whether it is looked for unless a config says otherwise: what names a person, reaches one, or opens what is theirs.
    pub fn is_default(&self) -> bool {
        !matches!(
            self,
            Self::Location
                | Self::Organization
                | Self::Url
                | Self::MacAddress
                | Self::BicCode
                | Self::BankAccount
                | Self::UsBankNumber
                | Self::MedicalRecord
                | Self::AbaRoutingNumber
                | Self::Crypto
                | Self::UsNpi
                | Self::MedicalLicense
                | Self::DateOfBirth
                | Self::Postcode
                | Self::BrCnpj
                | Self::AuAbn
                | Self::Imei
                | Self::Vin
        )
    }

    /// Whether it takes the encoder to find it.
    pub fn is_name(&self) -> bool {
        matches!(self, Self::Person | Self::Location | Self::Organization | Self::Address)
    }
}

/// How one kind of personal data is recognised by its form.
#[derive(Debug, Clone)]
pub struct Recognizer {
    /// What it finds.
    pub entity: Entity,
    /// What a candidate looks like, in the `regex` crate's syntax; a candidate that is part of a longer word, number or
    /// identifier is none.
    pub pattern: &'static str,
    /// Whether a candidate can be one: checksums, ranges, dates.
    pub is_valid: fn(&str) -> bool,
    /// What a finding rests on.
    pub strength: Strength,
    /// The score where nothing else speaks for it; below the least score that counts, it takes a context word.
    pub alone: f32,
    /// The score where a context word stands near.
    pub in_context: f32,
    /// Words or phrases, in lower case, that announce it; whole words only.
    pub context: &'static [&'static str],
}
