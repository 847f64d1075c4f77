import { expect, test } from 'vitest';
import { findInode, shortCommand } from './attribute.ts';
import { countUnserved } from './counters.ts';

test('what no listener took is counted, without the resets that the gateway sent on purpose', () => {
  const counted = countUnserved({
    snmp: 'Ip: InAddrErrors InUnknownProtos\nIp: 1 2\nIcmp: InEchos\nIcmp: 3\nTcp: OutRsts\nTcp: 9\nUdp: NoPorts\nUdp: 4\n',
    netstat: 'TcpExt: TCPAbortOnData TCPAbortOnClose TCPAbortOnLinger\nTcpExt: 2 1 1\n',
    snmp6: 'Udp6NoPorts    \t5\nIcmp6InEchos 0\n',
    podSnmp: 'Tcp: AttemptFails\nTcp: 7\n',
  });

  expect(counted.detail).toMatchObject({
    tcpRefused: 5,
    udpRefused: 4,
    icmpEchos: 3,
    udp6Refused: 5,
    unknownProtocols: 2,
  });
  expect(counted.packets).toBe(20);
});

test('a namespace that is gone counts nothing', () => {
  expect(countUnserved({ snmp: '', netstat: '', snmp6: '', podSnmp: '' }).packets).toBe(0);
});

test.each([
  ['198.18.0.2', 0x8ae0, '101'],
  ['::ffff:198.18.0.2', 0x8ae0, '101'],
  ['198.18.0.2', 0x1000, '103'],
  ['198.18.0.2', 0x2222, undefined],
  ['fd53:616c::2', 0x0050, '104'],
])('the socket of %s port %d is found in the table', (address, port, inode) => {
  const rest = '00000000:00000000 00:00000000 00000000  1000        0';
  const table = [
    '  sl  local_address rem_address   st',
    `   0: 020012C6:8AE0 00000102:01BB 01 ${rest} 101 1`,
    `   1: 0100007F:8AE0 00000102:01BB 01 ${rest} 102 1`,
    `   2: 00000000:1000 00000000:0000 07 ${rest} 103 1`,
    `   3: 6C6153FD000000000000000002000000:0050 0:0 01 ${rest} 104 1`,
  ];

  expect(findInode(table.join('\n'), { address, port })).toBe(inode);
});

test.each([
  ['/usr/bin/curl\0-H\0Authorization: token\0https://a.example\0', 'curl'],
  ['node\0/opt/npm/bin/npm-cli.js\0install\0', 'node /opt/npm/bin/npm-cli.js'],
  ['npm install left-pad\0\0\0', 'npm'],
  ['a\u001b[2J\0', 'a?[2J'],
  ['', undefined],
])('of the command line %j only the program is told', (line, command) => {
  expect(shortCommand(line)).toBe(command);
});
