import { excerpt, unreachable } from '../base/index.ts';
import type { NotifyEvent } from './emit.ts';

const NAME_MAX = 120;

/**
 * A text that no part of can do more than be read: what Slack and those who take its messages give a meaning (links, mentions of a whole
 * channel, formats) is escaped or taken out of what others chose.
 */
export function chatSafe(text: string): string {
  return (
    excerpt(text.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' '), NAME_MAX)
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      // A zero-width space after it: `@channel`, `*bold*` and the like stay letters.
      .replaceAll(/[@*_~`|[\]]/g, '$&\u200b')
  );
}

/** One message in the JSON of Slack's incoming webhooks, which Mattermost and Matrix bridges take as well. */
export function chatText(event: NotifyEvent, origin: string): string {
  const { owner, name } = event.repository;
  const place = `${origin}/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
  const repository = chatSafe(`${owner}/${name}`);
  switch (event.type) {
    case 'run.completed': {
      const { run } = event;
      const what = `${chatSafe(run.workflow.name)} #${run.number} on ${chatSafe(shortRef(run.ref))}`;
      return `${repository}: ${what}: ${run.conclusion}\n<${place}/runs/${run.id}>`;
    }
    case 'push':
      return `${repository}: ${chatSafe(shortRef(event.change.ref))} is at ${event.change.after.slice(0, 10)}`;
    case 'findings.opened':
    case 'findings.fixed': {
      const verb = event.type === 'findings.opened' ? 'new' : 'fixed';
      const lines = event.findings
        .slice(0, 5)
        .map((one) => `• ${one.severity}: ${chatSafe(one.title)} in ${chatSafe(one.file)}:${one.line}`);
      return [`${repository}: ${event.count} ${verb} findings`, ...lines, `<${place}/findings>`].join('\n');
    }
    default:
      return unreachable(event);
  }
}

export const shortRef = (ref: string) => ref.replace(/^refs\/(?:heads|tags)\//, '');
