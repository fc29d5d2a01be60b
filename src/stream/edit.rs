//! Edits of heads that rules ask for: fields, request line, status.

use proxy_config::model::Format;
use proxy_config::model::rule::{Action, HeaderEdit, Moment, NameMatch, UriPart};

use super::Stream;
use super::normalise_uri::normalise;
use super::rules::Prepared;
use crate::proto::h1::{EditError, EditFields, Field, FieldKind, Method, ResponseFraming};
use crate::rule::{self, Arena, Context, Destination};

/// A part of a request's target, as a range of it.
struct Parts {
    path_start: usize,
    /// Where the query's `?` is, or the end.
    query_start: usize,
}

impl Stream {
    /// Evaluates the values of an edit of fields.
    pub(super) fn prepare_edit<'a>(
        &self,
        edit: &HeaderEdit,
        moment: Moment,
        context: &Context<'_>,
        arena: &'a Arena,
    ) -> Prepared<'a> {
        let text =
            |format| arena.write(|out| rule::render(out, format, Destination::Field, context));
        match edit {
            HeaderEdit::Add { value, .. } | HeaderEdit::Set { value, .. } => {
                Prepared::Bytes(text(value))
            }
            HeaderEdit::Del(NameMatch::Matches(regex)) => {
                let (fields, bytes) = self.fields(moment);
                let regex = context.library.regex(*regex);
                let gone = fields
                    .iter()
                    .enumerate()
                    .filter(|(_, field)| regex.is_match(field.name.of(bytes)));
                Prepared::Values(gone.map(|(index, _)| (index, &[][..])).collect())
            }
            HeaderEdit::Del(_) => Prepared::Nothing,
            HeaderEdit::Replace { name, regex, with } => {
                self.replaced(moment, name, arena, &mut |out, value| {
                    let with = text(with);
                    match context.library.regex(*regex).captures(value) {
                        Some(groups) => rule::push_replacement(out, with, &groups),
                        None => return false,
                    }
                    true
                })
            }
            HeaderEdit::ReplaceValue { name, regex, with } => {
                self.replaced(moment, name, arena, &mut |out, value| {
                    let with = text(with);
                    let mut is_changed = false;
                    for (position, part) in rule::list_parts(value).enumerate() {
                        if position > 0 {
                            out.push(b',');
                        }
                        // What separates parts stays as it is, as far as they do.
                        match context.library.regex(*regex).captures(part.trim_ascii()) {
                            Some(groups) => {
                                rule::push_replacement(out, with, &groups);
                                is_changed = true;
                            }
                            None => out.extend_from_slice(part),
                        }
                    }
                    is_changed
                })
            }
        }
    }

    /// The new values of the fields named `name` that `replace` changes.
    fn replaced<'a>(
        &self,
        moment: Moment,
        name: &str,
        arena: &'a Arena,
        replace: &mut dyn FnMut(&mut Vec<u8>, &[u8]) -> bool,
    ) -> Prepared<'a> {
        let (fields, bytes) = self.fields(moment);
        let mut values = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            if !field.name.of(bytes).eq_ignore_ascii_case(name.as_bytes()) {
                continue;
            }
            let mut is_changed = false;
            let value = arena.write(|out| {
                is_changed = replace(out, field.value.of(bytes));
                rule::encode(out, 0, Destination::Field);
            });
            if is_changed {
                values.push((index, value));
            }
        }
        Prepared::Values(values)
    }

    /// The fields that a rule set is about.
    fn fields(&self, moment: Moment) -> (&[Field], &[u8]) {
        match moment {
            Moment::Response | Moment::AfterResponse => {
                (&self.response.fields, &self.response_bytes)
            }
            _ => (&self.request.fields, &self.request_bytes),
        }
    }

    /// Makes an edit; the head stays as it was when it fails.
    pub(super) fn edit(
        &mut self,
        action: &Action,
        prepared: Prepared<'_>,
        moment: Moment,
    ) -> Result<(), EditError> {
        match (action, prepared) {
            (Action::EditHeader(edit), prepared) => match moment {
                Moment::Response | Moment::AfterResponse => {
                    edit_fields(&mut self.response, &mut self.response_bytes, edit, &prepared)
                }
                _ => edit_fields(&mut self.request, &mut self.request_bytes, edit, &prepared),
            },
            (Action::SetMethod(_), Prepared::Bytes(name)) => {
                self.request.set_method(&mut self.request_bytes, name)
            }
            (Action::SetUri(part, _) | Action::ReplaceUri { part, .. }, Prepared::Bytes(value)) => {
                self.set_part(*part, value)
            }
            (Action::NormalizeUri(normalizer), _) => {
                let path_and_query = self.request.path_and_query.of(&self.request_bytes);
                match normalise(*normalizer, path_and_query) {
                    Some(new) => self.set_part(UriPart::PathAndQuery, &new),
                    None => Err(EditError::Target),
                }
            }
            (Action::SetStatus { status, reason }, _) => {
                self.set_status(*status, reason.as_deref())
            }
            _ => Ok(()),
        }
    }

    /// `set-status`: a status that has no body cannot be given to a response that has one, and what
    /// becomes a tunnel stays one.
    fn set_status(&mut self, status: u16, reason: Option<&str>) -> Result<(), EditError> {
        let has_body = !matches!(self.response.framing, ResponseFraming::None);
        let is_bodiless = |status| matches!(status, 204 | 304);
        if status < 200 || has_body && is_bodiless(status) || self.response.tunnel {
            return Err(EditError::Field);
        }
        // Without a length the client would take what follows for the body.
        let is_head = self.request.method == Method::Head;
        if is_bodiless(self.response.status) && !is_bodiless(status) && !is_head {
            self.response.framing = ResponseFraming::Length(0);
            self.response.content_length = Some(0);
        }
        let reason = reason.unwrap_or_else(|| crate::proto::h1::reason_of(status));
        self.response.set_reason(&mut self.response_bytes, reason.as_bytes())?;
        self.response.status = status;
        Ok(())
    }

    fn parts(&self) -> Parts {
        let (target, path) = (self.request.target, self.request.path_and_query);
        let path_and_query = path.of(&self.request_bytes);
        let query = memchr::memchr(b'?', path_and_query).unwrap_or(path_and_query.len());
        let path_start = path.start.saturating_sub(target.start) as usize;
        Parts { path_start, query_start: path_start + query }
    }

    /// The target with one part of it replaced.
    fn set_part(&mut self, part: UriPart, value: &[u8]) -> Result<(), EditError> {
        let Parts { path_start, query_start } = self.parts();
        let target = self.request.target.of(&self.request_bytes);
        let (before, rest) = target.split_at_checked(path_start).unwrap_or((target, &[]));
        let (path, query) = rest.split_at_checked(query_start - path_start).unwrap_or((rest, &[]));
        let new = match part {
            UriPart::Uri => value.to_vec(),
            UriPart::Path => [before, value, query].concat(),
            UriPart::PathAndQuery => [before, value].concat(),
            // A question mark that was there stays, as with HAProxy.
            UriPart::Query if value.is_empty() && query.is_empty() => [before, path].concat(),
            UriPart::Query => [before, path, b"?", value].concat(),
        };
        let names_host = self.request.authority.is_some() && self.request.method != Method::Connect;
        // Else the path would go on with the host's name, and rules looked at another one.
        let goes_on = matches!(part, UriPart::Path | UriPart::PathAndQuery);
        if names_host && goes_on && !value.starts_with(b"/") {
            return Err(EditError::Target);
        }
        self.request.set_target(&mut self.request_bytes, &new)?;
        match part {
            UriPart::Uri => self.request.follow_authority(&mut self.request_bytes),
            _ => Ok(()),
        }
    }

    /// What `replace-path` and its like make of a part; nothing where it does not match.
    pub(super) fn prepare_replaced_uri<'a>(
        &self,
        part: UriPart,
        (regex, with): (usize, &Format),
        context: &Context<'_>,
        arena: &'a Arena,
    ) -> Prepared<'a> {
        let Parts { path_start, query_start } = self.parts();
        let target = self.request.target.of(&self.request_bytes);
        let subject = match part {
            UriPart::Uri => Some(target),
            UriPart::Path => target.get(path_start..query_start),
            UriPart::PathAndQuery => target.get(path_start..),
            UriPart::Query => target.get(query_start + 1..),
        };
        let Some(groups) = context.library.regex(regex).captures(subject.unwrap_or_default())
        else {
            return Prepared::Void;
        };
        let with = arena.write(|out| rule::render(out, with, Destination::Target, context));
        Prepared::Bytes(arena.write(|out| {
            rule::push_replacement(out, with, &groups);
            rule::encode(out, 0, Destination::Target);
        }))
    }
}

