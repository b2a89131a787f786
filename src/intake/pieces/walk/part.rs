//! A part of a message's content: text, or an image, a sound, a video or a file with what is told of it.

use serde_json::value::RawValue;

use super::super::Role;
use super::names::STRUCTURE;
use super::{Content, Walk};
use crate::failure::Failure;
use crate::intake::json::{Shape, fields, string};

/// How the types of parts begin that are no text.
const MEDIA: [&str; 7] = ["image", "input_image", "audio", "input_audio", "video", "input_video", "file"];

/// How the keys go on under which those are.
const CARRYING: [&str; 6] = ["", "_url", "_embeds", "_pil", "_data", "_id"];

/// What of an image, a sound or a file is no text.
const PAYLOAD: [&str; 10] =
    ["url", "data", "source", "file_data", "file_id", "uuid", "format", "detail", "media_type", "mime_type"];

// === impl Walk ===

impl<'a> Walk<'a> {
    pub(super) fn part(&mut self, part: &'a RawValue, content: &mut Content) -> Result<(), Failure> {
        let read = fields(part.get(), "a part of messages")?;
        let kind = read.iter().find(|(key, value)| key == "type" && Shape::of(value) == Shape::String);
        let kind = kind.map_or(Ok(String::new()), |(_, kind)| string(kind, "messages"))?;
        let is_media = MEDIA.iter().any(|media| kind.starts_with(media));
        let is_call = kind.starts_with("tool") || kind.starts_with("function");
        for (key, value) in read {
            let is_there = Shape::of(value) != Shape::Null;
            self.pieces.unreadable.media |= is_media && is_there && key != "text" && key != "type";
            match &*key {
                key if carries_media(key) => {
                    self.pieces.unreadable.media |= is_there;
                    self.beside(value, content.piece.role)?;
                }
                key if is_media && PAYLOAD.contains(&key) => {}
                "text" | "refusal" | "thinking" if !is_media && Shape::of(value) == Shape::String => {
                    self.join(value, content)?;
                }
                "id" | "tool_use_id" | "tool_call_id" if is_call => self.unless_id(value, content.piece.role)?,
                key if STRUCTURE.contains(&key) => self.unless_names(value, content.piece.role)?,
                _ => self.each(value, content.piece.role)?,
            }
        }
        Ok(())
    }

    /// What is told of an image, a sound or a file beside it.
    fn beside(&mut self, value: &'a RawValue, role: Role) -> Result<(), Failure> {
        if Shape::of(value) != Shape::Object {
            return Ok(());
        }
        let read = fields(value.get(), "a part of messages")?;
        read.iter().filter(|(key, _)| !PAYLOAD.contains(&&**key)).try_for_each(|(_, value)| self.each(value, role))
    }
}

/// Whether models' servers take what stands under `key` for an image, sound, video or a file.
fn carries_media(key: &str) -> bool {
    MEDIA.iter().filter_map(|media| key.strip_prefix(media)).any(|rest| CARRYING.contains(&rest))
}
