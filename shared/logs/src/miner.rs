//! Messages to templates, in one pass and in bounded memory.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::mask::Kind;
use crate::merge;
use crate::token::{self, Token, VARIABLE};

/// Characters of a sample that are kept.
const SAMPLE_CHARS: usize = 500;
/// With this many templates for the first time, words that vary are looked for.
const FIRST_REFINEMENT: usize = 2_000;

/// The number of a template, from 0 in the order in which they were first seen. [`TemplateId::OTHER`] stands for all
/// messages that found no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(pub u32);

impl TemplateId {
    /// The messages of new kinds after `max_templates` kinds.
    pub const OTHER: Self = Self(0);
}

/// The bounds of a [`Miner`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinerOptions {
    /// How many kinds of messages are told apart before what is new goes to [`TemplateId::OTHER`]. About half a kilobyte each.
    pub max_templates: usize,
}

impl Default for MinerOptions {
    fn default() -> Self {
        Self { max_templates: 50_000 }
    }
}

/// A hash is its own hash.
#[derive(Debug, Default)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = token::hash(bytes);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

pub(crate) type HashIndex<V> = HashMap<u64, V, BuildHasherDefault<Identity>>;

#[derive(Debug)]
struct Entry {
    /// Hashes of the words; [`VARIABLE`] where something varies.
    words: Box<[u64]>,
    kinds: Vec<Kind>,
    sample: Box<str>,
    count: u64,
    /// The template this one was found to be the same as.
    parent: u32,
}

/// Groups messages by the words that do not vary.
///
/// `observe` masks what looks like a value and looks the rest up by hash. Words that vary without looking like it, such as
/// user names, show only by numbers: [`Miner::refine`] looks for them over all templates, when asked and whenever the
/// templates have quadrupled. The same messages in the same order always give the same ids.
#[derive(Debug)]
pub struct Miner {
    options: MinerOptions,
    entries: Vec<Entry>,
    by_signature: HashIndex<u32>,
    /// The words of templates and how they are written.
    vocabulary: HashIndex<Box<str>>,
    refine_at: usize,
    tokens: Vec<Token>,
}

impl Miner {
    pub fn new(options: MinerOptions) -> Self {
        let other = Entry {
            words: Box::default(),
            kinds: Vec::new(),
            sample: Box::default(),
            count: 0,
            parent: TemplateId::OTHER.0,
        };
        Self {
            options: MinerOptions { max_templates: options.max_templates.clamp(1, 1_000_000) },
            entries: vec![other],
            by_signature: HashIndex::default(),
            vocabulary: HashIndex::default(),
            refine_at: FIRST_REFINEMENT,
            tokens: Vec::with_capacity(64),
        }
    }

    /// The template of `message`, which has no header any more. Look the id up with [`Miner::current`] later on: templates may
    /// turn out to be the same.
    pub fn observe(&mut self, message: &str) -> TemplateId {
        let bytes = message.as_bytes();
        token::scan(bytes, &mut self.tokens);
        let signature = signature(self.tokens.iter().map(|token| token.hash), bytes);
        if let Some(&id) = self.by_signature.get(&signature) {
            return self.count(id, message);
        }
        if let Some(id) = self.generalised(bytes) {
            return self.count(id, message);
        }
        self.create(signature, message)
    }

    fn count(&mut self, id: u32, message: &str) -> TemplateId {
        let id = self.root(id);
        let entry = &mut self.entries[id as usize];
        entry.count += 1;
        // Now and then, what the variable parts look like: a mask that is not always right is none.
        if entry.count.is_power_of_two()
            && entry.kinds.len() == self.tokens.iter().filter(|token| token.is_variable()).count()
        {
            let variables = self.tokens.iter().filter(|token| token.is_variable());
            for (kind, token) in entry.kinds.iter_mut().zip(variables) {
                if *kind != Kind::Any && Kind::of(&String::from_utf8_lossy(token.text(message.as_bytes()))) != *kind {
                    *kind = Kind::Any;
                }
            }
        }
        TemplateId(id)
    }

    /// A template with variables where the message has words that no template has.
    fn generalised(&self, message: &[u8]) -> Option<u32> {
        if self.refine_at == FIRST_REFINEMENT {
            return None;
        }
        let unknown = |token: &Token| token.is_variable() || !self.vocabulary.contains_key(&token.hash);
        if self.tokens.iter().all(unknown) {
            return None;
        }
        let mut words: Vec<u64> =
            self.tokens.iter().map(|token| if unknown(token) { VARIABLE } else { token.hash }).collect();
        words.dedup_by(|a, b| *a == VARIABLE && *b == VARIABLE);
        if let Some(&id) = self.by_signature.get(&signature(words.iter().copied(), message)) {
            return Some(id);
        }
        // A word that is a constant elsewhere.
        (0..words.len()).filter(|&at| words[at] != VARIABLE).find_map(|at| {
            let mut words = words.clone();
            words[at] = VARIABLE;
            words.dedup_by(|a, b| *a == VARIABLE && *b == VARIABLE);
            let id = *self.by_signature.get(&signature(words.iter().copied(), message))?;
            words.iter().any(|&word| word != VARIABLE).then_some(id)
        })
    }

