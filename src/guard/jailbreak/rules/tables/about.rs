//! Talk about attacks, by those who study them or defend against them.

use super::{Family, Pattern, near, said};
use Family::About;

pub(super) const PATTERNS: &[Pattern] = &[
    said(
        About,
        &[&[
            "prompt injection|prompt injections|prompt injecting|injection attack|injection attacks|jailbreak attempt|jailbreak attempts|jailbreak attack|jailbreak attacks|jailbreak prompts|jailbreaking|jailbreak detection|adversarial prompt|adversarial prompts|adversarial attack|adversarial attacks|red teaming|red-team|prompt leaking|prompt security|llm security|ai security|ai safety|owasp|security paper|attack vector|threat model|guardrail|guardrails|content moderation|alignment research|model robustness|social engineering|phishing awareness|security training|security awareness",
        ]],
    ),
    near(
        About,
        8,
        &[
            &[
                "protect|prevent|detect|detecting|detection|defend|defending|mitigate|mitigating|guard against|stop users|classify|classifier|recognize|identify|block|filter out|explain|what is|what does|why does|how does|describe|example of|examples of|meaning of|history of|article about|paper about|essay about|research on|study of|study on|blog post|presentation|lecture|course",
            ],
            &[
                "injection|injections|jailbreak|jailbreaks|jailbroken|ignore previous instructions|ignore all previous|system prompt|system prompts|dan prompt|malicious prompts|malicious prompt|attack|attacks|attackers|prompt leak|adversarial|exploit|exploits",
            ],
        ],
    ),
];
