//! What the file says of signals, and its routes' rules.

use anyhow::Context;

use super::file::{ClientKey, File, Mode};
use super::guarding;
use crate::embed::{Embedding, Encoder};
use crate::findings::{self, Findings};
use crate::guard::Entity;
use crate::intake::auth::EVERYBODY;
use crate::route::rule::{Range, RouteRule, Routes, Scope, Texts, World, check, parse, parse_list};
use crate::route::signal::Contrast;
use crate::route::signal::keywords::List;
use crate::route::topics;

/// Every route's rule, and the lists of keywords that they name by place.
pub(super) struct Rules {
    routes: Vec<RouteRule>,
    lists: Vec<List>,
}

/// Easy and hard examples of the config, embedded.
#[derive(Debug, Default)]
pub(super) struct Examples {
    /// The easy ones, and then the hard ones.
    texts: Vec<String>,
    embeddings: Vec<Embedding>,
    easy: usize,
}

/// Why a header is never a text.
const ASCII: &str = "it can hold ASCII alone";

/// Where the signals stand in the file.
const SIGNALS: &str = "router.signals";

/// Reads every route's rule. What is wrong is among the findings, and left out.
pub(super) fn read(file: &File, findings: &mut Findings) -> Rules {
    let mut scope = scope(file, findings);
    let mut routes = Vec::new();
    for (i, route) in file.router.routes.iter().enumerate() {
        let path = findings::key(&findings::item("router.routes", i), "when");
        let when = route.when.as_ref().and_then(|when| parse(&path, when, &mut scope, findings));
        let samples = !route.samples.is_empty();
        routes.push(RouteRule { name: route.name.as_str().into(), priority: route.priority, when, samples });
    }
    Rules { routes, lists: scope.lists }
}

/// The rules, ready to decide; none where no route has one, and all are of one priority.
pub(super) fn compile(file: &File, examples: &Examples) -> Option<Routes> {
    let has_rules = file.router.routes.iter().any(|route| route.when.is_some() || route.priority != 0);
    if !has_rules {
        return None;
    }
    let Rules { routes, lists } = read(file, &mut Findings::default());
    Some(Routes::new(&routes, lists, examples.contrast()))
}

/// What the operator should hear of the rules.
pub(super) fn notes(file: &File) -> Vec<String> {
    let has_rules = file.router.routes.iter().any(|route| route.when.is_some());
    if file.router.mode == Mode::Off && has_rules {
        return vec!["router.mode: off sends all to the default backend; no route's \"when\" is asked".into()];
    }
    let Rules { routes, lists } = read(file, &mut Findings::default());
    let whens = file.router.routes.iter().map(|route| route.when.as_ref()).collect();
    let world = World { lists: &lists, ranges: ranges(file), whens };
    check(&routes, &world).iter().map(ToString::to_string).collect()
}

/// What the signals of texts can say of this config's requests.
fn ranges(file: &File) -> Vec<(&'static str, Range)> {
    let keys = &file.auth.keys;
    let whose = |key: &ClientKey| key.tenant.clone().unwrap_or_else(|| key.name.clone());
    let (tenants, why) = if keys.is_empty() {
        (Texts::These(vec![EVERYBODY.into()]), "without auth.keys, all are \"default\"")
    } else if keys.iter().any(|key| key.trusted) {
        (Texts::Header, ASCII)
    } else {
        let why = "no key of auth.keys is that tenant's, and none is trusted to name another";
        (Texts::These(keys.iter().map(whose).collect()), why)
    };
    let named = if keys.is_empty() { "there are no auth.keys" } else { "no key of auth.keys is named so" };
    let entities = guarding::looked_for(&file.middleware.guardrails.pii);
    let range = |texts, may_be_absent, why| Range { texts, may_be_absent, why };
    vec![
        ("tenant", range(tenants, false, why)),
        ("key", range(Texts::These(keys.iter().map(|key| key.name.clone()).collect()), keys.is_empty(), named)),
        ("model", range(Texts::These(file.router.aliases.clone()), true, "it is not among router.aliases")),
        ("header", range(Texts::Header, true, ASCII)),
        ("pii", range(Texts::These(entities), false, "guardrails.pii does not look for it")),
    ]
}

fn scope<'a>(file: &'a File, findings: &mut Findings) -> Scope<'a> {
    let signals = &file.router.signals;
    let guardrails = &file.middleware.guardrails;
    let mut scope = Scope {
        backends: file.backends.iter().map(|backend| backend.name.as_str()).collect(),
        classifiers: signals.classifiers.keys().map(String::as_str).collect(),
        jailbreak: guardrails.jailbreak_detection,
        pii: guardrails.pii_masking,
        entities: Entity::KNOWN
            .iter()
            .map(Entity::name)
            .chain(guardrails.pii.recognizers.iter().map(|own| own.name.as_str()))
            .collect(),
        complexity: signals.complexity.is_some(),
        shipped_model: topics::know(&file.router.embedding_model),
        lists: Vec::new(),
    };
    for (name, list) in &signals.keywords {
        let path = findings::key(&findings::key(SIGNALS, "keywords"), name);
        // A list that cannot be read keeps its name, so that who names it is not blamed too.
        let list = parse_list(&path, list, findings).unwrap_or_default();
        scope.lists.push(List { name: Some(name.as_str().into()), ..list });
    }
    scope
}

// === impl Examples ===

impl Examples {
    /// Embeds the examples of `file` that `previous`, of the same encoder, has not.
    ///
    /// # Errors
    /// An example that cannot be embedded.
    pub(super) fn embed(file: &File, encoder: Option<&Encoder>, previous: Option<&Self>) -> anyhow::Result<Self> {
        let (Some(examples), Some(encoder)) = (&file.router.signals.complexity, encoder) else {
            return Ok(Self::default());
        };
        let texts: Vec<String> = examples.easy.iter().chain(&examples.hard).cloned().collect();
        let known = |text: &String| {
            let previous = previous?;
            let place = previous.texts.iter().position(|known| known == text)?;
            previous.embeddings.get(place).cloned()
        };
        let known: Vec<Option<Embedding>> = texts.iter().map(known).collect();
        let unknown = texts.iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(text, _)| text.as_str());
        let mut fresh = encoder.embed_all(&unknown.collect::<Vec<_>>()).into_iter();
        let embeddings = known.into_iter().map(|known| match known {
            Some(known) => Ok(known),
            None => fresh.next().context("is missing")?.context("router.signals.complexity: an example"),
        });
        Ok(Self { embeddings: embeddings.collect::<anyhow::Result<_>>()?, texts, easy: examples.easy.len() })
    }

    /// What complexity is measured by; none where there are no examples.
    pub(super) fn contrast(&self) -> Option<Contrast> {
        let (easy, hard) = self.embeddings.split_at_checked(self.easy)?;
        let vectors = |embeddings: &[Embedding]| embeddings.iter().map(|embedding| embedding.to_vec()).collect();
        (!self.embeddings.is_empty()).then(|| Contrast::new(vectors(easy), vectors(hard)))
    }
}
