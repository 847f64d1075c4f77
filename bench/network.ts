import { connect as netConnect, createServer } from 'node:net';
import { silentLog, systemClock } from '../src/base/index.ts';
import { type NetworkDeps, openNetwork, prepareNetwork } from '../src/egress/index.ts';
import { type Figure, median } from './measure.ts';
import { holdNamespace, openBarePod, runHost } from '../test/attack/bare-pod.ts';

const ROUNDS = 11;
const TRANSFER_BYTES = 64 * 1024 * 1024;
const TRANSFERS = 7;
const HOST = 'bench.example';

/** Opening and throughput of a pod's network, in turn with Node's own start: the floor of a cold opening. */
export async function benchNetwork(): Promise<Figure[]> {
  const cold: number[] = [];
  const warm: number[] = [];
  const start: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    cold.push(await openOnce({ isPrepared: false }));
    warm.push(await openOnce({ isPrepared: true }));
    const began = performance.now();
    await runHost([process.execPath, '-e', '0']);
    start.push(performance.now() - began);
  }
  const { direct, transparent } = await measureThroughput();
  return [
    { name: "opening a pod's network, cold", value: median(cold), unit: 'ms', judged: false },
    { name: "opening a pod's network, prepared", value: median(warm), unit: 'ms', judged: false },
    { name: 'node -e 0', value: median(start), unit: 'ms', judged: false },
    { name: 'download over loopback, direct', value: direct, unit: 'MB/s', judged: false },
    { name: 'the same through the transparent way out', value: transparent, unit: 'MB/s', judged: false },
  ];
}

async function openOnce(options: { readonly isPrepared: boolean }): Promise<number> {
  const { holder, enter } = await holdNamespace();
  const deps: NetworkDeps = { clock: systemClock, log: silentLog, nodePath: process.execPath };
  const prepared = options.isPrepared ? await prepareNetwork({ enter, servedPorts: [47_000] }, deps) : undefined;
  const began = performance.now();
  const network = await openNetwork(
    {
      enter,
      policy: { allow: ['registry.npmjs.org:443'], allowPrivate: [] },
      served: [{ port: 47_000, onConnection: (socket) => socket.destroy() }],
      onRecord: () => {},
      currentStep: () => undefined,
      ...(prepared === undefined ? {} : { prepared }),
    },
    deps,
  );
  const took = performance.now() - began;
  await network.close();
  holder.stdin?.end();
  return took;
}

/** Downloads of a fixed size by the same client, in turn: bare on the host, and inside. */
async function measureThroughput(): Promise<{ direct: number; transparent: number }> {
  const chunk = Buffer.alloc(1024 * 1024, 1);
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    let left = TRANSFER_BYTES;
    const more = () => {
      while (left > 0) {
        left -= chunk.length;
        if (!socket.write(chunk)) return;
      }
      socket.end();
    };
    socket.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const pod = await openBarePod({
    allow: [`${HOST}:8443`],
    resolve: () => Promise.resolve(['203.0.113.10']),
    connect: () => netConnect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true }),
  });
  const client = (host: string, to: number) => [
    process.execPath,
    '-e',
    `const t = performance.now(); let n = 0; require('net').connect(${to}, '${host}')
.on('data', (d) => { n += d.length; }).on('end', () => console.log(n / 1e6 / ((performance.now() - t) / 1000)));`,
  ];
  try {
    const direct: number[] = [];
    const transparent: number[] = [];
    for (let round = 0; round < TRANSFERS; round += 1) {
      direct.push(Number((await runHost(client('127.0.0.1', port))).output));
      transparent.push(Number((await pod.run(client(HOST, 8443))).output));
    }
    return { direct: median(direct), transparent: median(transparent) };
  } finally {
    await pod.close();
    server.close();
  }
}
