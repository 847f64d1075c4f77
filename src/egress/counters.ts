/** Counters of the gateway's namespace that stand for packets which reached no listener. */
const UNSERVED = {
  tcpRefused: ['Tcp', 'OutRsts'],
  udpRefused: ['Udp', 'NoPorts'],
  icmp: ['Icmp', 'InMsgs'],
  unknownProtocols: ['Ip', 'InUnknownProtos'],
  undeliverable: ['Ip', 'InAddrErrors'],
} as const;
const UNSERVED_6 = {
  udp6Refused: 'Udp6NoPorts',
  icmp6Echo: 'Icmp6InEchos',
  unknownProtocols6: 'Ip6InUnknownProtos',
} as const;
/** Resets that the gateway sends on purpose, for connections that a listener refused. They are recorded one by one. */
const OWN_RESETS = ['TCPAbortOnData', 'TCPAbortOnClose', 'TCPAbortOnLinger'];

export type Unserved = { readonly packets: number; readonly detail: { readonly [counter: string]: number } };

/** Reads the counters of the namespace that `pid` is in. A namespace that is gone counts nothing more. */
export async function readUnserved(pid: number, read: (path: string) => Promise<string>): Promise<Unserved> {
  const [snmp, netstat, snmp6] = await Promise.all(
    ['snmp', 'netstat', 'snmp6'].map((name) => read(`/proc/${pid}/net/${name}`).catch(() => '')),
  );
  return countUnserved({ snmp: snmp ?? '', netstat: netstat ?? '', snmp6: snmp6 ?? '' });
}

export function countUnserved(tables: { snmp: string; netstat: string; snmp6: string }): Unserved {
  const four = new Map([...readPairs(tables.snmp), ...readPairs(tables.netstat)]);
  const six = new Map(
    tables.snmp6.split('\n').map((line) => {
      const [name = '', value] = line.trim().split(/\s+/);
      return [name, Number(value) || 0] as const;
    }),
  );
  const detail: { [counter: string]: number } = {};
  for (const [name, [group, counter]] of Object.entries(UNSERVED)) detail[name] = four.get(`${group}.${counter}`) ?? 0;
  for (const [name, counter] of Object.entries(UNSERVED_6)) detail[name] = six.get(counter) ?? 0;
  const own = OWN_RESETS.reduce((sum, name) => sum + (four.get(`TcpExt.${name}`) ?? 0), 0);
  detail['tcpRefused'] = Math.max(0, (detail['tcpRefused'] ?? 0) - own);
  const packets = Object.values(detail).reduce((sum, value) => sum + value, 0);
  return { packets, detail };
}

/** The tables come as pairs of lines: `Tcp: Name Name` and `Tcp: 1 2`. */
function readPairs(text: string): Map<string, number> {
  const values = new Map<string, number>();
  const lines = text.split('\n');
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const names = (lines[at] ?? '').split(/\s+/);
    const numbers = (lines[at + 1] ?? '').split(/\s+/);
    const group = (names[0] ?? '').replace(':', '');
    for (let column = 1; column < names.length; column += 1) {
      values.set(`${group}.${names[column]}`, Number(numbers[column]) || 0);
    }
  }
  return values;
}
