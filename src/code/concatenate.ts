import { cleanTaint, deepTaints, isFixed, joinTaints, startOf, type Taint, type Value } from './value.ts';

/** A beginning behind which neither the host nor the first folder of an address can be chosen any more. */
const ROOTED = /^(?:[a-z][\w+.-]*:\/\/[^/?#]+[/?#]|\/[^/\\]|[^:/?#]*[?#]|\.{1,2}\/|mailto:)/i;

/** How much of the beginning of a text is kept, in UTF-16 code units. */
const START_MAX = 200;

/** Stands for a part that nobody outside chose: a host of the settings. */
const OWN = 'https://own';

/** What the operator sets says where to, and is not chosen by a client. */
function isOwn({ origin }: Taint): boolean {
  return origin.kind === 'source' && origin.groups.every((group) => group === 'environment' || group === 'argument');
}

/** Texts one behind the other. What comes behind a beginning that says where an address leads cannot lead it elsewhere. */
export function concatenate(parts: readonly Value[]): Value {
  let taints: Value['taints'] = [];
  let prefix: string | undefined = '';
  let isRooted = false;
  let start = '';
  let isOpen = true;
  for (const part of parts) {
    const own = deepTaints(part);
    const carried = isRooted ? own.map((taint) => cleanTaint(taint, ['redirect', 'url'])) : own;
    taints = joinTaints(taints, carried);
    if (isOpen && start.length < START_MAX) start += startOf(part) ?? '';
    isOpen &&= part.constant !== undefined;
    if (isRooted) continue;
    const { constant } = part;
    if (part.isRooted === true) isRooted = true;
    else if (prefix !== undefined && constant !== undefined) prefix += String(constant.value);
    else if (prefix === '' && own.every(isOwn)) prefix = OWN;
    else prefix = undefined;
    if (prefix !== undefined && ROOTED.test(prefix)) isRooted = true;
  }
  return {
    taints,
    paths: [],
    isText: true,
    ...(isRooted ? { isRooted } : {}),
    ...(start === '' ? {} : { start: start.slice(0, START_MAX) }),
    ...(parts.every((part) => isFixed(part)) ? { isFixed: true } : {}),
  };
}