fn edit_fields(
    head: &mut impl EditFields,
    bytes: &mut Vec<u8>,
    edit: &HeaderEdit,
    prepared: &Prepared<'_>,
) -> Result<(), EditError> {
    match (edit, prepared) {
        (HeaderEdit::Add { name, .. }, Prepared::Bytes(value)) => {
            head.add_field(bytes, name.as_bytes(), value)
        }
        (HeaderEdit::Set { name, .. }, Prepared::Bytes(value)) => {
            set_field(head, bytes, name.as_bytes(), value)
        }
        (HeaderEdit::Del(name), prepared) => match (name, prepared) {
            (NameMatch::Is(name), _) => {
                head.remove_fields(bytes, |own| own.eq_ignore_ascii_case(name.as_bytes()))
            }
            (NameMatch::Matches(_), Prepared::Values(gone)) => {
                let names: Vec<Vec<u8>> = gone
                    .iter()
                    .filter_map(|(index, _)| head.fields().get(*index))
                    .map(|field| field.name.of(bytes).to_vec())
                    .collect();
                head.remove_fields(bytes, |own| names.iter().any(|name| name == own))
            }
            (name, _) => head.remove_fields(bytes, |own| is_named(own, name)),
        },
        (
            HeaderEdit::Replace { .. } | HeaderEdit::ReplaceValue { .. },
            Prepared::Values(values),
        ) => values.iter().try_for_each(|(index, value)| head.set_value(bytes, *index, value)),
        _ => Ok(()),
    }
}

