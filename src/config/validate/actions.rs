//! Rules for what a route does to its requests.

use super::super::actions;
use super::super::file::{Backend, Route, RouteGuardrails};
use super::Rules;
use crate::findings;
use crate::route::action::Problem;
use crate::route::action::headers::Headers;
use crate::route::action::respond::Respond;

const OFF: &str = "is off in middleware.guardrails, and a route cannot switch on what no request is looked through for";

impl<'a> Rules<'a> {
    pub(super) fn route_actions(&mut self, path: &str, route: &'a Route) {
        self.problems(path, actions::body(route).err().unwrap_or_default());
        let headers = Headers::compile(&route.headers).err().unwrap_or_default();
        self.problems(path, actions::below("headers", headers));
        if let Some(mirror) = &route.mirror {
            let path = findings::key(path, "mirror");
            self.backend(&findings::key(&path, "backend"), &mirror.backend);
            if let Some((key, message)) = mirror.problem() {
                self.findings.add(findings::key(&path, key), message);
            }
        }
        if let Some(respond) = &route.respond {
            self.route_responds(path, route, respond);
        }
        self.route_guardrails(&findings::key(path, "guardrails"), &route.guardrails);
    }

    /// What the router answers itself goes to no backend.
    fn route_responds(&mut self, path: &str, route: &Route, respond: &Respond) {
        if let Some((key, message)) = respond.problem() {
            self.findings.add(findings::key(&findings::key(path, "respond"), key), message);
        }
        let idle = [
            ("backend", route.backend.is_some()),
            ("backends", !route.backends.is_empty()),
            ("reasoning", route.reasoning.is_some()),
            ("params", route.params != Default::default()),
            ("system_prompt", route.system_prompt.is_some()),
            ("headers", route.headers != Default::default()),
            ("mirror", route.mirror.is_some()),
            ("budget", route.budget.is_some()),
            ("sticky", route.sticky.is_some()),
        ];
        for (key, _) in idle.into_iter().filter(|(_, is_given)| *is_given) {
            self.findings.add(findings::key(path, key), "does nothing next to \"respond\", which asks no backend");
        }
    }

    fn route_guardrails(&mut self, path: &str, route: &RouteGuardrails) {
        let guardrails = &self.file.middleware.guardrails;
        let RouteGuardrails { jailbreak_detection, pii_masking, jailbreak } = route;
        if *jailbreak_detection == Some(true) && !guardrails.jailbreak_detection {
            self.findings.add(findings::key(path, "jailbreak_detection"), OFF);
        }
        if *pii_masking == Some(true) && !guardrails.pii_masking {
            self.findings.add(findings::key(path, "pii_masking"), OFF);
        }
        let path = findings::key(path, "jailbreak");
        if let Some(threshold) = jailbreak.threshold {
            self.within(findings::key(&path, "threshold"), threshold, 0.0..=1.0);
        }
        if jailbreak.action.is_some() || jailbreak.threshold.is_some() {
            if *jailbreak_detection == Some(false) {
                self.findings.add(path, "does nothing next to \"jailbreak_detection: false\"");
            } else if !guardrails.jailbreak_detection {
                self.findings.add(path, OFF);
            }
        }
    }

    pub(super) fn reasoning_family(&mut self, path: &str, backend: &Backend) {
        if let Err(message) = actions::family(backend.reasoning_family.as_ref(), &backend.model) {
            self.findings.add(findings::key(path, "reasoning_family"), message);
        }
    }

    pub(super) fn problems(&mut self, path: &str, problems: impl IntoIterator<Item = Problem>) {
        for Problem { path: below, message } in problems {
            self.findings.add(findings::key(path, &below), message);
        }
    }
}
