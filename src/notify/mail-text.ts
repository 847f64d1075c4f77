import { excerpt } from '../base/index.ts';
import { shortRef } from './chat.ts';
import type { NotifyEvent } from './emit.ts';

const SUBJECT_MAX = 150;
const LINE_MAX = 300;

/** Plain text: nothing that others chose can be more than read. */
export type MailMessage = { readonly subject: string; readonly text: string };
export type MailNote = { readonly note: MailMessage; readonly cause: 'run' | 'findings' };

/** One line: a line feed in a subject would begin a header. */
export function oneLine(text: string, charactersMax: number): string {
  const plain = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ');
  return excerpt(plain.toWellFormed().trim(), charactersMax);
}

/** What is worth a mail: that something broke that was whole, that it is whole again, and new findings that are urgent. Nothing else. */
export function mailFor(event: NotifyEvent, origin: string): MailNote | undefined {
  const { owner, name } = event.repository;
  const place = `${origin}/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
  const about = `[${owner}/${name}]`;
  if (event.type === 'run.completed') {
    const { run } = event;
    const hasBroken = run.conclusion === 'failure' && run.previous !== 'failure';
    const isMended = run.conclusion === 'success' && run.previous === 'failure';
    if (!hasBroken && !isMended) return undefined;
    const state = hasBroken ? 'failed' : 'succeeds again';
    const ref = shortRef(run.ref);
    return note('run', `${about} ${run.workflow.name} ${state} on ${ref}`, [
      `${run.workflow.name} #${run.number} ${state} on ${ref}.`,
      `Commit: ${run.commit.slice(0, 12)}, by ${run.actor.name}, event ${run.event}`,
      '',
      `${place}/runs/${run.id}`,
    ]);
  }
  if (event.type !== 'findings.opened') return undefined;
  const urgent = event.findings.filter(({ severity }) => severity === 'critical' || severity === 'high');
  if (urgent.length === 0) return undefined;
  return note('findings', `${about} ${urgent.length} new urgent findings`, [
    ...urgent.map((one) => `${one.severity}: ${one.title}, ${one.file}:${one.line}`),
    '',
    `${place}/findings`,
  ]);
}

function note(cause: MailNote['cause'], subject: string, lines: readonly string[]): MailNote {
  const text = [
    ...lines.map((line) => oneLine(line, LINE_MAX)),
    '',
    'You get this because of your notification settings.',
  ];
  return { cause, note: { subject: oneLine(subject, SUBJECT_MAX), text: `${text.join('\n')}\n` } };
}
