//! Tokens that vendors give a prefix of their own, as their documentation describes them.

use std::ops::Range;

use super::super::scan::joins;
use super::chance::{entropy, is_placeholder};

/// How one vendor's tokens are written.
pub(super) struct Vendor {
    pub(super) prefix: &'static str,
    /// What follows the prefix.
    body: Body,
    /// How many bytes of it, at least and at most.
    length: (usize, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Capitals,
    Hex,
    Letters,
    /// Letters, digits, `-` and `_`.
    Base64,
    /// And dots.
    Dotted,
}

const fn vendor(prefix: &'static str, body: Body, least: usize, most: usize) -> Vendor {
    Vendor { prefix, body, length: (least, most) }
}

use Body::{Base64, Capitals, Dotted, Hex, Letters};

/// All of them.
pub(super) const VENDORS: [Vendor; 65] = [
    // Amazon
    vendor("AKIA", Capitals, 16, 16),
    vendor("ASIA", Capitals, 16, 16),
    vendor("ABIA", Capitals, 16, 16),
    vendor("ACCA", Capitals, 16, 16),
    // GitHub, GitLab
    vendor("ghp_", Letters, 36, 255),
    vendor("gho_", Letters, 36, 255),
    vendor("ghu_", Letters, 36, 255),
    vendor("ghs_", Base64, 36, 255),
    vendor("ghr_", Letters, 36, 255),
    vendor("github_pat_", Base64, 40, 255),
    vendor("glpat-", Dotted, 20, 300),
    vendor("gldt-", Base64, 20, 64),
    vendor("glrt-", Dotted, 20, 64),
    vendor("glptt-", Hex, 40, 40),
    // Slack
    vendor("xoxb-", Base64, 20, 255),
    vendor("xoxp-", Base64, 20, 255),
    vendor("xoxa-", Base64, 20, 255),
    vendor("xoxr-", Base64, 20, 255),
    vendor("xoxs-", Base64, 20, 255),
    vendor("xoxe-", Base64, 20, 255),
    vendor("xapp-", Base64, 20, 255),
    // Stripe, Square, PayPal's Braintree, Shopify
    vendor("sk_live_", Letters, 16, 255),
    vendor("sk_test_", Letters, 16, 255),
    vendor("rk_live_", Letters, 16, 255),
    vendor("rk_test_", Letters, 16, 255),
    vendor("whsec_", Letters, 24, 128),
    vendor("sq0atp-", Base64, 22, 64),
    vendor("sq0csp-", Base64, 40, 64),
    vendor("access_token$production$", Base64, 32, 64),
    vendor("shpat_", Hex, 32, 32),
    vendor("shpss_", Hex, 32, 32),
    // Models: OpenAI and those that follow it, Anthropic, Google, Hugging Face, Groq, xAI, Perplexity, NVIDIA, Replicate
    vendor("sk-", Base64, 20, 255),
    vendor("sk-proj-", Base64, 20, 255),
    vendor("sk-svcacct-", Base64, 20, 255),
    vendor("sk-or-v1-", Base64, 20, 255),
    vendor("sk-ant-", Base64, 20, 255),
    vendor("AIza", Base64, 35, 35),
    vendor("ya29.", Base64, 20, 1024),
    vendor("GOCSPX-", Base64, 20, 64),
    vendor("hf_", Letters, 30, 64),
    vendor("gsk_", Letters, 40, 64),
    vendor("xai-", Letters, 40, 128),
    vendor("pplx-", Letters, 40, 64),
    vendor("nvapi-", Base64, 40, 128),
    vendor("r8_", Letters, 30, 64),
    // Packages and images
    vendor("npm_", Letters, 36, 64),
    vendor("pypi-", Base64, 16, 512),
    vendor("rubygems_", Hex, 48, 48),
    vendor("dckr_pat_", Base64, 20, 64),
    vendor("cio", Letters, 32, 32),
    // Messages
    vendor("SG.", Dotted, 40, 128),
    vendor("SK", Hex, 32, 32),
    vendor("key-", Hex, 32, 32),
    vendor("xkeysib-", Base64, 64, 128),
    // Clouds and tools
    vendor("dop_v1_", Hex, 64, 64),
    vendor("doo_v1_", Hex, 64, 64),
    vendor("hvs.", Base64, 20, 255),
    vendor("hvb.", Base64, 20, 512),
    vendor("tskey-", Base64, 16, 128),
    vendor("sntrys_", Dotted, 40, 512),
    vendor("lin_api_", Letters, 32, 64),
    vendor("figd_", Base64, 36, 64),
    vendor("ATATT3", Base64, 60, 255),
    vendor("AGE-SECRET-KEY-1", Capitals, 58, 58),
    vendor("NRAK-", Capitals, 27, 27),
];

// === impl Vendor ===

impl Vendor {
    /// The token whose prefix stands at `start`.
    pub(super) fn token(&self, text: &str, start: usize) -> Option<Range<usize>> {
        if text[..start].ends_with(|c| joins(c) || matches!(c, '-' | '_' | '.' | '+' | '/')) {
            return None;
        }
        let bytes = text.as_bytes();
        let first = start + self.prefix.len();
        let count = bytes[first..].iter().take(self.length.1 + 1).take_while(|byte| self.body.has(**byte)).count();
        let end = first + text[first..first + count].trim_end_matches(['.', '-']).len();
        let body = &text[first..end];
        let is_free = !text[end..].starts_with(|c| joins(c) || c == '_');
        let (least, most) = self.length;
        (is_free && (least..=most).contains(&body.len()) && self.is_random(body)).then_some(start..end)
    }

    /// Whether `body` is made by chance and no example's. A short prefix such as `sk-` needs more.
    fn is_random(&self, body: &str) -> bool {
        let has_digit = body.bytes().any(|byte| byte.is_ascii_digit());
        let longest = body.split(['-', '_', '.']).map(str::len).max().unwrap_or(0);
        let needs_run = if self.prefix.len() < 4 { 16 } else { 8 };
        let needs_bits = if self.body == Hex { 2.5 } else { 3.0 };
        has_digit && longest >= needs_run && entropy(body) >= needs_bits && !is_placeholder(body)
    }
}

// === impl Body ===

impl Body {
    fn has(self, byte: u8) -> bool {
        match self {
            Capitals => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Letters => byte.is_ascii_alphanumeric(),
            Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
        }
    }
}