    fn create(&mut self, signature: u64, message: &str) -> TemplateId {
        if self.entries.len() > self.options.max_templates {
            self.entries[TemplateId::OTHER.0 as usize].count += 1;
            if self.entries[0].sample.is_empty() {
                self.entries[0].sample = sample(message);
            }
            return TemplateId::OTHER;
        }
        let bytes = message.as_bytes();
        let id = self.entries.len() as u32;
        let text = |token: &Token| String::from_utf8_lossy(token.text(bytes)).into_owned();
        for token in self.tokens.iter().filter(|token| !token.is_variable()) {
            self.vocabulary.entry(token.hash).or_insert_with(|| text(token).into_boxed_str());
        }
        self.entries.push(Entry {
            words: self.tokens.iter().map(|token| token.hash).collect(),
            kinds: self.tokens.iter().filter(|token| token.is_variable()).map(|token| Kind::of(&text(token))).collect(),
            sample: sample(message),
            count: 1,
            parent: id,
        });
        self.by_signature.insert(signature, id);
        if self.entries.len() > self.refine_at {
            self.refine();
            return self.current(TemplateId(id));
        }
        TemplateId(id)
    }

    /// Looks for words that vary, over all templates, and joins the templates that differ in nothing else.
    pub fn refine(&mut self) {
        let live: Vec<u32> =
            (1..self.entries.len() as u32).filter(|&id| self.entries[id as usize].parent == id).collect();
        let views: Vec<merge::View<'_>> = live
            .iter()
            .map(|&id| {
                let entry = &self.entries[id as usize];
                merge::View { words: &entry.words, count: entry.count }
            })
            .collect();
        let merges = merge::merges(&views, &|hash| self.vocabulary.get(&hash).map_or("", |word| word));
        for merge in merges {
            let members: Vec<u32> = merge.members.iter().map(|&index| live[index]).collect();
            let Some(&root) = members.first() else { continue };
            for &id in &members {
                self.entries[id as usize].parent = root;
            }
            let count = members.iter().map(|&id| self.entries[id as usize].count).sum();
            self.entries[root as usize].count = count;
            self.entries[root as usize].words = merge.words.into();
            let signature = signature(self.entries[root as usize].words.iter().copied(), &[]);
            self.by_signature.insert(signature, root);
        }
        self.forget();
        self.refine_at = (self.entries.len() * 4).max(FIRST_REFINEMENT * 4);
    }

    /// Drops what joined templates no longer need: their words, and their samples but the first.
    fn forget(&mut self) {
        let mut used: HashSet<u64, BuildHasherDefault<Identity>> = HashSet::default();
        for id in 1..self.entries.len() as u32 {
            if self.entries[id as usize].parent == id {
                used.extend(self.entries[id as usize].words.iter().copied());
            } else {
                self.entries[id as usize].words = Box::default();
                self.entries[id as usize].sample = Box::default();
                self.entries[id as usize].kinds = Vec::new();
            }
        }
        self.vocabulary.retain(|word, _| used.contains(word));
    }

    fn root(&self, mut id: u32) -> u32 {
        while self.entries[id as usize].parent != id {
            id = self.entries[id as usize].parent;
        }
        id
    }

    /// What `id` has become: templates that were told apart at first may have been joined.
    pub fn current(&self, id: TemplateId) -> TemplateId {
        TemplateId(self.root(id.0))
    }

    /// How many ids have been given, [`TemplateId::OTHER`] included: all are below.
    pub fn ids(&self) -> usize {
        self.entries.len()
    }

    /// Messages that found no place among the templates.
    pub fn overflowed(&self) -> u64 {
        self.entries[0].count
    }

    /// The message with a mask where something varies.
    pub fn template(&self, id: TemplateId) -> String {
        let id = self.root(id.0);
        let entry = &self.entries[id as usize];
        if id == TemplateId::OTHER.0 {
            return "<other messages>".to_owned();
        }
        render(entry)
    }

    /// The first message of the kind, cut to 500 characters.
    pub fn sample(&self, id: TemplateId) -> &str {
        &self.entries[self.root(id.0) as usize].sample
    }
}

fn sample(message: &str) -> Box<str> {
    message.chars().take(SAMPLE_CHARS).collect::<String>().into_boxed_str()
}

/// The hash of the words in order. A message without any, such as a ruler, is told from others by its punctuation.
fn signature(words: impl Iterator<Item = u64>, message: &[u8]) -> u64 {
    let mut empty = true;
    let hash = words.fold(0x51_7c_c1_b7, |state, word| {
        empty = false;
        token::mix(state, word)
    });
    if !empty {
        return hash;
    }
    let mut marks: Vec<u8> =
        message.iter().take(token::MAX_BYTES).copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    marks.dedup();
    token::hash(&marks)
}

/// Puts masks into the sample.
fn render(entry: &Entry) -> String {
    let sample = entry.sample.as_ref();
    let mut tokens = Vec::new();
    token::scan(sample.as_bytes(), &mut tokens);
    let mut text = String::with_capacity(sample.len());
    let mut kinds = entry.kinds.iter();
    let mut words = entry.words.iter().copied().peekable();
    let mut at = 0;
    for token in &tokens {
        let (start, end) = (token.start as usize, token.end as usize);
        let kind = if token.is_variable() { kinds.next() } else { None };
        text.push_str(sample.get(at..start).unwrap_or_default());
        match words.peek() {
            Some(&VARIABLE) => {
                words.next();
                text.push_str(kind.map_or("<*>", |kind| kind.mask()));
            }
            Some(&word) if word == token.hash => {
                words.next();
                text.push_str(sample.get(start..end).unwrap_or_default());
            }
            // More of the variable before it, or beyond what is compared.
            _ => text.push_str("<*>"),
        }
        at = end;
    }
    text.push_str(sample.get(at..).unwrap_or_default());
    text
}
