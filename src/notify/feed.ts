import { excerpt } from '../base/index.ts';
import { xmlText } from './markup.ts';

const TITLE_MAX = 200;

export type FeedRun = {
  readonly id: number;
  readonly number: number;
  readonly attempt: number;
  readonly workflow: { readonly name: string };
  readonly name: string;
  readonly ref: string;
  readonly commit: string;
  readonly event: string;
  readonly state: string;
  readonly conclusion?: string;
  readonly actor: { readonly name?: string; readonly id: string };
  readonly createdAt: Date;
  readonly finishedAt?: Date;
};

/** Atom (RFC 4287) of the newest runs. Titles are plain text: readers that show markup find none. */
export function renderFeed(
  feed: { readonly owner: string; readonly name: string; readonly origin: string; readonly at: Date },
  runs: readonly FeedRun[],
): string {
  const { owner, name, origin } = feed;
  const place = `${origin}/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
  const updated = runs.map((run) => (run.finishedAt ?? run.createdAt).getTime()).reduce((a, b) => Math.max(a, b), 0);
  const entries = runs.map((run) => entryOf(run, place));
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    `<title type="text">${xmlText(`Runs of ${owner}/${name}`)}</title>`,
    `<id>${xmlText(`${place}/runs`)}</id>`,
    `<link rel="alternate" type="text/html" href="${xmlText(`${place}/runs`)}"/>`,
    `<updated>${(runs.length === 0 ? feed.at : new Date(updated)).toISOString()}</updated>`,
    ...entries,
    '</feed>\n',
  ].join('\n');
}

function entryOf(run: FeedRun, place: string): string {
  const state = run.conclusion ?? run.state;
  const ref = run.ref.replace(/^refs\/(?:heads|tags)\//, '');
  const title = excerpt(`${run.workflow.name} #${run.number} on ${ref}: ${state}`, TITLE_MAX);
  const link = `${place}/runs/${run.id}`;
  return [
    '<entry>',
    `<title type="text">${xmlText(title)}</title>`,
    `<id>${xmlText(`${link}#${run.attempt}`)}</id>`,
    `<link rel="alternate" type="text/html" href="${xmlText(link)}"/>`,
    `<updated>${(run.finishedAt ?? run.createdAt).toISOString()}</updated>`,
    `<author><name>${xmlText(run.actor.name ?? run.actor.id)}</name></author>`,
    `<summary type="text">${xmlText(excerpt(`${run.name} (${run.event}, ${run.commit.slice(0, 12)})`, TITLE_MAX))}</summary>`,
    '</entry>',
  ].join('\n');
}
