import { BlockList, isIP, isIPv6 } from 'node:net';

/**
 * What an address is to a machine that dials for somebody it does not trust. `never`: no setting opens it (metadata
 * services, link-local, multicast, unspecified and reserved ranges). `private` and `loopback`: only by the operator.
 */
export type AddressClass = 'public' | 'private' | 'loopback' | 'never';

type Range = readonly [address: string, bits: number];

/** From the IANA special-purpose registries, and the metadata addresses of the large clouds. */
const NEVER_4: readonly Range[] = [
  ['0.0.0.0', 8],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const PRIVATE_4: readonly Range[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
];
const NEVER_6: readonly Range[] = [
  ['::', 128],
  // Local-use NAT64 and discard-only; Teredo, ORCHID and 6to4 carry IPv4 addresses to places we cannot see.
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2002::', 16],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];
const PRIVATE_6: readonly Range[] = [['fc00::', 7]];

const never = listOf(NEVER_4, NEVER_6);
const internal = listOf(PRIVATE_4, PRIVATE_6);
const loopback = listOf([['127.0.0.0', 8]], [['::1', 128]]);

/** Classes an address in text form; what is no address is `never`. */
export function classifyAddress(text: string): AddressClass {
  const family = isIP(text);
  if (family === 0 || text.includes('%')) return 'never';
  if (family === 6) {
    const inner = embeddedIpv4(text);
    if (inner !== undefined) return classifyAddress(inner);
  }
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  if (never.check(text, kind)) return 'never';
  if (loopback.check(text, kind)) return 'loopback';
  return internal.check(text, kind) ? 'private' : 'public';
}

/** The IPv4 address inside a mapped, compatible or NAT64 address. `::1` and `::` are themselves. */
function embeddedIpv4(text: string): string | undefined {
  const groups = expandIpv6(text);
  if (groups === undefined) return undefined;
  const head = groups.slice(0, 6).join(':');
  const [high = 0, low = 0] = groups.slice(6);
  const isCompatible = head === '0:0:0:0:0:0' && (high !== 0 || low > 1);
  // 0:0:0:0:ffff:0 is the "translated" form of RFC 2765; 100:65435 is 64:ff9b in decimal.
  const isMapped = head === '0:0:0:0:0:65535' || head === '0:0:0:0:65535:0' || head === '100:65435:0:0:0:0';
  if (!isCompatible && !isMapped) return undefined;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups of an IPv6 address, or nothing when it is none. */
export function expandIpv6(text: string): number[] | undefined {
  if (!isIPv6(text)) return undefined;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const [, prefix = '', a, b, c, d] = dotted ?? [];
  const pair = (x?: string, y?: string) => (Number(x) * 256 + Number(y)).toString(16);
  const plain = dotted ? `${prefix}${pair(a, b)}:${pair(c, d)}` : text;
  const [left = '', right] = plain.split('::');
  const read = (side: string) => (side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16)));
  const head = read(left);
  if (right === undefined) return head;
  const tail = read(right);
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

/** One spelling for each address, so that addresses of interfaces can be compared. */
export function canonicalAddress(text: string): string {
  const groups = expandIpv6(text.replace(/%.*$/, ''));
  if (groups === undefined) return text;
  return embeddedIpv4(text) ?? groups.map((group) => group.toString(16)).join(':');
}

function listOf(four: readonly Range[], six: readonly Range[]): BlockList {
  const list = new BlockList();
  for (const [address, bits] of four) list.addSubnet(address, bits, 'ipv4');
  for (const [address, bits] of six) list.addSubnet(address, bits, 'ipv6');
  return list;
}
