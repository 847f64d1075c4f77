/** Counters of the gateway's namespace that stand for packets which reached no listener. */
const UNSERVED = {
  tcpRefused: ['Tcp', 'OutRsts'],
  udpRefused: ['Udp', 'NoPorts'],
  // Other messages are answers of the pod's own kernel, to replies that came after their asker had gone.
  icmpEchos: ['Icmp', 'InEchos'],
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

/** Tables of /proc/net of the gateway's namespace, and one of the pod's. */
export type Tables = {
  readonly snmp: string;
  readonly netstat: string;
  readonly snmp6: string;
  readonly podSnmp: string;
};

/** Reads the counters of the namespaces that two processes are in. A namespace that is gone counts nothing more. */
export async function readUnserved(
  pids: { readonly gateway: number; readonly pod: number },
  read: (path: string) => Promise<string>,
): Promise<Unserved> {
  const table = (pid: number, name: string) => read(`/proc/${pid}/net/${name}`).catch(() => '');
  const [snmp, netstat, snmp6, podSnmp] = await Promise.all([
    table(pids.gateway, 'snmp'),
    table(pids.gateway, 'netstat'),
    table(pids.gateway, 'snmp6'),
    table(pids.pod, 'snmp'),
  ]);
  return countUnserved({ snmp, netstat, snmp6, podSnmp });
}

export function countUnserved(tables: Tables): Unserved {
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
  // A reset also answers what is still on its way to a closed connection; only a failed attempt is an unserved one.
  const failed = readPairs(tables.podSnmp).get('Tcp.AttemptFails') ?? 0;
  detail['tcpRefused'] = Math.min(failed, Math.max(0, (detail['tcpRefused'] ?? 0) - own));
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
