/**
 * Markup in what readers of feeds, badges and chats show: names of workflows and branches, titles of findings. Wanted: text and nothing
 * else. The control puts the same texts into the same formats as they are.
 */
import { parseXml, XmlElement, type XmlNode } from '@rgrove/parse-xml';
import { chatSafe } from '../../../src/notify/chat.ts';
import { renderBadge, renderFeed } from '../../../src/notify/index.ts';
import type { OutgoingAttack } from './outgoing.ts';

const HOSTILE = [
  '</text><script>alert(1)</script><text>',
  '"/><image href="https://evil.example/x" onload="alert(1)"/><g x="',
  '<foreignObject><iframe src="javascript:alert(1)"/></foreignObject>',
];
const ALLOWED = [
  'svg',
  'title',
  'clipPath',
  'rect',
  'g',
  'text',
  'feed',
  'id',
  'link',
  'updated',
  'entry',
  'author',
  'name',
  'summary',
];

/** Elements that are none of ours, and attributes that act. What is no XML at all counts, too: a lenient reader makes something of it. */
function strangers(text: string): readonly string[] {
  const found: string[] = [];
  const walk = (node: XmlNode) => {
    if (!(node instanceof XmlElement)) return;
    if (!ALLOWED.includes(node.name)) found.push(node.name);
    found.push(...Object.keys(node.attributes).filter((name) => /^on/i.test(name)));
    for (const child of node.children) walk(child);
  };
  const document = parseXml(text);
  for (const child of document.children) walk(child);
  return found;
}

const badges: readonly OutgoingAttack[] = HOSTILE.map((label, at) => ({
  id: `K13-badge-markup-${at + 1}`,
  title: 'the name of a workflow is markup in its badge',
  controls: ['K13'],
  async attempt() {
    // Cut short it may be no markup any more: the hostile part comes first.
    const product = strangers(renderBadge(label, 'success'));
    const [attribute, text] = at === 1 ? [label, ''] : ['x', label];
    const plain = `<svg xmlns="http://www.w3.org/2000/svg"><g aria-label="${attribute}"/><text>${text}</text></svg>`;
    return { refused: product.length === 0, succeeded: strangers(plain).length > 0, detail: product.join() };
  },
}));

const feeds: readonly OutgoingAttack[] = HOSTILE.slice(0, 1).map((text) => ({
  id: 'K13-feed-markup',
  title: 'the name of a branch is markup in the feed of runs',
  controls: ['K13'],
  async attempt() {
    const run = {
      id: 1,
      number: 1,
      attempt: 1,
      workflow: { name: text },
      name: text,
      ref: `refs/heads/${text}\u0000\u001b`,
      commit: 'a'.repeat(40),
      event: 'push',
      state: 'finished',
      actor: { id: '1', name: text },
      createdAt: new Date(0),
    };
    const feed = { owner: 'acme', name: 'web', origin: 'https://ci.example.org', at: new Date(0) };
    const product = strangers(renderFeed(feed, [run]));
    const plain = `<feed><entry><title><text>${text}</text></title></entry></feed>`;
    return { refused: product.length === 0, succeeded: strangers(plain).length > 0, detail: product.join() };
  },
}));

const chats: readonly OutgoingAttack[] = ['<!channel>', '<https://evil.example|the log>', '<@U1>'].map((text, at) => ({
  id: `K13-chat-mention-${at + 1}`,
  title: `a name that calls or links in a chat: ${text}`,
  controls: ['K13'],
  attempt: () => {
    // What Slack gives a meaning stands between plain angle brackets.
    const acts = (message: string) => /<[!@#h][^>]*>/.test(message);
    const verdict = { refused: !acts(chatSafe(text)), succeeded: acts(text), detail: chatSafe(text) };
    return Promise.resolve(verdict);
  },
}));

export const attacks: readonly OutgoingAttack[] = [...badges, ...feeds, ...chats];