/// HAProxy removes what has the name and appends; the host keeps its place, which is the first line.
fn set_field(
    head: &mut impl EditFields,
    bytes: &mut Vec<u8>,
    name: &[u8],
    value: &[u8],
) -> Result<(), EditError> {
    let is_host = FieldKind::of(name) == FieldKind::Host;
    let host = head.fields().iter().position(|field| field.kind == FieldKind::Host);
    if let (true, Some(index)) = (is_host, host) {
        return head.set_value(bytes, index, value);
    }
    let before = head.fields().len();
    head.add_field(bytes, name, value)?;
    // The new one is sound; now those before it go.
    let mut index = 0;
    head.fields_mut().retain(|field| {
        index += 1;
        index > before || !field.name.of(bytes).eq_ignore_ascii_case(name)
    });
    Ok(())
}

fn is_named(name: &[u8], wanted: &NameMatch) -> bool {
    let lower = name.to_ascii_lowercase();
    match wanted {
        NameMatch::Is(text) => lower == text.as_bytes(),
        NameMatch::Begins(text) => lower.starts_with(text.as_bytes()),
        NameMatch::Ends(text) => lower.ends_with(text.as_bytes()),
        NameMatch::Contains(text) => memchr::memmem::find(&lower, text.as_bytes()).is_some(),
        NameMatch::Matches(_) => false,
    }
}
