//! Log formats, and rules of `http-error`: text that names backends and variables, made into what it
//! means before anything is inherited.

use std::sync::Arc;

use crate::action::{self, Line, Read, Tools, Wrong};
use crate::draft::{
    Draft, FormatDraft, LineFormat, LogChoice, LogDraft, LogEntry, PageContent, PageDraft,
    ProxyDraft, RuleSet, ServerWords, Settings, SniDraft,
};
use crate::model::Sni;
use crate::model::rule::Moment;
use crate::resolve::rules::Sides;
use crate::rule::At;
use crate::setting::Setting;
use crate::text::Text;

/// Gives every log format of the draft its meaning, and every section the pages of `http-error`.
pub(super) fn compile(draft: &mut Draft, tools: &mut Tools<'_>) {
    if let Some(logs) = draft.global.log.value_mut() {
        logs.iter_mut().for_each(|log| of_log(log, tools));
    }
    for section in draft.defaults.iter_mut().chain(&mut draft.proxies) {
        of_settings(&mut section.settings, tools);
        pages(section, tools);
    }
    let mut sides = Sides::default();
    for section in &mut draft.defaults {
        sni(&mut section.settings.default_server, at(Moment::Request), tools);
    }
    for section in &mut draft.proxies {
        let (frontend, backend) = sides.next(section);
        let at = At { frontend, backend, ..at(Moment::Request) };
        sni(&mut section.settings.default_server, at, tools);
        for server in section.servers.value_mut().into_iter().flatten() {
            sni(&mut server.words, at, tools);
        }
    }
}

/// The expression that `sni` of a server is, if it is one.
fn sni(words: &mut ServerWords, at: At, tools: &mut Tools<'_>) {
    let setting = &mut words.tls.sni;
    if let (Some(SniDraft::Expr(text)), Some(place)) = (setting.value(), setting.place()) {
        let expr = tools.compiler.expr(text, at, &mut tools.report);
        let sni = expr.map(|expr| SniDraft::Known(Sni::Expr(Box::new(expr))));
        *setting = Setting::written(sni, place);
    }
}

/// What any stream has: the mode of those that inherit a format is not known here.
const fn at(moment: Moment) -> At {
    At { moment: Some(moment), mode: None, frontend: None, backend: None }
}

fn of_settings(settings: &mut Settings, tools: &mut Tools<'_>) {
    setting(&mut settings.error_log_format, Moment::Log, tools);
    setting(&mut settings.line.log_format, Moment::Log, tools);
    setting(&mut settings.log_format_sd, Moment::Log, tools);
    setting(&mut settings.unique_id_format, Moment::Request, tools);
    if let Some(LogChoice::Targets(entries)) = settings.log.value_mut() {
        for entry in entries {
            if let LogEntry::Own(log) = entry {
                of_log(log, tools);
            }
        }
    }
}

fn of_log(log: &mut LogDraft, tools: &mut Tools<'_>) {
    let place = log.format.place();
    if let Some(LineFormat::Custom(draft)) = log.format.value_mut()
        && !read(draft, Moment::Log, tools)
        && let Some(place) = place
    {
        log.format = Setting::written(None, place);
    }
}

fn setting(setting: &mut Setting<FormatDraft>, moment: Moment, tools: &mut Tools<'_>) {
    let place = setting.place();
    if let (Some(draft), Some(place)) = (setting.value_mut(), place)
        && !read(draft, moment, tools)
    {
        *setting = Setting::written(None, place);
    }
}

/// False when it is wrong, which has been reported.
fn read(draft: &mut FormatDraft, moment: Moment, tools: &mut Tools<'_>) -> bool {
    let format = tools.compiler.log_format(&draft.text, at(moment), &mut tools.report);
    draft.format = format.map(Arc::new);
    draft.format.is_some()
}

fn pages(section: &mut ProxyDraft, tools: &mut Tools<'_>) {
    for rule in std::mem::take(&mut section.rules.http_errors) {
        match page(&rule, tools) {
            Ok((status, content)) => section.settings.pages.push(PageDraft {
                status,
                key: format!("http-error status {status}"),
                place: rule.whole(),
                content,
            }),
            Err(wrong) => wrong.about("http-error").into_iter().for_each(|d| tools.report.add(d)),
        }
    }
}

fn page(rule: &Text, tools: &mut Tools<'_>) -> Read<(u16, PageContent)> {
    let words = rule.words().map_err(|fault| Wrong::of(fault, rule))?;
    let mut line = Line {
        set: RuleSet::Request,
        section: "",
        at: at(Moment::Request),
        words: words.iter(),
        slots: None,
        tools,
    };
    action::http_error(&mut line, rule)
}
