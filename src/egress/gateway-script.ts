/** Where things lie between a pod and its gateway. */
export const GATEWAY = {
  /** The gateway's own address: name server of the pod. */
  address: '198.18.0.1',
  podAddress: '198.18.0.2',
  address6: 'fd53:616c::1',
  podAddress6: 'fd53:616c::2',
  path: '/usr/sbin:/usr/bin:/sbin:/bin',
} as const;

/**
 * The helper: opens listeners in the namespace it was started in, hands them to its parent and ends. Plain script
 * text for `node -e`, since stripping types would triple its start-up time.
 */
export const HELPER = `
const want = JSON.parse(process.argv[1]);
const host = want.ipv6 ? '::' : '0.0.0.0';
const fail = (error) => { process.send({ failed: error.message }, () => process.exit(1)); };
const hand = (message, handle) => new Promise((resolve, reject) =>
  process.send(message, handle, {}, (error) => (error ? reject(error) : resolve())));
(async () => {
  const opened = [];
  for (const port of want.tcp) opened.push(new Promise((resolve, reject) => {
    const server = require('net').createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true, backlog: 128 }, () => resolve([{ tcp: port }, server]));
  }));
  if (want.udp) opened.push(new Promise((resolve, reject) => {
    const socket = require('dgram').createSocket(want.ipv6 ? 'udp6' : 'udp4');
    socket.once('error', reject);
    socket.bind({ port: 53, address: host, exclusive: true }, () => resolve([{ udp: 53 }, socket]));
  }));
  await Promise.all((await Promise.all(opened)).map(([message, handle]) => hand(message, handle)));
  process.send({ done: true }, () => {});
  process.once('disconnect', () => process.exit(0));
})().catch(fail);
`;

type Script = {
  /** Runs in the pod's namespace: `$1` the gateway's script, `$2` node, `$3` helper, `$4` its argument, `$5` `$6` batches. */
  readonly pod: string;
  readonly gateway: string;
  readonly gatewayBatch: string;
  readonly podBatch: string;
};

/**
 * The commands that join a pod to its gateway. Nothing in them comes from a job: only port numbers vary.
 *
 * In the gateway every address is local, so that an attempt to reach any address arrives at a listener, or is refused
 * and counted there. The pod's loopback stays its own, but for `loopbackPorts` of 127.0.0.1, which a routing rule
 * sends to the gateway; the kernel must be told on both ends that loopback addresses may travel there.
 */
export function gatewayScript(options: { readonly loopbackPorts: readonly number[]; readonly ipv6: boolean }): Script {
  const { address, podAddress, address6, podAddress6 } = GATEWAY;
  const gateway6 = [
    `addr add ${address6}/128 dev gw0 nodad`,
    `route add ${podAddress6}/128 dev gw0`,
    'route add local ::/0 dev lo table main',
  ];
  const pod6 = [
    `addr add ${podAddress6}/128 dev eth0 nodad`,
    `route add ${address6}/128 dev eth0`,
    `route add ::/0 via ${address6} dev eth0`,
  ];
  const rules = options.loopbackPorts.map(
    (port) => `rule add pref 1 to 127.0.0.1 ipproto tcp dport ${port} lookup 100`,
  );
  return {
    pod: `unshare --net -- /bin/sh -c "$1" sh $$ "$2" "$3" "$4" "$5" "$6" & exec 3<&- 4<&- 5<&-; wait $!`,
    gateway: `
pod=$1
no6=/proc/sys/net/ipv6/conf/all/disable_ipv6
"$2" --v8-pool-size=0 -e "$3" "$4" 4<&- &
helper=$!
exec 3<&- 5<&-
setting() { for pair in $1; do echo \${pair#*=} > /proc/sys/net/\${pair%%=*} || exit 3; done; }
[ -e $no6 ] && echo 0 > $no6
printf "$5" $pod | ip -batch - || exit 3
setting "${GATEWAY_SETTINGS.join(' ')}"
[ -e /proc/sys/net/ipv6/icmp/echo_ignore_all ] && echo 1 > /proc/sys/net/ipv6/icmp/echo_ignore_all
nsenter -t $pod -n -- /bin/sh -c '
[ -e $2 ] && echo 0 > $2
for pair in ${POD_SETTINGS.join(' ')}; do echo \${pair#*=} > /proc/sys/net/\${pair%%=*} || exit 3; done
printf "%s" "$1" | ip -batch - || exit 3' sh "$6" $no6 || exit 3
wait $helper || exit 4
echo up $pod $$
exec cat <&4 > /dev/null`,
    gatewayBatch: [
      'link set lo up',
      'link add gw0 type veth peer name eth0 netns %s',
      `addr add ${address}/32 dev gw0`,
      ...(options.ipv6 ? ['link set gw0 addrgenmode none'] : []),
      'link set gw0 up',
      `route add ${podAddress}/32 dev gw0`,
      'route add local 0.0.0.0/0 dev lo table main',
      ...(options.ipv6 ? gateway6 : []),
      '',
    ].join('\n'),
    podBatch: [
      'link set lo up',
      `addr add ${podAddress}/32 dev eth0`,
      ...(options.ipv6 ? ['link set eth0 addrgenmode none'] : []),
      'link set eth0 up',
      `route add default via ${address} dev eth0 onlink`,
      ...(options.ipv6 ? pod6 : []),
      'rule add pref 10 lookup local',
      'rule del pref 0',
      ...rules,
      `route add default via ${address} dev eth0 onlink table 100`,
      '',
    ].join('\n'),
  };
}

/** Settings are copied from the machine into new namespaces, so each that matters is set, not assumed. */
const GATEWAY_SETTINGS = [
  'ipv4/conf/all/rp_filter=0',
  'ipv4/conf/gw0/rp_filter=0',
  'ipv4/conf/all/arp_ignore=0',
  'ipv4/conf/gw0/arp_ignore=0',
  'ipv4/conf/gw0/route_localnet=1',
  // Every address is local here: without this a ping to anywhere would be answered.
  'ipv4/icmp_echo_ignore_all=1',
];

const POD_SETTINGS = [
  'ipv4/conf/all/rp_filter=0',
  'ipv4/conf/eth0/rp_filter=0',
  'ipv4/conf/eth0/route_localnet=1',
  'ipv4/conf/eth0/accept_local=1',
];
