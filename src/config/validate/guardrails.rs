//! Rules for the guardrails.

use super::super::file::{Action, Jailbreak, Pii, Role};
use super::{Rules, Taken};
use crate::config::guarding::{self, GROUPS};
use crate::findings::{self, suggestion};
use crate::guard::{Entity, pii};

const SECTION: &str = "middleware.guardrails";

impl<'a> Rules<'a> {
    pub(super) fn guardrails(&mut self) {
        let guardrails = &self.file.middleware.guardrails;
        self.within(findings::key(SECTION, "max_windows"), guardrails.max_windows, 1..=4096);
        self.lasting(findings::key(SECTION, "timeout"), guardrails.timeout);
        self.jailbreak(&findings::key(SECTION, "jailbreak"), &guardrails.jailbreak);
        self.pii(&findings::key(SECTION, "pii"), &guardrails.pii);
    }

    fn jailbreak(&mut self, path: &str, jailbreak: &'a Jailbreak) {
        match (&jailbreak.backend, jailbreak.action) {
            (Some(name), Action::Route) => self.backend(&findings::key(path, "backend"), name),
            (None, Action::Route) => self.findings.add(path, "must name a \"backend\" for \"action: route\""),
            (Some(_), _) => {
                self.findings.add(findings::key(path, "backend"), "does nothing without \"action: route\"");
            }
            (None, _) => {}
        }
        if jailbreak.threshold.is_some() && jailbreak.false_alarm_rate.is_some() {
            self.findings.add(path, "must have \"threshold\" or \"false_alarm_rate\", not both");
        }
        if let Some(threshold) = jailbreak.threshold {
            self.within(findings::key(path, "threshold"), threshold, 0.0..=1.0);
        }
        if let Some(rate) = jailbreak.false_alarm_rate {
            self.within(findings::key(path, "false_alarm_rate"), rate, 0.001..=0.1);
            if jailbreak.model.is_some() {
                let message = "is known of the shipped model only; set \"threshold\" for your own";
                self.findings.add(findings::key(path, "false_alarm_rate"), message);
            }
        }
        if jailbreak.roles.is_empty() {
            self.findings.add(findings::key(path, "roles"), "must name whose texts are judged");
        }
        let mut seen: Vec<Role> = Vec::new();
        for (i, role) in jailbreak.roles.iter().enumerate() {
            if seen.contains(role) {
                self.findings.add(findings::item(&findings::key(path, "roles"), i), "is there already");
            }
            seen.push(*role);
        }
        self.filled(&findings::key(path, "allow"), &jailbreak.allow);
        if jailbreak.model.is_none() && !jailbreak.attack_labels.is_empty() {
            self.findings.add(findings::key(path, "attack_labels"), "does nothing without \"model\"");
        }
    }

    fn pii(&mut self, path: &str, pii: &'a Pii) {
        self.within(findings::key(path, "min_score"), pii.min_score, 0.0..=1.0);
        self.within(findings::key(path, "hold_back"), pii.hold_back, 16..=64 << 10);
        self.filled(&findings::key(path, "allow"), &pii.allow);
        let at = findings::key(path, "recognizers");
        let mut taken = Taken::default();
        for (i, own) in pii.recognizers.iter().enumerate() {
            let at = findings::item(&at, i);
            self.unique(findings::key(&at, "name"), &own.name, &mut taken);
            self.within(findings::key(&at, "score"), own.score, 0.0..=1.0);
            if let Err(error) = pii::Patterns::new(&[], vec![guarding::custom(own)], &[], 0.0) {
                self.findings.add(at, error.to_string());
            }
        }
        let at = findings::key(path, "entities");
        if pii.entities.is_empty() {
            self.findings.add(at.as_str(), "must name what is looked for");
        }
        for (i, name) in pii.entities.iter().enumerate() {
            self.entity(&findings::item(&at, i), name, &GROUPS);
        }
        let at = findings::key(path, "operators");
        let mut taken = Taken::default();
        for (i, own) in pii.operators.iter().enumerate() {
            let at = findings::key(&findings::item(&at, i), "entity");
            self.entity(&at, &own.entity, &[]);
            self.unique(at, &own.entity, &mut taken);
        }
        if pii.key_env.is_some() && pii.key_file.is_some() {
            self.findings.add(findings::key(path, "key_file"), "must be left out next to key_env");
        }
        if pii.model.is_none() && !pii.labels.is_empty() {
            self.findings.add(findings::key(path, "labels"), "does nothing without \"model\"");
        }
        for (i, label) in pii.labels.iter().enumerate() {
            let at = findings::key(&findings::item(&findings::key(path, "labels"), i), "entity");
            self.entity(&at, &label.entity, &["O"]);
        }
    }

    /// A kind of personal data that is known, the operator's own, or one of `further`.
    fn entity(&mut self, path: &str, name: &str, further: &[&str]) {
        let own = self.file.middleware.guardrails.pii.recognizers.iter().map(|own| own.name.as_str());
        let names = || Entity::KNOWN.iter().map(Entity::name).chain(further.iter().copied()).chain(own.clone());
        if !names().any(|known| known == name) {
            let message = format!("no entity is named {}{}", self.quote(path, name), suggestion(name, names()));
            self.findings.add(path, message);
        }
    }

    pub(super) fn filled(&mut self, path: &str, texts: &[String]) {
        for (i, _) in texts.iter().enumerate().filter(|(_, text)| text.trim().is_empty()) {
            self.findings.add(findings::item(path, i), "must not be empty");
        }
    }
}
