import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { excerpt } from '../base/index.ts';
import { fault } from './faults.ts';

/** Characters of a host name and of one label, as DNS has them (RFC 1035, 2.3.4). */
export const HOST_CHARACTERS_MAX = 253;
export const LABEL_CHARACTERS_MAX = 63;

/** A host as it came from outside: a name in canonical form, an address literal, or neither. */
export type Host =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'invalid' };

/**
 * Reads a host that a job gave. Names come out in lower case without the final dot. Whatever some program could take
 * for an address (`0x7f.1`, `2130706433`, `1.2`) is an address; whatever two programs could read differently
 * (percent signs, white space, user information, bytes beyond ASCII) is invalid.
 */
export function readHost(text: string): Host {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const family = isIP(bare);
  if (family !== 0) return bare.includes('%') ? { kind: 'invalid' } : { kind: 'address', address: bare.toLowerCase() };
  if (text.length === 0 || text.length > HOST_CHARACTERS_MAX + 1) return { kind: 'invalid' };
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
  const labels = name.split('.');
  if (name.length > HOST_CHARACTERS_MAX || !labels.every(isLabel)) return { kind: 'invalid' };
  // The rule of the URL standard for "ends in a number": such a host is an IPv4 address to browsers and to inet_aton.
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) return { kind: 'address', address: name };
  return { kind: 'name', name };
}

/** Underscores are not of host names but of many that exist. A hyphen at an end would be an option to some tool. */
function isLabel(label: string): boolean {
  return label.length <= LABEL_CHARACTERS_MAX && /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/.test(label);
}

/** One entry of an allow list. `below`: matches names below the host, not the host itself. */
export type Rule = { readonly host: string; readonly below: boolean; readonly port: number };

/** Reads `host:port` or `*.host:port` as a person wrote it; names in other scripts become punycode. Fault: `egress/rule-invalid`. */
export function parseRule(text: string): Rule {
  const invalid = (why: string) => fault('rule-invalid', `${JSON.stringify(excerpt(text))}: ${why}`);
  const parts = /^(\*\.)?([^:*\s]+):(\d{1,5})$/.exec(text);
  if (!parts) throw invalid('not host:port or *.host:port');
  const [, star, written = '', digits = ''] = parts;
  const port = Number(digits);
  if (port < 1 || port > 65_535 || String(port) !== digits) throw invalid('the port must be from 1 to 65535');
  const { name, below } = parseHostPattern((star ?? '') + written, invalid);
  return { host: name, below, port };
}

/** Reads `host` or `*.host`. Fault: `egress/rule-invalid`. */
export function parseHostPattern(
  text: string,
  invalid = (why: string) => fault('rule-invalid', `${JSON.stringify(excerpt(text))}: ${why}`),
): { readonly name: string; readonly below: boolean } {
  const below = text.startsWith('*.');
  const written = below ? text.slice(2) : text;
  // Percent escapes would be decoded by the conversion, so that two spellings were one host.
  const ascii = /^[\x21-\x7e]*$/.test(written) ? written : written.includes('%') ? '' : domainToASCII(written);
  const host = readHost(ascii);
  if (host.kind === 'address') throw invalid('an address cannot be listed, only a name');
  if (host.kind === 'invalid') throw invalid('not a host name');
  if (below && !host.name.includes('.')) throw invalid('a wildcard needs at least two labels below it');
  return { name: host.name, below };
}

/** Which names and ports a job may reach. */
export type AllowList = {
  hasHost(name: string): boolean;
  has(name: string, port: number): boolean;
  /** Names that may resolve to private addresses. */
  mayBePrivate(name: string): boolean;
  readonly ports: readonly number[];
};

/** Compiles a policy. Fault: `egress/rule-invalid`. */
export function compileAllowList(policy: {
  readonly allow: readonly string[];
  readonly allowPrivate: readonly string[];
}): AllowList {
  const rules = policy.allow.map(parseRule);
  const exact = new Map<string, Set<number>>();
  const wild: Rule[] = [];
  for (const rule of rules) {
    if (rule.below) wild.push(rule);
    else exact.set(rule.host, (exact.get(rule.host) ?? new Set()).add(rule.port));
  }
  // An entry with a port means the same as one without: whether an address is private does not depend on the port.
  const internal = policy.allowPrivate.map((entry) => parseHostPattern(entry.replace(/:\d{1,5}$/, '')));
  const isBelow = (name: string, host: string) => name.endsWith(`.${host}`);
  return {
    hasHost: (name) => exact.has(name) || wild.some((rule) => isBelow(name, rule.host)),
    has: (name, port) =>
      exact.get(name)?.has(port) === true || wild.some((rule) => rule.port === port && isBelow(name, rule.host)),
    mayBePrivate: (name) => internal.some((entry) => (entry.below ? isBelow(name, entry.name) : name === entry.name)),
    ports: [...new Set(rules.map((rule) => rule.port))],
  };
}
